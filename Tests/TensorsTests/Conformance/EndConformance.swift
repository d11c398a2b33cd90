import Foundation
import Tensors
import Testing

/// Rotary positions, loss, choice of a token.
@Suite struct EndConformance {
    @Test("rotary positions turn pairs half a head apart, and back", arguments: Subject.all, RealType.allCases)
    func rotary(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        let (heads, size) = (3, 12)
        let positions: [Int32] = [0, 1, 700, 8191]
        let x = try Sample("x", [positions.count, heads, size], type, on: backend)
        let places = try Tensor(positions, shape: [positions.count], on: backend)
        let output = try room(x.shape, type.elementType, on: backend)
        try backend.rotary(
            RotaryCall(input: x.tensor, positions: places, theta: 10_000, inverse: false, output: output))
        var exact = x.values
        for index in stride(from: 0, to: x.values.count, by: size) {
            for i in 0..<size / 2 {
                let frequency = 1 / Float(pow(10_000, Double(Float(2 * i) / Float(size))))
                let angle = Double(Float(positions[index / (heads * size)]) * frequency)
                let (a, b) = (x.values[index + i], x.values[index + i + size / 2])
                exact[index + i] = a * cos(angle) - b * sin(angle)
                exact[index + i + size / 2] = b * cos(angle) + a * sin(angle)
            }
        }
        expectNear(try output.floats(), exact, tolerance: 2 * type.tolerance, "turned")
        try backend.rotary(RotaryCall(input: output, positions: places, theta: 10_000, inverse: true, output: output))
        expectNear(try output.floats(), x.values, tolerance: 5 * type.tolerance, "turned back")
    }

    @Test("inputs that are turned together have the bits that they have alone", arguments: Subject.all, [6, 72, 256])
    func rotaryOfMany(subject: Subject, size: Int) throws {
        let backend = try subject.make()
        let positions = try [[0, 1, 700], [0, 1, 701]].map { try Tensor($0 as [Int32], shape: [3], on: backend) }
        // The first two share their angles, the next turns back, and the last stands elsewhere.
        let (heads, places) = ([8, 3, 1, 2], [0, 0, 0, 1])
        let inputs = try heads.map { try Sample("x\($0)", [3, $0, size], .bfloat16, on: backend).tensor }
        func calls() throws -> [RotaryCall] {
            try inputs.indices.map {
                RotaryCall(
                    input: inputs[$0], positions: positions[places[$0]], theta: 10_000, inverse: $0 == 2,
                    output: try room(inputs[$0].shape, .bfloat16, on: backend))
            }
        }
        let (together, apart) = (try calls(), try calls())
        try backend.rotary(together)
        for call in apart { try backend.rotary(call) }
        for (left, right) in zip(together, apart) {
            #expect(try left.output.readBytes() == right.output.readBytes())
        }
    }

    @Test("cross-entropy and its gradient", arguments: Subject.all, [nil, 2] as [Float?])
    func crossEntropy(subject: Subject, softCap: Float?) throws {
        let backend = try subject.make()
        let (rows, columns) = (3, 2500)
        let logits = try Sample("logits", [rows, columns], deviation: 4, on: backend)
        let targets: [Int32] = [0, 2499, 1023]
        let weights: [Float] = [0.5, 0, 2]
        let losses = try room([rows], on: backend)
        let cap = softCap.map(Double.init)
        let capped = logits.values.map { value in cap.map { $0 * tanh(value / $0) } ?? value }
        var (exact, gradient) = ([Double](), [Double]())
        for row in 0..<rows {
            let values = Array(capped[row * columns..<(row + 1) * columns])
            let sum = log(values.reduce(0) { $0 + exp($1) })
            exact.append(Double(weights[row]) * (sum - values[Int(targets[row])]))
            for (i, value) in values.enumerated() {
                let slope = cap.map { 1 - pow(value / $0, 2) } ?? 1
                gradient.append(Double(weights[row]) * (exp(value - sum) - (i == Int(targets[row]) ? 1 : 0)) * slope)
            }
        }
        for place in [
            try room(logits.shape, on: backend), try room(logits.shape, .bfloat16, on: backend), logits.tensor,
        ] {
            try backend.crossEntropy(
                CrossEntropyCall(
                    logits: logits.tensor, softCap: softCap, targets: Tensor(targets, shape: [rows], on: backend),
                    weights: Tensor(weights, shape: [rows], on: backend), losses: losses, logitsGradient: place))
            expectNear(try losses.floats(), exact, tolerance: 1e-6, "losses")
            let tolerance = place.elementType == .float32 ? 1e-5 : 5e-3
            expectNear(try place.floats(), gradient, tolerance: tolerance, scale: 1e-2, "gradient")
        }
    }

