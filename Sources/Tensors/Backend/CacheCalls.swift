/// Writes keys or values of single tokens into a cache: `output[row n, column n] = source[n]`.
///
/// - Shapes: source `[N, W]`, output `[B, C, W]`, places as `CachePlaces.tensor`.
package struct WriteCacheCall {
    package let source: Tensor
    package let places: CachePlaces
    package let output: Tensor

    /// States a call.
    package init(source: Tensor, places: CachePlaces, output: Tensor) {
        self.source = source
        self.places = places
        self.output = output
    }
}

/// What attention of single tokens needs of its operands: queries turned by position, and keys, turned too, and values
/// written into a cache.
///
/// - Shapes: q and output `[N, Hq, d]`, k and v `[N, Hkv, d]`, positions int32 `[N]`, keys and values `[B, C, Hkv, d]`,
///   places as `CachePlaces.tensor`.
/// Bits are those of two `RotaryCall`s and two `WriteCacheCall`s.
package struct RotaryCacheCall {
    package let q: Tensor
    package let k: Tensor
    package let v: Tensor
    package let positions: Tensor
    package let theta: Float
    package let places: CachePlaces
    package let output: Tensor
    package let keys: Tensor
    package let values: Tensor

    /// States a call.
    package init(
        q: Tensor, k: Tensor, v: Tensor, positions: Tensor, theta: Float, places: CachePlaces, output: Tensor,
        keys: Tensor, values: Tensor
    ) {
        (self.q, self.k, self.v, self.positions, self.theta) = (q, k, v, positions, theta)
        (self.places, self.output, self.keys, self.values) = (places, output, keys, values)
    }
}

/// `AttentionCall` for single tokens of several answers, each over its own row of a cache.
///
/// Token `n` sees the columns from the first of its row to its own, and where a window is set, the last `window` of them.
/// - Shapes: q and output `[N, Hq, d]`, k and v `[B, C, Hkv, d]`, places as `CachePlaces.tensor`.
/// Bits are those of `AttentionCall` for the same query and keys.
package struct CachedAttentionCall {
    package let q: Tensor
    package let k: Tensor
    package let v: Tensor
    package let places: CachePlaces
    package let window: Int?
    package let scale: Float
    package let softCap: Float?
    package let output: Tensor

    /// States a call.
    package init(
        q: Tensor, k: Tensor, v: Tensor, places: CachePlaces, window: Int?, scale: Float, softCap: Float?,
        output: Tensor
    ) {
        (self.q, self.k, self.v, self.places) = (q, k, v, places)
        (self.window, self.scale, self.softCap, self.output) = (window, scale, softCap, output)
    }
}

/// Where tokens of several answers stand in a cache: on the host and on the device, so that a device need not wait.
package struct CachePlaces {
    /// One token's place.
    package struct Place: Sendable, Equatable {
        /// The row of the cache that holds the answer.
        package var row: Int
        /// The first column of that row that holds a token.
        package var first: Int
        /// The token's own column.
        package var column: Int

        /// States a place.
        package init(row: Int, first: Int, column: Int) {
            (self.row, self.first, self.column) = (row, first, column)
        }
    }

    /// The place of each token; tokens of one answer stand together, in order.
    package let places: [Place]
    /// The same, int32 `[N, 3]`: row, first column, own column.
    package let tensor: Tensor

    /// Checks places against a cache of `batch` rows and `capacity` columns, and copies them to the device.
    ///
    /// - Throws: `TensorError.index` for a place outside the cache.
    package init(_ places: [Place], batch: Int, capacity: Int, on backend: any Backend) throws(TensorError) {
        let room = try Tensor(uninitialized: [places.count, 3], .int32, on: backend)
        try self.init(places, batch: batch, capacity: capacity, tensor: room)
        try room.write(Self.elements(of: places))
    }

    /// Checks places whose elements stand, or will stand, in `tensor`, int32 `[N, 3]`.
    ///
    /// - Throws: `TensorError.index` for a place outside the cache, `.shapeMismatch` if `tensor` has other rows.
    package init(_ places: [Place], batch: Int, capacity: Int, tensor: Tensor) throws(TensorError) {
        guard tensor.shape == [places.count, 3] else {
            throw .shapeMismatch(operation: "cache places", tensor.shape, [places.count, 3])
        }
        for place in places {
            guard (0..<batch).contains(place.row) else {
                throw .index(operation: "cache row", found: place.row, limit: batch)
            }
            guard (0..<capacity).contains(place.column), (0...place.column).contains(place.first) else {
                throw .index(operation: "cache column", found: place.column, limit: capacity)
            }
        }
        (self.places, self.tensor) = (places, tensor)
    }

    /// The elements of `tensor`.
    package static func elements(of places: [Place]) -> [Int32] {
        places.flatMap { [Int32($0.row), Int32($0.first), Int32($0.column)] }
    }

    /// Tokens that follow one another in one row, as ranges of `places`.
    package var runs: [Range<Int>] {
        var runs: [Range<Int>] = []
        for (n, place) in places.enumerated() {
            if let last = runs.last, let before = places[..<n].last, before.row == place.row,
                before.first == place.first, before.column + 1 == place.column
            {
                runs[runs.count - 1] = last.lowerBound..<n + 1
            } else {
                runs.append(n..<n + 1)
            }
        }
        return runs
    }
}

extension Backend {
    /// For devices without a kernel of their own: a copy for each run of tokens.
    package func writeCache(_ call: WriteCacheCall) throws(TensorError) {
        for run in call.places.runs {
            let place = call.places.places[run.lowerBound]
            let source = call.source.part(run)
            try writeColumns(
                WriteColumnsCall(
                    source: source.viewed(as: [1] + source.shape), column: place.column,
                    output: call.output.part(place.row..<place.row + 1)))
        }
    }

    /// For devices without a kernel of their own: turned, then written.
    package func rotary(_ call: RotaryCacheCall) throws(TensorError) {
        let turned = try Tensor(uninitialized: call.k.shape, call.k.elementType, on: self)
        for (input, output) in [(call.q, call.output), (call.k, turned)] {
            try rotary(
                RotaryCall(
                    input: input, positions: call.positions, theta: call.theta, inverse: false, output: output))
        }
        for (source, cache) in [(turned, call.keys), (call.v, call.values)] {
            let width = source.shape[1] * source.shape[2]
            try writeCache(
                WriteCacheCall(
                    source: source.viewed(as: [source.shape[0], width]), places: call.places,
                    output: cache.viewed(as: [cache.shape[0], cache.shape[1], width])))
        }
    }

    /// For devices without a kernel of their own: attention for each run of tokens.
    package func attention(_ call: CachedAttentionCall) throws(TensorError) {
        for run in call.places.runs {
            let (place, last) = (call.places.places[run.lowerBound], call.places.places[run.upperBound - 1])
            let row = place.row..<place.row + 1
            let (q, output) = (call.q.part(run), call.output.part(run))
            try attention(
                AttentionCall(
                    q: q.viewed(as: [1] + q.shape), k: call.k.part(row), v: call.v.part(row),
                    mask: AttentionMask(
                        keys: [place.first..<last.column + 1], prefixEnd: [0], queryOffset: place.column,
                        window: call.window),
                    scale: call.scale, softCap: call.softCap, output: output.viewed(as: [1] + output.shape)))
        }
    }
}
