extension Tensor {
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