    /// Soft-caps, and deviations from less than a column to most of the range.
    static let spreads: [(softCap: Float?, deviation: Float)] = [
        (nil, 0.4), (nil, 1.2), (2, 1.2), (nil, 14), (2, 90),
    ]

    @Test("cross-entropy of targets that are spread over their neighbours", arguments: Subject.all, spreads)
    func spreadCrossEntropy(subject: Subject, spread: (softCap: Float?, deviation: Float)) throws {
        let (softCap, deviation) = spread
        let backend = try subject.make()
        let columns = 1300
        let range = 100..<1124
        // In the middle, at both ends of the range, outside of it on both sides, and with no weight.
        let targets: [Int32] = [600, 100, 1123, 99, 1124, 512]
        let weights: [Float] = [0.5, 1, 2, 1, 0.25, 0]
        let logits = try Sample("logits", [targets.count, columns], deviation: 3, on: backend)
        let cap = softCap.map(Double.init)
        var (exact, gradient) = ([Double](), [Double]())
        for (row, target) in targets.enumerated() {
            let raw = logits.values[row * columns..<(row + 1) * columns]
            let values = raw.map { value in cap.map { $0 * tanh(value / $0) } ?? value }
            let shares = spreadShares(target: Int(target), columns: columns, range, Double(deviation))
            let sum = log(values.reduce(0) { $0 + exp($1) })
            let expected = zip(shares, values).reduce(0) { $0 + $1.0 * $1.1 }
            exact.append(Double(weights[row]) * (sum - expected))
            for (value, share) in zip(values, shares) {
                let slope = cap.map { 1 - pow(value / $0, 2) } ?? 1
                gradient.append(Double(weights[row]) * (exp(value - sum) - share) * slope)
            }
        }
        for place in [try room(logits.shape, .bfloat16, on: backend), logits.tensor] {
            let losses = try room([targets.count], on: backend)
            var call = try CrossEntropyCall(
                logits: logits.tensor, softCap: softCap, targets: Tensor(targets, shape: [targets.count], on: backend),
                weights: Tensor(weights, shape: [targets.count], on: backend), losses: losses, logitsGradient: place)
            call.spread = TargetSpread(columns: range, deviation: deviation)
            try backend.crossEntropy(call)
            expectNear(try losses.floats(), exact, tolerance: 2e-6, "losses")
            let tolerance = place.elementType == .float32 ? 1e-5 : 5e-3
            expectNear(try place.floats(), gradient, tolerance: tolerance, scale: 1e-2, "gradient")
        }
    }

    /// What each column of a row counts, by the words of `CrossEntropyCall`.
    private func spreadShares(target: Int, columns: Int, _ range: Range<Int>, _ deviation: Double) -> [Double] {
        guard range.contains(target) else { return (0..<columns).map { $0 == target ? 1 : 0 } }
        let shares = (0..<columns).map { column in
            let distance = Double(column - target)
            let isNear = range.contains(column) && abs(distance) <= 6 * deviation
            return isNear ? exp(-distance * distance / (2 * deviation * deviation)) : 0
        }
        let sum = shares.reduce(0, +)
        return shares.map { $0 / sum }
    }

