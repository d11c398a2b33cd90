import CCUDAKernels
import Glibc
import Tensors

/// What decides the wavelengths of rotary positions.
struct RotaryKey: Hashable {
    let theta: Float
    let headSize: Int
}

/// Rotary positions and attention.
extension CUDABackend {
    package func rotary(_ call: RotaryCall) throws(TensorError) { try rotary([call]) }

    package func rotary(_ calls: [RotaryCall]) throws(TensorError) {
        var rest = calls[...]
        while let call = rest.popFirst() {
            let other = rest.first.flatMap { hasAngles($0, of: call) ? rest.popFirst() : nil }
            try rotary(call, with: other)
        }
    }

    /// Whether sines of one call are those of the other.
    private func hasAngles(_ call: RotaryCall, of other: RotaryCall) -> Bool {
        source(call.positions) == source(other.positions) && call.positions.count == other.positions.count
            && call.theta == other.theta && call.inverse == other.inverse
            && call.input.elementType == other.input.elementType && call.input.columns == other.input.columns
    }

    private func rotary(_ call: RotaryCall, with other: RotaryCall?) throws(TensorError) {
        let (rows, heads, size) = (call.input.shape[0], call.input.shape[1], call.input.shape[2])
        let otherHeads = other?.input.shape[1] ?? 0
        try require(call.positions, .int32, "rotary")
        for tensor in [call.output, other?.output] { try requireSameType(tensor, as: call.input, "rotary") }
        try requireHeadSize(size, "rotary")
        var arguments = ccudakernels_rotary_arguments()
        (arguments.input, arguments.output) = (source(call.input), target(call.output))
        (arguments.other_input, arguments.other_output) = (source(other?.input), target(other?.output))
        arguments.positions = source(call.positions)
        (arguments.rows, arguments.heads, arguments.other_heads) = (Int64(rows), Int32(heads), Int32(otherHeads))
        (arguments.head_size, arguments.inverse) = (Int32(size), call.inverse ? 1 : 0)
        let frequencies = wavelengths(theta: call.theta, headSize: size)
        withUnsafeMutableBytes(of: &arguments.frequencies) { bytes in
            frequencies.withUnsafeBytes { bytes.copyMemory(from: $0) }
        }
        // Blocks as small as the work of a row: sines are waited for, and more rows hide it.
        let columns = (heads + otherHeads) * size
        let block = min(256, max(columns / 16, size / 2, 32) + 31) / 32 * 32
        try launch("rotary" + suffix(call.input, "rotary"), rows: rows, columns: columns, block: block, arguments)
    }

    package func rotary(_ call: RotaryCacheCall) throws(TensorError) {
        let (rows, heads, size) = (call.q.shape[0], call.q.shape[1], call.q.shape[2])
        let name = "rotary"
        try require(call.positions, .int32, name)
        for operand in [call.k, call.v, call.output, call.keys, call.values] {
            try requireSameType(operand, as: call.q, name)
        }
        try requireHeadSize(size, name)
        var arguments = ccudakernels_rotary_cache_arguments()
        (arguments.q, arguments.k, arguments.v) = (source(call.q), source(call.k), source(call.v))
        (arguments.output, arguments.keys, arguments.values) = (
            target(call.output), target(call.keys), target(call.values)
        )
        (arguments.positions, arguments.places) = (source(call.positions), source(call.places.tensor))
        (arguments.rows, arguments.capacity) = (Int64(rows), Int64(call.keys.shape[1]))
        (arguments.heads, arguments.key_heads) = (Int32(heads), Int32(call.k.shape[1]))
        arguments.head_size = Int32(size)
        let frequencies = wavelengths(theta: call.theta, headSize: size)
        withUnsafeMutableBytes(of: &arguments.frequencies) { bytes in
            frequencies.withUnsafeBytes { bytes.copyMemory(from: $0) }
        }
        try kernels.launch("rotary_cache" + suffix(call.q, name), grid: (rows, 1, 1), block: 256, arguments)
    }

