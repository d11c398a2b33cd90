import Tensors

/// Attention.
extension CUDASelfCheck {
    /// Batch, queries, capacity, heads, heads of keys, head size.
    private static let attentions = [
        [1, 150, 170, 2, 2, 72], [2, 130, 130, 4, 2, 64], [2, 77, 90, 2, 1, 80], [1, 100, 128, 2, 2, 128],
        [1, 150, 160, 4, 2, 256], [5, 170, 200, 4, 2, 256], [2, 37, 40, 2, 1, 12],
    ]
    private static let decodes = [
        [2, 1, 300, 8, 4, 256], [3, 1, 70, 2, 1, 64], [1, 3, 129, 4, 2, 72], [2, 1, 90, 4, 2, 80],
        [1, 2, 200, 4, 1, 128],
    ]
    /// Few and many queries, for the kernels that take scores which fall.
    private static let fallings = [[1, 40, 50, 2, 2, 256], [2, 37, 45, 4, 2, 64], [2, 1, 70, 4, 2, 128]]
    /// Tokens, capacity, heads, heads of keys, head size: few and many heads for one of keys.
    private static let cachedTokens = [
        [3, 70, 8, 4, 256], [2, 90, 4, 2, 80], [2, 200, 16, 1, 128], [3, 130, 34, 2, 64], [2, 70, 40, 1, 256],
    ]

    static var attentionChecks: [Check] {
        [
            Check(kernel: "attention", shapes: attentions) { (bench, shape) throws(TensorError) in
                try attend(bench, shape, softCap: 50, offset: 0, isBackward: true)
            },
            Check(kernel: "attention without cap", shapes: attentions) { (bench, shape) throws(TensorError) in
                try attend(bench, shape, softCap: nil, offset: 0, window: 20, isBackward: true)
            },
            Check(kernel: "attention on a cache", shapes: decodes) { (bench, shape) throws(TensorError) in
                try attend(bench, shape, softCap: 50, offset: shape[2] - shape[1] - 2, isBackward: false)
            },
            Check(kernel: "attention whose scores fall with products", shapes: fallings) {
                (bench, shape) throws(TensorError) in
                try attend(
                    bench, shape, softCap: 50, offset: shape[2] - shape[1] - 2, isBackward: true, isFalling: true)
            },
            Check(kernel: "attention of single tokens", shapes: cachedTokens) { (bench, shape) throws(TensorError) in
                try attendTokens(bench, shape)
            },
        ]
    }

    private static func attend(
        _ bench: Bench, _ shape: [Int], softCap: Float?, offset: Int, window: Int? = nil, isBackward: Bool,
        isFalling: Bool = false
    ) throws(TensorError) -> [Tensor] {
        let (batch, queries, capacity) = (shape[0], shape[1], shape[2])
        let (queryShape, keyShape) = (
            [batch, queries, shape[3], shape[5]], [batch, capacity, shape[4], shape[5]]
        )
        let end = offset + queries
        let mask = AttentionMask(
            keys: (0..<batch).map { 3 * $0..<end }, prefixEnd: (0..<batch).map { end / 2 + $0 }, queryOffset: offset,
            window: window)
        let call = AttentionCall(
            q: try bench.input("q", queryShape), k: try bench.input("k", keyShape), v: try bench.input("v", keyShape),
            mask: mask, scale: (isFalling ? -1 : 1) / Float(shape[5]).squareRoot(), softCap: softCap,
            output: try bench.room(queryShape), logSumExp: try bench.room([batch, shape[3], queries], .float32))
        try bench.backend.attention(call)
        guard isBackward else { return [call.output] }
        let gradients = [try bench.room(queryShape), try bench.room(keyShape), try bench.room(keyShape)]
        try bench.backend.attentionBackward(
            AttentionBackwardCall(
                outputGradient: bench.input("g", queryShape), forward: call, qGradient: gradients[0],
                kGradient: gradients[1], vGradient: gradients[2]))
        return [call.output] + gradients
    }
    private static func attendTokens(_ bench: Bench, _ shape: [Int]) throws(TensorError) -> [Tensor] {
        let (tokens, capacity) = (shape[0], shape[1])
        let (queryShape, keyShape) = ([tokens, shape[2], shape[4]], [2, capacity, shape[3], shape[4]])
        let places = (0..<tokens).map { CachePlaces.Place(row: $0 % 2, first: 3, column: capacity - 2 - $0 / 2) }
        var outputs: [Tensor] = []
        for (window, sign) in [(nil, 1), (25, 1), (nil, -1)] as [(Int?, Float)] {
            let call = CachedAttentionCall(
                q: try bench.input("q", queryShape), k: try bench.input("k", keyShape),
                v: try bench.input("v", keyShape),
                places: try CachePlaces(places, batch: 2, capacity: capacity, on: bench.backend), window: window,
                scale: sign / Float(shape[4]).squareRoot(), softCap: 50, output: try bench.room(queryShape))
            try bench.backend.attention(call)
            outputs.append(call.output)
        }
        return outputs
    }
}
