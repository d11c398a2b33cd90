extension Tensor {
    /// The queries `self` turned by their position; writes keys, turned too, and values into a cache.
    ///
    /// For inference alone: nothing is recorded.
    /// - Parameters:
    ///   - keys, values: `[N, Hkv, d]`.
    ///   - positions: int32 `[N]`.
    ///   - theta: the base of the wavelengths.
    ///   - cache: keys and values, `[B, C, Hkv, d]`.
    ///   - places: where the tokens stand in it.
    /// - Returns: `[N, Hq, d]`.
    /// - Throws: `TensorError.shapeMismatch` if tokens, heads or `d` do not fit.
    package func rotated(
        keys: Tensor, values: Tensor, positions: Tensor, theta: Float, into cache: (keys: Tensor, values: Tensor),
        at places: CachePlaces
    ) throws(TensorError) -> Tensor {
        guard shape.count == 3, keys.shape.count == 3, keys.shape == values.shape, shape[0] == places.places.count,
            keys.shape[0] == shape[0], positions.count == shape[0], keys.columns == columns, columns % 2 == 0,
            cache.keys.shape == cache.values.shape, Array(cache.keys.shape.dropFirst(2)) == [keys.shape[1], columns],
            !requiresGradient
        else { throw .shapeMismatch(operation: "rotary embedding into a cache", shape, keys.shape) }
        let output = try Tensor(uninitialized: shape, elementType, on: backend)
        try backend.rotary(
            RotaryCacheCall(
                q: self, k: keys, v: values, positions: positions, theta: theta, places: places, output: output,
                keys: cache.keys, values: cache.values))
        return output
    }

    /// Attention of single tokens, each over its own row of a cache that already holds their keys and values.
    ///
    /// For inference alone: nothing is recorded.
    /// - Parameters:
    ///   - keys, values: the cache, `[B, C, Hkv, d]`.
    ///   - places: where the tokens stand.
    ///   - window: how far back a token sees, or nil for all the way.
    ///   - scale: multiplies the scores before the cap.
    ///   - softCap: bounds the scores.
    /// - Returns: `[N, Hq, d]`.
    /// - Throws: `TensorError.shapeMismatch` if tokens, heads or `d` do not fit.
    package func attention(
        cachedKeys keys: Tensor, values: Tensor, places: CachePlaces, window: Int?, scale: Float, softCap: Float?
    ) throws(TensorError) -> Tensor {
        guard shape.count == 3, keys.shape.count == 4, keys.shape == values.shape, shape[0] == places.places.count,
            shape[2] == keys.shape[3], keys.shape[2] > 0, shape[1] % keys.shape[2] == 0, !requiresGradient
        else { throw .shapeMismatch(operation: "cached attention", shape, keys.shape) }
        let output = try Tensor(uninitialized: shape, elementType, on: backend, label: "attention output")
        try backend.attention(
            CachedAttentionCall(
                q: self, k: keys, v: values, places: places, window: window, scale: scale, softCap: softCap,
                output: output))
        return output
    }
}