    package func attention(_ call: AttentionCall) throws(TensorError) {
        let name = "attention"
        guard call.output.count > 0 else { return }
        try check(call, name)
        let type = try suffix(call.q, name)
        let shape = AttentionShape(call)
        for examples in shape.launches {
            var arguments = ccudakernels_attention_arguments()
            arguments.shape = try kernelShape(call, examples)
            let shared = ccudakernels_attention_shared(Int32(shape.headSize), 0)
            if !isTiled(call.q, shared: shared) || !Self.isRising(call.scale, call.softCap) {
                let shared = Int(ccudakernels_plain_shared(Int32(shape.headSize)))
                let grid = shape.grid(rowsOfBlock: CCUDAKERNELS_PLAIN_ROWS, examples)
                try kernels.launch("attention_plain" + type, grid: grid, block: 256, shared: shared, arguments)
            } else if shape.rows <= Int(CCUDAKERNELS_DECODE_ROWS) {
                let tile = Int(CCUDAKERNELS_KEY_TILE)
                let longest = examples.map { call.mask.keys[$0].count }.max() ?? 0
                try decode(parts: max(1, (longest + tile - 1) / tile), type, &arguments)
            } else {
                try whole(type, rows: shape.rows, &arguments)
            }
        }
    }

    package func attention(_ call: CachedAttentionCall) throws(TensorError) {
        let name = "cached attention"
        guard call.output.count > 0 else { return }
        for operand in [call.k, call.v, call.output] { try requireSameType(operand, as: call.q, name) }
        try requireHeadSize(call.q.shape[2], name)
        let (tokens, heads, size) = (call.q.shape[0], call.q.shape[1], call.q.shape[2])
        let (capacity, keyHeads) = (call.k.shape[1], call.k.shape[2])
        let rows = heads / keyHeads
        var arguments = ccudakernels_attention_arguments()
        (arguments.shape.q, arguments.shape.output) = (source(call.q), target(call.output))
        (arguments.shape.k, arguments.shape.v) = (source(call.k), source(call.v))
        arguments.shape.places = source(call.places.tensor)
        (arguments.shape.batch, arguments.shape.queries) = (Int32(tokens), 1)
        (arguments.shape.capacity, arguments.shape.heads) = (Int32(capacity), Int32(heads))
        (arguments.shape.key_heads, arguments.shape.head_size) = (Int32(keyHeads), Int32(size))
        arguments.shape.window = Int32(clamping: call.window ?? 0)
        (arguments.shape.scale, arguments.shape.soft_cap) = (call.scale, call.softCap ?? 0)
        let type = try suffix(call.q, name)
        func blocks(_ rowsOfBlock: Int32) -> Int { (rows + Int(rowsOfBlock) - 1) / Int(rowsOfBlock) }
        if !isTiled(call.q, shared: ccudakernels_attention_shared(Int32(size), 0))
            || !Self.isRising(call.scale, call.softCap)
        {
            try kernels.launch(
                "attention_plain" + type, grid: (blocks(CCUDAKERNELS_PLAIN_ROWS), keyHeads, tokens), block: 256,
                shared: Int(ccudakernels_plain_shared(Int32(size))), arguments)
        } else if rows <= Int(CCUDAKERNELS_DECODE_ROWS) {
            // As many parts as the cache has tiles, wherever the tokens stand: so the launch is the same at each step.
            try decode(
                parts: (capacity + Int(CCUDAKERNELS_KEY_TILE) - 1) / Int(CCUDAKERNELS_KEY_TILE), type, &arguments)
        } else {
            try whole(type, rows: rows, &arguments)
        }
    }