    @Test("absolute errors, and the signs of their gradient", arguments: Subject.all, RealType.allCases)
    func absoluteError(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        let (rows, columns) = (37, 4)
        let prediction = try Sample("prediction", [rows, columns], type, on: backend)
        var targets = try Sample("target", [rows, columns], on: backend).values.map { Float($0) }
        targets[5] = Float(prediction.values[5])
        let (losses, gradient) = (
            try room([rows], on: backend), try room([rows, columns], type.elementType, on: backend)
        )
        try backend.absoluteError(
            AbsoluteErrorCall(
                prediction: prediction.tensor, target: Tensor(targets, shape: [rows, columns], on: backend),
                weight: 0.5, losses: losses, gradient: gradient))
        let errors = zip(prediction.values, targets).map { $0 - Double($1) }
        let exact = (0..<rows).map { row in
            0.5 * errors[row * columns..<(row + 1) * columns].reduce(0) { $0 + abs($1) }
        }
        expectNear(try losses.floats(), exact, tolerance: 1e-5, "losses")
        #expect(try gradient.floats() == errors.map { $0 == 0 ? 0 : $0 > 0 ? 0.5 : -0.5 })
    }

    @Test(
        "patches of bytes are those of the floats that the bytes stand for", arguments: Subject.all, RealType.allCases)
    func bytePatches(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        let (count, height, width, size) = (2, 6, 9, 3)
        let bytes = (0..<count * height * width * 3).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 200) }
        let planes = (0..<count * 3 * height * width).map { i in
            let (image, channel, place) = (i / (3 * height * width), i / (height * width) % 3, i % (height * width))
            return Float(bytes[(image * height * width + place) * 3 + channel]) * (2 / 255) + -1
        }
        let found = try Tensor(bytes, shape: [count, height, width, 3], on: backend)
            .patches(of: size, as: type.elementType)
        let expected = try Tensor(planes, shape: [count, 3, height, width], on: backend)
            .patches(of: size, as: type.elementType)
        #expect(found.shape == expected.shape)
        #expect(try found.readBytes() == expected.readBytes())
    }

    @Test("a target outside the vocabulary is an error", arguments: Subject.all)
    func targetOutside(subject: Subject) throws {
        let backend = try subject.make()
        let logits = try Sample("l", [1, 8], on: backend)
        #expect(throws: TensorError.index(operation: "cross-entropy", found: -100, limit: 8)) {
            try backend.crossEntropy(
                CrossEntropyCall(
                    logits: logits.tensor, targets: Tensor([Int32(-100)], shape: [1], on: backend),
                    weights: Tensor([Float(1)], shape: [1], on: backend), losses: room([1], on: backend)))
        }
    }

    /// Columns that one block of a device takes, that several take, and that leave the last of them a few.
    @Test("argmax takes the first of equals and passes over NaN", arguments: Subject.all, [1000, 40_001, 270_000])
    func argmax(subject: Subject, columns: Int) throws {
        let backend = try subject.make()
        let (last, late) = (columns - 1, columns - 10)
        var rows = [[Float]](repeating: [Float](repeating: -1, count: columns), count: 7)
        rows[0][last] = 2
        (rows[1][17], rows[1][18], rows[1][late]) = (3, 3, 3)
        (rows[2][0], rows[2][1], rows[2][5]) = (.nan, .nan, 0)
        rows[3] = Array(repeating: -.infinity, count: columns)
        (rows[4][late], rows[4][5]) = (.infinity, .nan)
        rows[5] = Array(repeating: .nan, count: columns)
        rows[6] = rows[5]
        (rows[6][late], rows[6][last]) = (-.infinity, -.infinity)
        let output = try Tensor(uninitialized: [rows.count], .int32, on: backend)
        let input = try Tensor(rows.flatMap { $0 }, shape: [rows.count, columns], on: backend)
        // Twice: what counts the blocks that are done is left as it was.
        for _ in 0..<2 {
            try backend.argmaxRows(ArgmaxRowsCall(input: input, output: output))
            #expect(try output.read(as: Int32.self).map(Int.init) == [last, 17, 5, 0, late, 0, late])
        }
    }
}
