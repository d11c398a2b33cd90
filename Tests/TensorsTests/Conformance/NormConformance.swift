import Foundation
import Tensors
import Testing

/// Norms and activations against float64 definitions; their gradients against central differences of those.
@Suite struct NormConformance {
    static let rows = 35

    @Test("RMS norm, with and without a residual", arguments: Subject.all, RealType.allCases)
    func rmsNorm(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        for columns in [1, 30, 1100] { try checkRMSNorm(columns, type, on: backend) }
    }

    private func checkRMSNorm(_ columns: Int, _ type: RealType, on backend: any Backend) throws {
        let x = try Sample("x", [Self.rows, columns], type, on: backend)
        let weight = try Sample("w", [columns], type, deviation: 0.3, on: backend)
        let residual = try Sample("r", [Self.rows, columns], type, on: backend)
        let exact = Reference.rmsNorm(x.values, weight.values, epsilon: 1e-6)
        for added in [nil, residual] {
            let output = try room(x.shape, type.elementType, on: backend)
            try backend.rmsNorm(
                RMSNormCall(
                    input: x.tensor, weight: weight.tensor, residual: added?.tensor, epsilon: 1e-6, output: output))
            let sum = added.map { zip(exact, $0.values).map(+) } ?? exact
            expectNear(try output.floats(), sum, tolerance: 2 * type.tolerance, scale: 3, "residual \(added != nil)")
        }
    }

    @Test("layer norm", arguments: Subject.all, RealType.allCases)
    func layerNorm(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        for columns in [2, 30, 1100] { try checkLayerNorm(columns, type, on: backend) }
    }

    private func checkLayerNorm(_ columns: Int, _ type: RealType, on backend: any Backend) throws {
        // A mean far from zero: a variance from sums of squares would lose it.
        let far = try Sample("x", [Self.rows, columns], on: backend).values.map { Float($0 + 100) }
        let x = try Sample(far, [Self.rows, columns], type, on: backend)
        let weight = try Sample("w", [columns], type, on: backend)
        let bias = try Sample("b", [columns], type, on: backend)
        let output = try room(x.shape, type.elementType, on: backend)
        try backend.layerNorm(
            LayerNormCall(input: x.tensor, weight: weight.tensor, bias: bias.tensor, epsilon: 1e-6, output: output))
        let exact = Reference.layerNorm(x.values, weight.values, bias.values, epsilon: 1e-6)
        expectNear(try output.floats(), exact, tolerance: 4 * type.tolerance, scale: 4, "output")
    }