    package func attentionBackward(_ call: AttentionBackwardCall) throws(TensorError) {
        let name = "attention backward"
        guard call.outputGradient.count > 0 || call.kGradient.count > 0 else { return }
        try check(call.forward, name)
        for operand in [call.outputGradient, call.qGradient, call.kGradient, call.vGradient] {
            try requireSameType(operand, as: call.forward.q, name)
        }
        guard call.forward.logSumExp != nil else {
            throw .argument(operation: name, reason: "the forward kept no logSumExp; ask for it")
        }
        let shape = AttentionShape(call.forward)
        let type = try suffix(call.forward.q, name)
        let deltas = try scratch(4 * shape.largestLaunch * shape.heads * shape.queries, name)
        let isTiled = isTiled(
            call.forward.q, shared: ccudakernels_attention_backward_shared(Int32(shape.headSize), 0))
        let first = try backwardArguments(call, shape, 0..<min(1, shape.batch), deltas)
        let takesWarpgroups = isTiled && takesWarpgroups(first)
        let parts = isTiled && !takesWarpgroups ? shape.partsOfRows : 1
        let room = parts > 1 ? 4 * parts * shape.keyCount(examples: shape.largestLaunch(parts: parts)) : 0
        let (keys, values) = (try scratch(room, name), try scratch(room, name))
        for examples in shape.launches(parts: parts) {
            var arguments = try backwardArguments(call, shape, examples, deltas)
            (arguments.partial_keys, arguments.partial_values) = (keys.address, values.address)
            arguments.parts = Int32(parts)
            try kernels.launch(
                "attention_delta" + type, grid: shape.grid(rowsOfBlock: 8, examples), block: 256, arguments)
            if takesWarpgroups {
                try warpgroupGradients(type, shape, examples, arguments)
            } else if isTiled {
                try tiledGradients(type, shape, examples, arguments)
            } else {
                try plainGradients(type, shape, examples, arguments)
            }
        }
    }

    private func warpgroupGradients(
        _ type: String, _ shape: AttentionShape, _ examples: Range<Int>,
        _ arguments: ccudakernels_attention_backward_arguments
    ) throws(TensorError) {
        let size = Int32(shape.headSize)
        var grid = shape.grid(rowsOfBlock: CCUDAKERNELS_WARPGROUPS_ROWS, examples)
        grid.0 += shape.keyTiles(CCUDAKERNELS_KEY_TILE)
        try kernels.launch(
            "attention_gradients_warpgroups" + type + "_\(size)", grid: grid,
            block: Int(CCUDAKERNELS_WARPGROUPS_THREADS), shared: Int(ccudakernels_warpgroups_backward_shared(size)),
            arguments)
    }

    private func tiledGradients(
        _ type: String, _ shape: AttentionShape, _ examples: Range<Int>,
        _ given: ccudakernels_attention_backward_arguments
    ) throws(TensorError) {
        var arguments = given
        let (parts, size) = (Int(arguments.parts), Int32(shape.headSize))
        let roomy = ccudakernels_attention_backward_shared(size, 1)
        arguments.has_room = Int(roomy) <= context.device.sharedMemoryByteCount ? 1 : 0
        var grid = shape.grid(rowsOfBlock: CCUDAKERNELS_QUERY_TILE, examples)
        grid.0 += shape.keyTiles(CCUDAKERNELS_KEY_TILE) * parts
        try kernels.launch(
            "attention_gradients" + type + "_\(size)", grid: grid, block: Int(ccudakernels_attention_threads(size)),
            shared: Int(ccudakernels_attention_backward_shared(size, arguments.has_room)), arguments)
        guard parts > 1 else { return }
        let blocks = min((shape.keyCount(examples: examples.count) + 2047) / 2048, 65535)
        try kernels.launch("attention_join_gradients" + type, grid: (blocks, 2, 1), block: 256, arguments)
    }

    private func plainGradients(
        _ type: String, _ shape: AttentionShape, _ examples: Range<Int>,
        _ arguments: ccudakernels_attention_backward_arguments
    ) throws(TensorError) {
        let shared = Int(ccudakernels_plain_backward_shared(Int32(shape.headSize)))
        let tiles = shape.keyTiles(CCUDAKERNELS_PLAIN_ROWS)
        try kernels.launch(
            "attention_plain_key_gradient" + type, grid: (tiles, shape.keyHeads, examples.count), block: 256,
            shared: shared, arguments)
        try kernels.launch(
            "attention_plain_query_gradient" + type,
            grid: shape.grid(rowsOfBlock: CCUDAKERNELS_PLAIN_ROWS, examples), block: 256, shared: shared, arguments)
    }
}

