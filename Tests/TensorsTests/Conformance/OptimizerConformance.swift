import Foundation
import Tensors
import Testing

/// Updates by the optimizers besides AdamW: moments in 8 bits, plain gradient descent, Adafactor.
@Suite struct OptimizerConformance {
    /// Which types parameter and gradient have; a copy is rounded to bfloat16 where the parameter is float32.
    static let storages: [[RealType]] = [[.float32, .float32], [.float32, .bfloat16], [.bfloat16, .bfloat16]]

    /// A weight on a device, and the copy that goes with it.
    private struct Weight {
        let parameter: Sample
        let rounded: Tensor?

        init(_ name: String, _ shape: [Int], _ types: [RealType], on backend: any Backend) throws {
            parameter = try Sample(name, shape, types[0], on: backend)
            rounded = types[0] == .float32 ? try room(shape, .bfloat16, on: backend) : nil
        }

        /// Expects the parameter to be what it should, and its copy to be the parameter rounded.
        func expect(_ exact: [Double], tolerance: Double, _ what: String) throws {
            expectNear(try parameter.tensor.floats(), exact, tolerance: tolerance, what)
            guard let rounded else { return }
            #expect(try rounded.floats() == parameter.tensor.converted(to: .bfloat16).floats(), "\(what)")
        }
    }

    @Test("two steps down the gradient, of many weights at once", arguments: Subject.all)
    func descent(subject: Subject) throws {
        let backend = try subject.make()
        for types in Self.storages {
            let shapes = [[1], [37], [0], [129, 127], [40_001], [5]]
            let weights = try shapes.enumerated().map { try Weight("p\($0)", $1, types, on: backend) }
            var exact = weights.map(\.parameter.values)
            for step in 1...2 {
                var calls: [GradientDescentCall] = []
                for (place, weight) in weights.enumerated() {
                    let gradient = try Sample("g\(step) \(place)", shapes[place], types[1], on: backend)
                    let decay = Double(place) / 10
                    calls.append(
                        GradientDescentCall(
                            parameter: weight.parameter.tensor, gradient: gradient.tensor, rounded: weight.rounded,
                            learningRate: 0.1, weightDecay: decay, gradientScale: 0.5))
                    for i in exact[place].indices {
                        exact[place][i] -= 0.1 * (0.5 * gradient.values[i] + decay * exact[place][i])
                    }
                }
                try backend.descend(calls)
            }
            for (weight, exact) in zip(weights, exact) {
                try weight.expect(exact, tolerance: types[0] == .float32 ? 1e-6 : 1e-2, "\(types)")
            }
        }
    }

    @Test("moments in 8 bits have the same bits on every device", arguments: Subject.all)
    func blockwise(subject: Subject) throws {
        let backend = try subject.make()
        for types in Self.storages {
            // One element, less than a block, blocks and a part, parts of a device's chunk, whole blocks.
            let counts = [1, 200, 0, 1029, 33_000, 512]
            var weights = try counts.enumerated().map { place, count in
                try BlockwiseWeight("p\(place)", count, types, on: backend)
            }
            for step in 1...3 {
                var calls: [BlockwiseAdamWCall] = []
                for place in weights.indices {
                    // A block of zeros keeps scales of zero; tiny and huge elements meet in others.
                    var values = try Sample("g\(step) \(place)", [counts[place]], on: backend).values.map(Float.init)
                    for i in values.indices where i / 256 == 1 { values[i] = 0 }
                    for i in values.indices where i % 50 == 0 { values[i] *= 1e-6 }
                    let gradient = try Sample(values, [counts[place]], types[1], on: backend)
                    calls.append(weights[place].call(gradient.tensor, step: step))
                    weights[place].update(gradient.values.map(Float.init), step: step)
                }
                try backend.adamW(calls)
            }
            for weight in weights {
                #expect(try weight.codes[0].read(as: UInt8.self) == weight.exact.codes[0])
                #expect(try weight.codes[1].read(as: UInt8.self) == weight.exact.codes[1])
                #expect(try weight.scales[0].floats() == weight.exact.scales[0])
                #expect(try weight.scales[1].floats() == weight.exact.scales[1])
                #expect(try weight.parameter.floats() == weight.exact.parameter)
            }
        }
    }

    /// Shapes, and whether they are matrices: of few rows or columns, of several tiles, many small ones, vectors.
    static let shapes: [(shape: [Int], isMatrix: Bool)] = [
        ([4, 1030], true), ([300, 8], true), ([1, 1], true), ([3, 131, 259], true), ([40, 3, 5, 7], true),
        ([700], false), ([1], false), ([0], false),
    ]