    @Test("gradients of both norms equal central differences", arguments: Subject.all, [true, false])
    func normGradients(subject: Subject, isRMS: Bool) throws {
        let backend = try subject.make()
        let (rows, columns) = (Self.rows, 19)
        let x = try Sample("x", [rows, columns], on: backend)
        let weight = try Sample("w", [columns], on: backend)
        let bias = try Sample("b", [columns], on: backend)
        let g = try Sample("g", [rows, columns], on: backend)
        let (dx, dw, db) = (
            try Sample("dx", x.shape, on: backend), try Sample("dw", [columns], on: backend),
            try Sample("db", [columns], on: backend)
        )
        let output = try room(x.shape, on: backend)
        let (mean, inverse) = (try room([rows], on: backend), try room([rows], on: backend))
        if isRMS {
            try backend.rmsNorm(
                RMSNormCall(
                    input: x.tensor, weight: weight.tensor, epsilon: 1e-5, output: output, inverseRMS: inverse))
            try backend.rmsNormBackward(
                RMSNormBackwardCall(
                    outputGradient: g.tensor, input: x.tensor, weight: weight.tensor, inverseRMS: inverse,
                    inputGradient: dx.tensor, addend: dx.tensor, weightGradient: dw.tensor, accumulateWeight: true))
        } else {
            try backend.layerNorm(
                LayerNormCall(
                    input: x.tensor, weight: weight.tensor, bias: bias.tensor, epsilon: 1e-5, output: output,
                    mean: mean,
                    inverseDeviation: inverse))
            try backend.layerNormBackward(
                LayerNormBackwardCall(
                    outputGradient: g.tensor, input: x.tensor, weight: weight.tensor, mean: mean,
                    inverseDeviation: inverse, inputGradient: dx.tensor, addend: dx.tensor,
                    weightGradient: dw.tensor, biasGradient: db.tensor, accumulateParameters: true))
        }
        func loss(_ x: [Double], _ weight: [Double], _ bias: [Double]) -> Double {
            let y =
                isRMS
                ? Reference.rmsNorm(x, weight, epsilon: 1e-5) : Reference.layerNorm(x, weight, bias, epsilon: 1e-5)
            return zip(y, g.values).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let ofX = Reference.differences(x.values) { loss($0, weight.values, bias.values) }
        let ofWeight = Reference.differences(weight.values) { loss(x.values, $0, bias.values) }
        expectNear(try dx.tensor.floats(), zip(ofX, dx.values).map(+), tolerance: 2e-5, "input")
        expectNear(try dw.tensor.floats(), zip(ofWeight, dw.values).map(+), tolerance: 2e-5, "weight")
        let ofBias = Reference.differences(bias.values) { loss(x.values, weight.values, $0) }
        expectNear(try db.tensor.floats(), zip(ofBias, db.values).map(+), tolerance: 2e-5, "bias")
    }

    @Test("a norm's gradient is added to what lies elsewhere as to what lies in its place", arguments: Subject.all)
    func addends(subject: Subject) throws {
        let backend = try subject.make()
        for (rows, columns) in [(3, 19), (17, 256), (5, 300), (2, 4200)] {
            let x = try Sample("x", [rows, columns], .bfloat16, on: backend).tensor
            let weight = try Sample("w", [columns], .bfloat16, on: backend).tensor
            let g = try Sample("g", [rows, columns], .bfloat16, on: backend).tensor
            let old = try Sample("old", [rows, columns], .bfloat16, on: backend).tensor
            let (mean, inverse) = (try room([rows], on: backend), try room([rows], on: backend))
            for factor in [mean, inverse] { try backend.fill(FillCall(output: factor, value: 0.75)) }
            func gradients(_ gradient: Tensor, _ addend: Tensor) throws -> [[UInt8]] {
                try backend.convert(ConvertCall(input: old, output: gradient))
                try backend.rmsNormBackward(
                    RMSNormBackwardCall(
                        outputGradient: g, input: x, weight: weight, inverseRMS: inverse, inputGradient: gradient,
                        addend: addend, accumulateWeight: false))
                let ofRMS = try gradient.readBytes()
                try backend.convert(ConvertCall(input: old, output: gradient))
                try backend.layerNormBackward(
                    LayerNormBackwardCall(
                        outputGradient: g, input: x, weight: weight, mean: mean, inverseDeviation: inverse,
                        inputGradient: gradient, addend: addend, accumulateParameters: false))
                return [Array(ofRMS), Array(try gradient.readBytes())]
            }
            let gradient = try room(x.shape, .bfloat16, on: backend)
            #expect(try gradients(gradient, gradient) == gradients(gradient, old), "\(rows) x \(columns)")
        }
    }

    @Test("norms between a stream in float32 and float16: float32's values, rounded once", arguments: Subject.all)
    func streams(subject: Subject) throws {
        let backend = try subject.make()
        for (rows, columns) in [(1, 8), (17, 30), (9, 300), (2, 4500)] {
            /// Numbers that float16 has, in both types.
            func sample(_ name: String, _ shape: [Int], _ factor: Float = 1) throws -> (half: Tensor, float: Tensor) {
                let values = try Sample(name, shape, on: backend).values.map { factor * Float($0) }
                let half = try Tensor(values, shape: shape, on: backend).converted(to: .float16)
                return (half, try half.converted(to: .float32))
            }
            let shape = [rows, columns]
            // Large, so that the gradient of a stream's gradient fits in float16.
            let x = try sample("x", shape, 100)
            let (weight, g) = (try sample("w", [columns]), try sample("g", shape))
            let (next, addend) = (try sample("next", [columns]), try sample("addend", shape))
            // Beyond what float16 holds.
            let stream = try sample("stream", shape).float.scaled(by: 1e5)
            func close(_ found: Tensor, _ exact: Tensor, _ what: String) throws {
                let tolerance = found.elementType == .float16 ? 1e-3 : 1e-6
                let exact = try exact.floats().map(Double.init)
                let scale = exact.reduce(0) { max($0, abs($1)) }
                expectNear(try found.floats(), exact, tolerance: tolerance, scale: scale, "\(what) \(shape)")
            }
            func forward(
                _ x: Tensor, _ weight: Tensor, _ residual: Tensor?, _ type: ElementType
            ) throws -> (output: Tensor, inverse: Tensor) {
                let (output, inverse) = (try room(shape, type, on: backend), try room([rows], on: backend))
                try backend.rmsNorm(
                    RMSNormCall(
                        input: x, weight: weight, residual: residual, epsilon: 1e-6, output: output,
                        inverseRMS: inverse))
                return (output, inverse)
            }
            func backward(
                _ g: Tensor, _ x: Tensor, _ weight: Tensor, _ inverse: Tensor, _ addend: Tensor
            ) throws -> (x: Tensor, weight: Tensor) {
                let (dx, dw) = (try room(shape, x.elementType, on: backend), try room([columns], on: backend))
                try backend.rmsNormBackward(
                    RMSNormBackwardCall(
                        outputGradient: g, input: x, weight: weight, inverseRMS: inverse, inputGradient: dx,
                        addend: addend, weightGradient: dw, accumulateWeight: false))
                return (dx, dw)
            }
            // Out of the stream.
            let (out, exactOut) = (
                try forward(stream, weight.half, nil, .float16), try forward(stream, weight.float, nil, .float32)
            )
            try close(out.output, exactOut.output, "norm of the stream")
            let tiny = try addend.float.scaled(by: 1e-5)
            let ofStream = try backward(g.half, stream, weight.half, out.inverse, tiny)
            let exactOfStream = try backward(g.float, stream, weight.float, exactOut.inverse, tiny)
            try close(ofStream.x, exactOfStream.x, "gradient of the stream")
            try close(ofStream.weight, exactOfStream.weight, "weight's gradient")
            // Into the stream, and the next norm.
            let into = try forward(x.half, weight.half, stream, .float32)
            let exactInto = try forward(x.float, weight.float, stream, .float32)
            try close(into.output, exactInto.output, "sum in the stream")
            let wide = try g.float.scaled(by: 1e5)
            let small = try backward(wide, x.half, weight.half, into.inverse, addend.half)
            let exactSmall = try backward(wide, x.float, weight.float, exactInto.inverse, addend.float)
            #expect(small.x.elementType == .float16)
            try close(small.weight, exactSmall.weight, "weight's gradient from the stream")
            try close(small.x, exactSmall.x, "gradient from the stream")
            let outputs = [try room(shape, on: backend), try room(shape, .float16, on: backend)]
            try backend.rmsNorm(
                RMSNormPairCall(
                    first: RMSNormCall(
                        input: x.half, weight: weight.half, residual: stream, epsilon: 1e-6, output: outputs[0]),
                    next: RMSNormCall(input: outputs[0], weight: next.half, epsilon: 1e-6, output: outputs[1])))
            #expect(try outputs[0].readBytes() == into.output.readBytes())
            let second = try forward(into.output, next.half, nil, .float16)
            #expect(try outputs[1].readBytes() == second.output.readBytes())
        }
    }

    /// Numbers around every change of regime of the exponential function.
    static let odd: [Float] = [
        0, -0.0, Float.leastNormalMagnitude / 8, -1e-30, 1e-4, -1e-3, 0.5, -0.6, 1, -2.5, 4.9, -5.5, 9.99, -10.01, 13,
        -14.5, 50, -88, 1e4, -1e4,
        1e30, -1e30,
    ]

    @Test("GELU and its gradient, over the whole range", arguments: Subject.all, RealType.allCases)
    func gelu(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        let drawn = try Sample("x", [2000], deviation: 3, on: backend).values.map { Float($0) }
        let x = try Sample(Self.odd + drawn, [Self.odd.count + 2000], type, on: backend)
        let g = try Sample("g", x.shape, type, on: backend)
        let output = try room(x.shape, type.elementType, on: backend)
        try backend.gelu(GELUCall(input: x.tensor, output: output))
        expectNear(try output.floats(), x.values.map(Reference.gelu), tolerance: type.tolerance, "output")
        let gradient = try room(x.shape, type.elementType, on: backend)
        try backend.fill(FillCall(output: gradient, value: 1))
        for accumulate in [false, true] {
            try backend.geluBackward(
                GELUBackwardCall(
                    outputGradient: g.tensor, input: x.tensor, inputGradient: gradient, accumulate: accumulate))
        }
        let exact = zip(x.values, g.values).map { 2 * Reference.geluSlope($0) * $1 }
        expectNear(try gradient.floats(), exact, tolerance: type.tolerance, "gradient")
    }

    @Test("gated GELU and its gradients", arguments: Subject.all, RealType.allCases)
    func gatedGELU(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        let gate = try Sample("gate", [1500], type, deviation: 2, on: backend)
        let up = try Sample("up", [1500], type, on: backend)
        let g = try Sample("g", [1500], type, on: backend)
        let (output, ofGate, ofUp) = (
            try room([1500], type.elementType, on: backend), try room([1500], type.elementType, on: backend),
            try room([1500], type.elementType, on: backend)
        )
        try backend.gatedGELU(GatedGELUCall(gate: gate.tensor, up: up.tensor, output: output))
        try backend.gatedGELUBackward(
            GatedGELUBackwardCall(
                outputGradient: g.tensor, gate: gate.tensor, up: up.tensor, gateGradient: ofGate, upGradient: ofUp))
        let exact = gate.values.indices.map { i in
            let (gate, up, g) = (gate.values[i], up.values[i], g.values[i])
            return (Reference.gelu(gate) * up, g * up * Reference.geluSlope(gate), g * Reference.gelu(gate))
        }
        expectNear(try output.floats(), exact.map(\.0), tolerance: type.tolerance, "output")
        expectNear(try ofGate.floats(), exact.map(\.1), tolerance: type.tolerance, "gate")
        expectNear(try ofUp.floats(), exact.map(\.2), tolerance: type.tolerance, "up")
    }

    @Test("the soft-cap is near the identity for small values and flat for large ones", arguments: Subject.all)
    func softCap(subject: Subject) throws {
        let backend = try subject.make()
        let x = try Sample(Self.odd + [.infinity, -.infinity, .nan], [Self.odd.count + 3], on: backend)
        let output = try room(x.shape, on: backend)
        try backend.softCap(SoftCapCall(input: x.tensor, cap: 30, output: output))
        let exact = x.values.map { 30 * tanh($0 / 30) }
        expectNear(try output.floats(), exact, tolerance: 1e-6, scale: 1e-6)
    }
}

/// Definitions in float64.
enum Reference {
    static func rmsNorm(_ x: [Double], _ weight: [Double], epsilon: Double) -> [Double] {
        let columns = weight.count
        return stride(from: 0, to: x.count, by: columns).flatMap { start in
            let square = x[start..<start + columns].reduce(0) { $0 + $1 * $1 } / Double(columns)
            return (0..<columns).map { x[start + $0] / (square + epsilon).squareRoot() * (1 + weight[$0]) }
        }
    }