/// The sizes of a call of attention.
private struct AttentionShape {
    let batch, queries, capacity, heads, keyHeads, headSize: Int

    init(_ call: AttentionCall) {
        (batch, queries, heads) = (call.q.shape[0], call.q.shape[1], call.q.shape[2])
        (capacity, keyHeads, headSize) = (call.k.shape[1], call.k.shape[2], call.q.shape[3])
    }

    /// Rows for one head of keys: positions of each of its query heads.
    var rows: Int { queries * (heads / max(keyHeads, 1)) }

    /// The most examples of one launch.
    var largestLaunch: Int { min(batch, Int(CCUDAKERNELS_EXAMPLES)) }

    /// The examples of each launch: arguments have room for a limited number of masks.
    var launches: [Range<Int>] { launches(of: Int(CCUDAKERNELS_EXAMPLES)) }

    /// The blocks that share the rows of a tile of keys in the backward. Large heads leave room for one block on a processor,
    /// and so need blocks that end at about the same time. Depends on one example alone, so that its bits do.
    var partsOfRows: Int { headSize == 256 && rows > 5 * Int(CCUDAKERNELS_QUERY_TILE) ? 3 : 1 }

    /// The examples of each launch of the backward: with parts few, since each part has gradients of its own in float32.
    func launches(parts: Int) -> [Range<Int>] {
        parts > 1 ? launches(of: Self.examplesInParts) : launches
    }

    /// The most examples of one launch of the backward.
    func largestLaunch(parts: Int) -> Int { parts > 1 ? min(batch, Self.examplesInParts) : largestLaunch }

    /// Elements of the keys of some examples.
    func keyCount(examples: Int) -> Int { examples * capacity * keyHeads * headSize }

    func keyTiles(_ keysOfTile: Int32) -> Int { (capacity + Int(keysOfTile) - 1) / Int(keysOfTile) }

    private static let examplesInParts = 4

    private func launches(of count: Int) -> [Range<Int>] {
        stride(from: 0, to: batch, by: count).map { $0..<min(batch, $0 + count) }
    }

    func grid(rowsOfBlock: Int32, _ examples: Range<Int>) -> (Int, Int, Int) {
        ((rows + Int(rowsOfBlock) - 1) / Int(rowsOfBlock), keyHeads, examples.count)
    }
}

extension CUDABackend {
    /// Head sizes that the kernels on tensor cores are compiled for.
    private static let tiledHeadSizes: Set<Int> = [64, 72, 80, 128, 256]

    /// The reference's angles for a position of one: `1 / theta^(2i / d)`, the power and its inverse each rounded to float32.
    private func wavelengths(theta: Float, headSize: Int) -> [Float] {
        let key = RotaryKey(theta: theta, headSize: headSize)
        if let known = frequencies[key] { return known }
        let made = (0..<headSize / 2).map {
            1 / Float(pow(Double(theta), Double(Float(2 * $0) / Float(headSize))))
        }
        frequencies[key] = made
        return made
    }

    private func requireHeadSize(_ size: Int, _ operation: String) throws(TensorError) {
        guard size <= Int(CCUDAKERNELS_LARGEST_HEAD) else {
            throw .argument(
                operation: operation, reason: "heads of \(size); at most \(CCUDAKERNELS_LARGEST_HEAD) on a GPU")
        }
    }

