import Tensors

/// The kernels of elements, rows, norms and ends, with odd shapes.
extension CUDASelfCheck {
    /// Every check.
    static var checks: [Check] {
        elementChecks + rowChecks + normChecks + endChecks + updateChecks + productChecks + adapterChecks
            + fusedChecks + attentionChecks
    }

    static let counts = [[1], [1000], [33_001]]
    private static let matrices = [[1, 8], [37, 300], [130, 1153], [70, 2304]]

    private static var elementChecks: [Check] {
        [
            Check(kernel: "fill and convert", shapes: counts) { (bench, shape) throws(TensorError) in
                let x = try bench.input("x", shape)
                return [try x.converted(to: .float32), try .filled(1.5, shape: shape, bench.type, on: bench.backend)]
            },
            Check(kernel: "scale, add, soft-cap", shapes: counts) { (bench, shape) throws(TensorError) in
                let (a, b) = (try bench.input("a", shape), try bench.input("b", shape))
                let outputs = [try bench.room(shape), try bench.room(shape), try bench.room(shape)]
                try bench.backend.scale(ScaleCall(input: a, factor: 0.3, output: outputs[0]))
                try bench.backend.add(AddCall(a: a, b: b, scale: -2, output: outputs[1]))
                try bench.backend.softCap(SoftCapCall(input: a, cap: 2, output: outputs[2]))
                return outputs
            },
            Check(kernel: "dropout", shapes: counts) { (bench, shape) throws(TensorError) in
                [try bench.input("x", shape).dropped(rate: 0.4, key: RandomKey(seed: 3, purpose: "check"))]
            },
            Check(kernel: "GELU", shapes: counts) { (bench, shape) throws(TensorError) in
                let (x, g) = (try bench.input("x", shape, deviation: 2), try bench.input("g", shape))
                let (output, gradient) = (try bench.room(shape), try bench.input("old", shape))
                try bench.backend.gelu(GELUCall(input: x, output: output))
                try bench.backend.geluBackward(
                    GELUBackwardCall(outputGradient: g, input: x, inputGradient: gradient, accumulate: true))
                return [output, gradient]
            },
            Check(kernel: "gated GELU", shapes: counts) { (bench, shape) throws(TensorError) in
                let (gate, up) = (try bench.input("gate", shape, deviation: 2), try bench.input("up", shape))
                let outputs = [try bench.room(shape), try bench.room(shape), try bench.room(shape)]
                try bench.backend.gatedGELU(GatedGELUCall(gate: gate, up: up, output: outputs[0]))
                try bench.backend.gatedGELUBackward(
                    GatedGELUBackwardCall(
                        outputGradient: bench.input("g", shape), gate: gate, up: up, gateGradient: outputs[1],
                        upGradient: outputs[2]))
                return outputs
            },
        ]
    }

    private static var rowChecks: [Check] {
        [
            Check(kernel: "gather and scatter rows", shapes: matrices) { (bench, shape) throws(TensorError) in
                let table = try bench.input("table", shape)
                let places = try bench.indices("places", 2 * shape[0], below: shape[0])
                let gathered = try bench.room([2 * shape[0], shape[1]])
                try bench.backend.gatherRows(
                    GatherRowsCall(table: table, indices: places, scale: 48, output: gathered))
                let sums = try bench.floats("sums", shape)
                try bench.backend.scatterRows(
                    ScatterRowsCall(source: gathered, indices: places, scale: 0.5, accumulate: true, output: sums))
                return [gathered, sums]
            },
            Check(kernel: "write columns", shapes: [[2, 3, 5], [3, 7, 256]]) { (bench, shape) throws(TensorError) in
                let source = try bench.input("source", shape)
                let cache = try bench.input("cache", [shape[0], shape[1] + 9, shape[2]])
                try bench.backend.writeColumns(WriteColumnsCall(source: source, column: 4, output: cache))
                return [cache]
            },
            Check(kernel: "extract patches", shapes: [[2, 3, 28, 42]]) { (bench, shape) throws(TensorError) in
                let output = try bench.room([12, 588])
                try bench.backend.extractPatches(
                    ExtractPatchesCall(images: bench.floats("images", shape), patchSize: 14, output: output))
                return [output]
            },
            Check(kernel: "sums over columns", shapes: matrices) { (bench, shape) throws(TensorError) in
                let (a, b) = (try bench.input("a", shape), try bench.input("b", shape))
                let sums = try bench.floats("old", [shape[1]])
                let dots = try bench.room([shape[1]], .float32)
                try bench.backend.sumColumns(SumColumnsCall(input: a, accumulate: true, output: sums))
                try bench.backend.dotColumns(DotColumnsCall(a: a, b: b, output: dots))
                return [sums, dots]
            },
            Check(kernel: "scale columns", shapes: matrices) { (bench, shape) throws(TensorError) in
                let output = try bench.room(shape)
                try bench.backend.scaleColumns(
                    ScaleColumnsCall(
                        input: bench.input("x", shape), factors: bench.floats("factors", [shape[1]]), output: output))
                return [output]
            },
            Check(kernel: "sum of squares", shapes: counts + [[700_001]]) { (bench, shape) throws(TensorError) in
                let output = try bench.room([1], .float32)
                try bench.backend.sumOfSquares(SumOfSquaresCall(input: bench.input("x", shape), output: output))
                return [output]
            },
        ]
    }