    @Test("two Adafactor updates of many weights", arguments: Subject.all)
    func adafactor(subject: Subject) throws {
        let backend = try subject.make()
        for types in Self.storages {
            var weights = try Self.shapes.enumerated().map { place, form in
                try AdafactorWeight("p\(place)", form.shape, isMatrix: form.isMatrix, types, on: backend)
            }
            for step in 1...2 {
                let gradients = try weights.indices.map { place in
                    // Changes of the first step have a root mean square of about 1; larger gradients then are clipped.
                    try Sample(
                        "g\(step) \(place)", weights[place].parameter.shape, types[1],
                        deviation: step == 1 ? 0.01 : 0.1, on: backend)
                }
                try backend.adafactor(zip(weights, gradients).map { $0.call($1.tensor, step: step) })
                for place in weights.indices { weights[place].update(gradients[place].values, step: step) }
            }
            for weight in weights {
                let tolerance = types[0] == .float32 ? 1e-6 : 1e-2
                expectNear(
                    try weight.parameter.tensor.floats(), weight.exact, tolerance: tolerance,
                    "\(types) \(weight.parameter.shape)")
                for (found, exact) in zip(weight.squares, weight.exactSquares) {
                    expectNear(try found.floats(), exact, tolerance: 2e-6, scale: 1e-9, "mean squares")
                }
            }
        }
    }

    @Test("Adafactor's updates of many weights are those of each, to the bit", arguments: Subject.all)
    func adafactorApart(subject: Subject) throws {
        let backend = try subject.make()
        // Many small matrices: more than a device takes in one group.
        let forms = Self.shapes + [([1099, 2, 3], true), ([999, 3, 2], true)]
        func weights() throws -> [AdafactorWeight] {
            try forms.enumerated().map { place, form in
                try AdafactorWeight(
                    "p\(place)", form.shape, isMatrix: form.isMatrix, [.float32, .float32], on: backend)
            }
        }
        let (together, apart) = (try weights(), try weights())
        let gradients = try forms.enumerated().map { try Sample("g\($0)", $1.shape, on: backend).tensor }
        try backend.adafactor(zip(together, gradients).map { $0.call($1, step: 2) })
        for (weight, gradient) in zip(apart, gradients) { try backend.adafactor([weight.call(gradient, step: 2)]) }
        for (left, right) in zip(together, apart) {
            #expect(try left.parameter.tensor.floats() == right.parameter.tensor.floats())
            for (a, b) in zip(left.squares, right.squares) { #expect(try a.floats() == b.floats()) }
        }
    }
}

/// A weight with moments in 8 bits, and the same in float32 on the host, each operation by itself.
private struct BlockwiseWeight {
    let parameter: Tensor
    let codes: [Tensor]
    let scales: [Tensor]
    var exact: (parameter: [Float], codes: [[UInt8]], scales: [[Float]])
    private let isRounded: Bool

    init(_ name: String, _ count: Int, _ types: [RealType], on backend: any Backend) throws {
        let sample = try Sample(name, [count], types[0], on: backend)
        parameter = sample.tensor
        let zeros = ([UInt8](repeating: 0, count: count), [Float](repeating: 0, count: (count + 255) / 256))
        codes = try (0..<2).map { _ in try Tensor(zeros.0, shape: [count], on: backend) }
        scales = try (0..<2).map { _ in try Tensor(zeros.1, shape: [zeros.1.count], on: backend) }
        exact = (sample.values.map(Float.init), [zeros.0, zeros.0], [zeros.1, zeros.1])
        isRounded = types[0] == .bfloat16
    }

    func call(_ gradient: Tensor, step: Int) -> BlockwiseAdamWCall {
        BlockwiseAdamWCall(
            update: AdamWCall(
                parameter: parameter, gradient: gradient, firstMoment: codes[0], secondMoment: codes[1],
                variant: .torch, learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1,
                step: step, gradientScale: 0.5), firstScales: scales[0], secondScales: scales[1])
    }