    private func check(_ call: AttentionCall, _ operation: String) throws(TensorError) {
        let (batch, capacity) = (call.q.shape[0], call.k.shape[1])
        guard call.mask.keys.count == batch && call.mask.prefixEnd.count == batch else {
            throw .shapeMismatch(
                operation: "attention mask", [call.mask.keys.count, call.mask.prefixEnd.count], [batch, batch])
        }
        if let window = call.mask.window, window < 1 {
            throw .argument(operation: operation, reason: "a window of \(window) sees nothing; use 1 or more")
        }
        for keys in call.mask.keys where keys.lowerBound < 0 || keys.upperBound > capacity {
            throw .index(operation: "attention mask", found: keys.upperBound, limit: capacity)
        }
        for operand in [call.k, call.v, call.output] { try requireSameType(operand, as: call.q, operation) }
        if let sums = call.logSumExp { try require(sums, .float32, operation) }
        try requireHeadSize(call.q.shape[3], operation)
    }

    /// Whether the kernels on tensor cores serve a call: 16-bit types, their head sizes, and enough shared memory.
    private func isTiled(_ queries: Tensor, shared: Int32) -> Bool {
        queries.elementType != .float32 && Self.tiledHeadSizes.contains(queries.columns)
            && Int(shared) <= context.device.sharedMemoryByteCount
    }

    /// Whether the kernels for warpgroups serve a call of the tiled ones: their head sizes, and arrays at multiples of
    /// 16 bytes.
    private func takesWarpgroups(_ arguments: ccudakernels_attention_arguments) -> Bool {
        let size = arguments.shape.head_size
        return [72, 256].contains(size)
            && takesWarpgroups(arguments.shape, shared: ccudakernels_warpgroups_shared(size))
    }

    private func takesWarpgroups(_ arguments: ccudakernels_attention_backward_arguments) -> Bool {
        let gradients = [
            arguments.output_gradient, arguments.q_gradient, arguments.k_gradient, arguments.v_gradient,
        ]
        return arguments.shape.head_size == 256
            && takesWarpgroups(arguments.shape, gradients, shared: ccudakernels_warpgroups_backward_shared(256))
    }

    private func takesWarpgroups(
        _ shape: ccudakernels_attention, _ gradients: [ccudakernels_address] = [], shared: Int32
    ) -> Bool {
        let arrays = [shape.q, shape.k, shape.v, shape.output] + gradients
        return kernels.hasWarpgroups && arrays.allSatisfy { $0 % 16 == 0 }
            && Int(shared) <= context.device.sharedMemoryByteCount
    }

    /// Whether scores rise with products, as the tiled forward takes for granted.
    private static func isRising(_ scale: Float, _ softCap: Float?) -> Bool {
        scale > 0 && (softCap ?? 0) >= 0
    }

    /// What kernels are told of some examples of a call.
    private func kernelShape(
        _ call: AttentionCall, _ examples: Range<Int>
    ) throws(TensorError) -> ccudakernels_attention {
        let shape = AttentionShape(call)
        let size = call.q.elementType.byteCount
        let queries = DeviceAddress(examples.lowerBound * shape.queries * shape.heads * shape.headSize * size)
        let keys = DeviceAddress(examples.lowerBound * shape.capacity * shape.keyHeads * shape.headSize * size)
        let sums = DeviceAddress(4 * examples.lowerBound * shape.heads * shape.queries)
        var result = ccudakernels_attention()
        (result.q, result.output) = (source(call.q) + queries, target(call.output) + queries)
        (result.k, result.v) = (source(call.k) + keys, source(call.v) + keys)
        if let tensor = call.logSumExp { result.log_sum_exp = target(tensor) + sums }
        (result.batch, result.queries) = (Int32(examples.count), Int32(shape.queries))
        (result.capacity, result.heads) = (Int32(shape.capacity), Int32(shape.heads))
        (result.key_heads, result.head_size) = (Int32(shape.keyHeads), Int32(shape.headSize))
        (result.query_offset, result.window) = (Int32(call.mask.queryOffset), Int32(clamping: call.mask.window ?? 0))
        result.window_spares_prefix = call.mask.windowSparesPrefix ? 1 : 0
        (result.scale, result.soft_cap) = (call.scale, call.softCap ?? 0)
        withUnsafeMutableBytes(of: &result.visible) { bytes in
            let visible = bytes.bindMemory(to: ccudakernels_visible.self)
            for (place, example) in examples.enumerated() {
                let keys = call.mask.keys[example]
                visible[place] = ccudakernels_visible(
                    key_begin: Int32(keys.lowerBound), key_end: Int32(keys.upperBound),
                    prefix_end: Int32(clamping: call.mask.prefixEnd[example]))
            }
        }
        return result
    }