    private static var normChecks: [Check] {
        [
            Check(kernel: "RMS norm", shapes: matrices) { (bench, shape) throws(TensorError) in
                let (x, weight) = (try bench.input("x", shape), try bench.input("w", [shape[1]], deviation: 0.3))
                let (output, inverse) = (try bench.room(shape), try bench.room([shape[0]], .float32))
                try bench.backend.rmsNorm(
                    RMSNormCall(
                        input: x, weight: weight, residual: bench.input("r", shape), epsilon: 1e-6, output: output,
                        inverseRMS: inverse))
                let (dx, dw) = (try bench.room(shape), try bench.floats("dw", [shape[1]]))
                try bench.backend.rmsNormBackward(
                    RMSNormBackwardCall(
                        outputGradient: bench.input("g", shape), input: x, weight: weight, inverseRMS: inverse,
                        inputGradient: dx, weightGradient: dw, accumulateWeight: true))
                return [output, inverse, dx, dw]
            },
            Check(kernel: "layer norm", shapes: matrices) { (bench, shape) throws(TensorError) in
                let (x, weight) = (try bench.input("x", shape), try bench.input("w", [shape[1]]))
                let bias = try bench.input("b", [shape[1]])
                let output = try bench.room(shape)
                let (mean, inverse) = (
                    try bench.room([shape[0]], .float32), try bench.room([shape[0]], .float32)
                )
                try bench.backend.layerNorm(
                    LayerNormCall(
                        input: x, weight: weight, bias: bias, epsilon: 1e-6, output: output, mean: mean,
                        inverseDeviation: inverse))
                let dx = try bench.input("dx", shape)
                let (dw, db) = (try bench.room([shape[1]], .float32), try bench.room([shape[1]], .float32))
                try bench.backend.layerNormBackward(
                    LayerNormBackwardCall(
                        outputGradient: bench.input("g", shape), input: x, weight: weight, mean: mean,
                        inverseDeviation: inverse, inputGradient: dx, addend: dx, weightGradient: dw,
                        biasGradient: db, accumulateParameters: false))
                return [output, inverse, dx, dw, db]
            },
            Check(kernel: "rotary", shapes: [[9, 1, 12], [50, 8, 256]]) { (bench, shape) throws(TensorError) in
                let positions = try bench.indices("positions", shape[0], below: 1100)
                let calls = try [shape, [shape[0], 3, shape[2]]].enumerated().map {
                    (place, shape) throws(TensorError) in
                    RotaryCall(
                        input: try bench.input("x\(place)", shape), positions: positions, theta: 10_000,
                        inverse: false, output: try bench.room(shape))
                }
                try bench.backend.rotary(calls)
                return calls.map(\.output)
            },
        ]
    }

    private static var endChecks: [Check] {
        [
            Check(kernel: "cross-entropy", shapes: [[3, 1000], [9, 25_731]]) { (bench, shape) throws(TensorError) in
                let losses = try bench.room([shape[0]], .float32)
                let gradient = try bench.room(shape)
                var call = CrossEntropyCall(
                    logits: try bench.floats("logits", shape, deviation: 4), softCap: 30,
                    targets: try bench.indices("targets", shape[0], below: shape[1]),
                    weights: try bench.floats("weights", [shape[0]]), losses: losses, logitsGradient: gradient)
                call.smoothing = 0.1
                try bench.backend.crossEntropy(call)
                return [losses, gradient]
            },
            Check(kernel: "argmax", shapes: [[1, 257_216], [70, 5003], [5, 1031]], types: [.float32]) {
                (bench, shape) throws(TensorError) in
                let output = try Tensor(uninitialized: [shape[0]], .int32, on: bench.backend)
                try bench.backend.argmaxRows(ArgmaxRowsCall(input: bench.input("x", shape), output: output))
                return [output]
            },
        ]
    }
}
