import Tensors

/// How long work takes on a device, from each of its kinds timed once on that device.
///
/// Products and attention are timed in the shapes that they will have, cut where these are large; what goes through memory is
/// timed for each kernel and type on a few million elements.
package final class DeviceClock {
    private let backend: any Backend
    private let now: () -> Double
    private var products: [Workload.Product: Double] = [:]
    private var attentions: [Workload.Attention: Double] = [:]
    private var passes: [Workload.Pass: Double] = [:]

    /// The most operations of a product that is timed, and elements of one of its matrices.
    private static let mostOperations = 4e9
    private static let mostElements = 64 << 20

    /// A clock for a device.
    ///
    /// - Parameter now: seconds of a clock that never goes back.
    package init(for backend: any Backend, now: @escaping () -> Double) {
        (self.backend, self.now) = (backend, now)
    }

    /// The seconds of some work.
    package func seconds(of workload: Workload) throws(TensorError) -> Double {
        var sum = 0.0
        for (product, count) in workload.products { sum += try Double(count) * seconds(of: product) }
        for (attention, count) in workload.attentions { sum += try Double(count) * seconds(of: attention) }
        for (pass, elements) in workload.elements { sum += try elements * secondsForElement(of: pass) }
        return sum
    }

    private func seconds(of product: Workload.Product) throws(TensorError) -> Double {
        if let known = products[product] { return known }
        guard product.rows > 0, product.inner > 0, product.columns > 0 else { return 0 }
        // Rows stay as long as they can: what a device does to a matrix once, such as unpacking 4 bits, is shared by them.
        let rows = min(product.rows, max(1024, Self.mostElements / product.inner))
        let operationsOfColumn = 2 * Double(product.inner) * Double(rows)
        let columns = min(product.columns, max(512, Int(Self.mostOperations / operationsOfColumn)))
        let run = try self.run(product, rows: rows, columns: columns)
        let time = try fastest(run) * Double(product.rows) / Double(rows) * Double(product.columns) / Double(columns)
        products[product] = time
        return time
    }

    private func run(
        _ product: Workload.Product, rows: Int, columns: Int
    ) throws(TensorError) -> () throws(TensorError) -> Void {
        let (inner, type) = (product.inner, product.elementType)
        let a = try filled(product.transposesA ? [inner, rows] : [rows, inner], type)
        let shapeOfB = product.transposesB ? [columns, inner] : [inner, columns]
        let output = try Tensor(uninitialized: [rows, columns], product.outputType, on: backend)
        let backend = backend
        if product.isQuantized {
            let matrix = try NF4Matrix(outlining: shapeOfB, elementType: type, scales: .plain, on: backend)
            if case .plain(let scales) = matrix.scales { try backend.fill(FillCall(output: scales, value: 0.01)) }
            var call = QuantizedMatmulCall(a: a, b: matrix, output: output)
            call.transposeB = product.transposesB
            return { [call] () throws(TensorError) in try backend.matmul(call) }
        }
        var call = MatmulCall(a: a, b: try filled(shapeOfB, type), output: output)
        (call.transposeA, call.transposeB, call.reusesB) = (product.transposesA, product.transposesB, product.reusesB)
        return { [call] () throws(TensorError) in try backend.matmul(call) }
    }

    private func seconds(of attention: Workload.Attention) throws(TensorError) -> Double {
        if let known = attentions[attention] { return known }
        let (type, width) = (attention.elementType, attention.dimension)
        let q = try filled([1, attention.queries, attention.heads, width], type)
        let k = try filled([1, attention.keys, attention.keyHeads, width], type)
        let (output, sums) = (
            try Tensor(uninitialized: q.shape, type, on: backend),
            try Tensor.filled(0, shape: [1, attention.heads, attention.queries], .float32, on: backend)
        )
        let call = AttentionCall(
            q: q, k: k, v: k, mask: .full(batch: 1, columns: attention.keys), scale: 0.1, softCap: 50, output: output,
            logSumExp: sums)
        let backward = try AttentionBackwardCall(
            outputGradient: filled(q.shape, type), forward: call,
            qGradient: Tensor(uninitialized: q.shape, type, on: backend),
            kGradient: Tensor(uninitialized: k.shape, type, on: backend),
            vGradient: Tensor(uninitialized: k.shape, type, on: backend))
        let backend = backend
        let time =
            Double(attention.batch)
            * (try fastest { () throws(TensorError) in
                if attention.isBackward {
                    try backend.attentionBackward(backward)
                } else {
                    try backend.attention(call)
                }
            })
        attentions[attention] = time
        return time
    }

    private func secondsForElement(of pass: Workload.Pass) throws(TensorError) -> Double {
        if let known = passes[pass] { return known }
        let (rows, columns) = (512, 4096)
        let time = try fastest(run(pass, rows: rows, columns: columns)) / Double(rows * columns)
        passes[pass] = time
        return time
    }

    /// The fastest of a few runs after one that is not counted.
    private func fastest(_ run: () throws(TensorError) -> Void) throws(TensorError) -> Double {
        var fastest = Double.infinity
        for repetition in 0...3 {
            let start = now()
            try run()
            try backend.synchronize()
            if repetition > 0 { fastest = min(fastest, now() - start) }
        }
        return max(fastest, 0)
    }

    private func filled(_ shape: [Int], _ type: ElementType) throws(TensorError) -> Tensor {
        guard type.isFloatingPoint else { return try Tensor(uninitialized: shape, type, on: backend) }
        return try .filled(0.125, shape: shape, type, on: backend)
    }
}