    /// Many queries of each head of keys.
    private func whole(
        _ type: String, rows: Int, _ arguments: inout ccudakernels_attention_arguments
    ) throws(TensorError) {
        let size = arguments.shape.head_size
        func grid(_ rowsOfBlock: Int32) -> (Int, Int, Int) {
            let blocks = (rows + Int(rowsOfBlock) - 1) / Int(rowsOfBlock)
            return (blocks, Int(arguments.shape.key_heads), Int(arguments.shape.batch))
        }
        guard !takesWarpgroups(arguments) else {
            return try kernels.launch(
                "attention_warpgroups" + type + "_\(size)", grid: grid(CCUDAKERNELS_WARPGROUPS_ROWS),
                block: Int(CCUDAKERNELS_WARPGROUPS_THREADS), shared: Int(ccudakernels_warpgroups_shared(size)),
                arguments)
        }
        let roomy = ccudakernels_attention_shared(size, 1)
        arguments.has_room = Int(roomy) <= context.device.sharedMemoryByteCount ? 1 : 0
        try kernels.launch(
            "attention" + type + "_\(size)", grid: grid(CCUDAKERNELS_QUERY_TILE),
            block: Int(ccudakernels_attention_threads(size)),
            shared: Int(ccudakernels_attention_shared(size, arguments.has_room)), arguments)
    }

    /// Few queries: each block takes some of the keys, and the last one joins what they found, in order.
    private func decode(
        parts: Int, _ type: String, _ arguments: inout ccudakernels_attention_arguments
    ) throws(TensorError) {
        let shape = arguments.shape
        let (examples, keyHeads, size) = (Int(shape.batch), Int(shape.key_heads), Int(shape.head_size))
        let rowsOfHead = Int(shape.queries * (shape.heads / shape.key_heads))
        guard examples * keyHeads <= Int(CCUDAKERNELS_DECODE_HEADS) else {
            throw .argument(
                operation: "attention",
                reason: "\(examples) tokens of \(keyHeads) heads; at most \(CCUDAKERNELS_DECODE_HEADS) heads at once")
        }
        let rows = examples * keyHeads * parts * rowsOfHead
        let outputs = try scratch(4 * rows * size, "attention")
        let sums = try scratch(8 * rows, "attention")
        (arguments.partial_outputs, arguments.partial_sums) = (outputs.address, sums.address)
        arguments.parts = Int32(parts)
        try kernels.launch(
            "attention_decode" + type + "_\(size)", grid: (parts, keyHeads, examples), block: 128,
            shared: Int(ccudakernels_decode_shared(shape.head_size)), arguments)
    }

    private func backwardArguments(
        _ call: AttentionBackwardCall, _ shape: AttentionShape, _ examples: Range<Int>, _ deltas: CUDAStorage
    ) throws(TensorError) -> ccudakernels_attention_backward_arguments {
        let size = call.forward.q.elementType.byteCount
        let queries = DeviceAddress(examples.lowerBound * shape.queries * shape.heads * shape.headSize * size)
        let keys = DeviceAddress(examples.lowerBound * shape.capacity * shape.keyHeads * shape.headSize * size)
        return ccudakernels_attention_backward_arguments(
            shape: try kernelShape(call.forward, examples), output_gradient: source(call.outputGradient) + queries,
            q_gradient: target(call.qGradient) + queries, k_gradient: target(call.kGradient) + keys,
            v_gradient: target(call.vGradient) + keys, delta: deltas.address, partial_keys: 0, partial_values: 0,
            parts: 1, has_room: 0)
    }
}