    mutating func update(_ gradient: [Float], step: Int) {
        let maps = [DynamicMap.signed, .unsigned]
        var moments = (0..<2).map { which in
            exact.codes[which].enumerated().map { maps[which].values[Int($1)] * exact.scales[which][$0 / 256] }
        }
        let size = Float(0.01 / (1 - pow(0.9, Double(step))))
        let root = Float((1 - pow(0.99, Double(step))).squareRoot())
        for i in gradient.indices {
            let g = gradient[i] * 0.5
            moments[0][i] = (moments[0][i] * 0.9).addingProduct(Float(1 - 0.9), g)
            moments[1][i] = moments[1][i] * 0.99 + Float(1 - 0.99) * g * g
            let denominator = moments[1][i].squareRoot() / root + 1e-8
            let updated = exact.parameter[i] * Float(1 - 0.01 * 0.1) - size * moments[0][i] / denominator
            exact.parameter[i] = isRounded ? roundedToBFloat16(updated) : updated
        }
        for which in 0..<2 {
            for block in exact.scales[which].indices {
                let range = block * 256..<min((block + 1) * 256, gradient.count)
                let largest = moments[which][range].reduce(0) { max($0, abs($1)) }
                exact.scales[which][block] = largest
                for i in range {
                    exact.codes[which][i] = largest > 0 ? maps[which].code(moments[which][i] * (1 / largest)) : 0
                }
            }
        }
    }

    /// To nearest, ties to even.
    private func roundedToBFloat16(_ value: Float) -> Float {
        let bits = value.bitPattern
        return Float(bitPattern: (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
    }
}

/// A weight that Adafactor updates, and the same in float64 by the words of `AdafactorCall`.
private struct AdafactorWeight {
    let parameter: Sample
    /// Mean squares: of rows and columns, or of elements.
    let squares: [Tensor]
    private(set) var exact: [Double]
    private(set) var exactSquares: [[Double]]
    private let rounded: Tensor?

    init(
        _ name: String, _ shape: [Int], isMatrix: Bool, _ types: [RealType], on backend: any Backend
    ) throws {
        parameter = try Sample(name, shape, types[0], on: backend)
        let shapes = isMatrix ? [Array(shape.dropLast()), shape.dropLast(2) + shape.suffix(1)] : [shape]
        squares = try shapes.map { try Tensor.filled(0.001, shape: $0, .float32, on: backend) }
        exactSquares = shapes.map { Array(repeating: Double(Float(0.001)), count: $0.reduce(1, *)) }
        rounded = types[0] == .float32 ? try room(shape, .bfloat16, on: backend) : nil
        exact = parameter.values
    }

    private func kept(_ step: Int) -> Float { Float(1 - pow(Double(step), -0.8)) }

    func call(_ gradient: Tensor, step: Int) -> AdafactorCall {
        AdafactorCall(
            parameter: parameter.tensor, gradient: gradient,
            meanSquares: squares.count == 1 ? .elements(squares[0]) : .matrices(rows: squares[0], columns: squares[1]),
            rounded: rounded, learningRate: 0.01, weightDecay: 0.1, kept: kept(step), epsilon: 1e-30,
            clippingThreshold: 1, gradientScale: 0.5)
    }

    mutating func update(_ gradient: [Double], step: Int) {
        let keep = Double(kept(step))
        var change = gradient.map { 0.5 * $0 }
        let new = change.map { $0 * $0 + 1e-30 }
        func blend(_ old: [Double], _ mean: (Int) -> Double) -> [Double] {
            old.indices.map { keep * old[$0] + (1 - keep) * mean($0) }
        }
        if squares.count == 1 {
            exactSquares[0] = blend(exactSquares[0]) { new[$0] }
            for i in change.indices { change[i] /= exactSquares[0][i].squareRoot() }
        } else {
            let shape = Array(parameter.shape.suffix(2))
            let (rows, columns) = (shape[0], shape[1])
            exactSquares[0] = blend(exactSquares[0]) { row in
                new[row * columns..<(row + 1) * columns].reduce(0, +) / Double(columns)
            }
            exactSquares[1] = blend(exactSquares[1]) { place in
                let first = place / columns * rows * columns + place % columns
                return (0..<rows).reduce(0) { $0 + new[first + $1 * columns] } / Double(rows)
            }
            let means = stride(from: 0, to: exactSquares[0].count, by: rows).map { first in
                exactSquares[0][first..<first + rows].reduce(0, +) / Double(rows)
            }
            for i in change.indices {
                let (row, matrix) = (i / columns, i / columns / rows)
                let estimate = exactSquares[0][row] / means[matrix] * exactSquares[1][matrix * columns + i % columns]
                change[i] /= estimate.squareRoot()
            }
        }
        let root = (change.reduce(0) { $0 + $1 * $1 } / Double(max(change.count, 1))).squareRoot()
        for i in exact.indices { exact[i] -= 0.01 * 0.1 * exact[i] + 0.01 * change[i] / max(1, root) }
    }
}