extension DeviceClock {
    /// One run of a kernel over `[rows, columns]`.
    private func run(
        _ pass: Workload.Pass, rows: Int, columns: Int
    ) throws(TensorError) -> () throws(TensorError) -> Void {
        let (backend, type, shape) = (backend, pass.elementType, [rows, columns])
        guard type.isFloatingPoint else { return {} }
        let (x, y, z) = (try filled(shape, type), try filled(shape, type), try filled(shape, type))
        let (w, ofRow) = (try filled([columns], type), try filled([rows], .float32))
        switch pass.stream {
        case .move: return { () throws(TensorError) in try backend.add(AddCall(a: x, b: y, scale: 1, output: z)) }
        case .gelu: return { () throws(TensorError) in try backend.gelu(GELUCall(input: x, output: y)) }
        case .geluBackward:
            let call = GELUBackwardCall(outputGradient: x, input: y, inputGradient: z, accumulate: false)
            return { () throws(TensorError) in try backend.geluBackward(call) }
        case .gatedGELU:
            return { () throws(TensorError) in try backend.gatedGELU(GatedGELUCall(gate: x, up: y, output: z)) }
        case .gatedGELUBackward:
            let call = GatedGELUBackwardCall(
                outputGradient: x, gate: y, up: z, gateGradient: try filled(shape, type),
                upGradient: try filled(shape, type))
            return { () throws(TensorError) in try backend.gatedGELUBackward(call) }
        case .rmsNorm:
            let call = RMSNormCall(input: x, weight: w, residual: y, epsilon: 1e-6, output: z, inverseRMS: ofRow)
            return { () throws(TensorError) in try backend.rmsNorm(call) }
        case .rmsNormBackward:
            let call = RMSNormBackwardCall(
                outputGradient: x, input: y, weight: w, inverseRMS: ofRow, inputGradient: z,
                weightGradient: nil, accumulateWeight: false)
            return { () throws(TensorError) in try backend.rmsNormBackward(call) }
        case .layerNorm:
            let call = LayerNormCall(
                input: x, weight: w, bias: w, epsilon: 1e-6, output: z, mean: ofRow, inverseDeviation: ofRow)
            return { () throws(TensorError) in try backend.layerNorm(call) }
        case .layerNormBackward:
            let call = LayerNormBackwardCall(
                outputGradient: x, input: y, weight: w, mean: ofRow, inverseDeviation: ofRow, inputGradient: z,
                weightGradient: nil, biasGradient: nil, accumulateParameters: false)
            return { () throws(TensorError) in try backend.layerNormBackward(call) }
        case .rotary:
            let heads = [rows * 2, columns / 128, 64]
            let call = RotaryCall(
                input: x.viewed(as: heads),
                positions: try Tensor(
                    Array(repeating: 3, count: heads[0]) as [Int32], shape: [heads[0]], on: backend), theta: 10_000,
                inverse: false, output: z.viewed(as: heads))
            return { () throws(TensorError) in try backend.rotary(call) }
        case .crossEntropy:
            let call = CrossEntropyCall(
                logits: x, softCap: 30,
                targets: try Tensor(Array(repeating: 1, count: rows) as [Int32], shape: [rows], on: backend),
                weights: ofRow, losses: try filled([rows], .float32), logitsGradient: z)
            return { () throws(TensorError) in try backend.crossEntropy(call) }
        case .adamW:
            let call = adamW(x, try filled(shape, .float32), y, z)
            return { () throws(TensorError) in try backend.adamW(call) }
        case .blockwiseAdamW:
            let (first, second) = (try codes(shape), try codes(shape))
            let scales = [x.count / BlockwiseAdamWCall.blockSize]
            let call = BlockwiseAdamWCall(
                update: adamW(x, try filled(shape, .float32), first, second), firstScales: try filled(scales, .float32),
                secondScales: try filled(scales, .float32))
            return { () throws(TensorError) in try backend.adamW([call]) }
        case .gradientDescent:
            let call = GradientDescentCall(
                parameter: x, gradient: try filled(shape, .float32), learningRate: 1e-6, weightDecay: 0,
                gradientScale: 1)
            return { () throws(TensorError) in try backend.descend([call]) }
        case .adafactor:
            let call = AdafactorCall(
                parameter: x, gradient: try filled(shape, .float32),
                meanSquares: .matrices(rows: ofRow, columns: try filled([columns], .float32)), learningRate: 1e-6,
                weightDecay: 0, kept: 0.5, epsilon: 1e-30, clippingThreshold: 1, gradientScale: 1)
            return { () throws(TensorError) in try backend.adafactor([call]) }
        }
    }

    private func adamW(
        _ parameter: Tensor, _ gradient: Tensor, _ firstMoment: Tensor, _ secondMoment: Tensor
    ) -> AdamWCall {
        AdamWCall(
            parameter: parameter, gradient: gradient, firstMoment: firstMoment, secondMoment: secondMoment,
            variant: .torch, learningRate: 1e-6, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, step: 1,
            gradientScale: 1)
    }

    /// Codes of zeros.
    private func codes(_ shape: [Int]) throws(TensorError) -> Tensor {
        try Tensor([UInt8](repeating: 0, count: shape.product), shape: shape, on: backend)
    }
}