    static func layerNorm(_ x: [Double], _ weight: [Double], _ bias: [Double], epsilon: Double) -> [Double] {
        let columns = weight.count
        return stride(from: 0, to: x.count, by: columns).flatMap { start in
            let row = x[start..<start + columns]
            let mean = row.reduce(0, +) / Double(columns)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
            return (0..<columns).map {
                (x[start + $0] - mean) / (variance + epsilon).squareRoot() * weight[$0] + bias[$0]
            }
        }
    }

    static func gelu(_ x: Double) -> Double {
        0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    }

    /// The derivative by its formula.
    static func geluSlope(_ x: Double) -> Double {
        let root = (2 / Double.pi).squareRoot()
        let t = tanh(root * (x + 0.044715 * x * x * x))
        let inner = root * (1 + 3 * 0.044715 * x * x)
        return 0.5 * (1 + t) + (abs(t) == 1 ? 0 : 0.5 * x * (1 - t * t) * inner)
    }

    /// The gradient of `function` by central differences.
    static func differences(_ x: [Double], _ function: ([Double]) -> Double) -> [Double] {
        let step = 1e-5
        return x.indices.map { i in
            var (low, high) = (x, x)
            low[i] -= step
            high[i] += step
            return (function(high) - function(low)) / (2 * step)
        }
    }
}
