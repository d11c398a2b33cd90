import CPUBackend
import Tensors
import Testing

@Suite("Each operation's gradient is that of finite differences")
struct OperationGradientTests {
    static let dropout = RandomKey(seed: 1, purpose: "dropout")

    static let simple: [GradientCase] = [
        GradientCase("sum", [[3, 4], [3, 4]]) { try $0[0].adding($0[1]) },
        GradientCase("sum with an operand that repeats", [[6, 4], [2, 4]]) { try $0[0].adding($0[1]) },
        GradientCase("product with a number", [[3, 4]]) { try $0[0].scaled(by: -1.5) },
        GradientCase("GELU", [[5, 7]]) { try $0[0].gelu() },
        GradientCase("gated GELU", [[5, 7], [5, 7]]) { try $0[0].gatedGELU(up: $0[1]) },
        GradientCase("other shape", [[2, 6]]) { try $0[0].reshaped(to: [3, 4]) },
        GradientCase("RMS norm", [[4, 9], [9]]) { try $0[0].rmsNorm(weight: $0[1], epsilon: 1e-3) },
        GradientCase("RMS norm added to a residual", [[4, 9], [9], [4, 9]]) {
            try $0[0].rmsNorm(weight: $0[1], epsilon: 1e-3, residual: $0[2])
        },
        GradientCase("layer norm", [[4, 9], [9], [9]]) {
            try $0[0].layerNorm(weight: $0[1], bias: $0[2], epsilon: 1e-3)
        },
    ]

    private static func adapted(_ shape: [Int], _ a: Tensor, _ b: Tensor) throws -> AdaptedWeight {
        let matrix = try Sample("matrix", shape, on: a.backend).tensor
        return try #require(
            AdaptedWeight(LinearMap(matrix: .dense(matrix), term: LowRankTerm(a: a, b: b, scaling: 1.5))))
    }

    static let linear: [GradientCase] = [
        GradientCase("linear", [[2, 3, 5], [4, 5]]) { try $0[0].linear(weight: $0[1]) },
        GradientCase("linear with a bias", [[3, 5], [4, 5], [4]]) { try $0[0].linear(weight: $0[1], bias: $0[2]) },
        GradientCase("linear with a low-rank term", [[3, 5], [4, 5], [2, 5], [4, 2]]) {
            try $0[0].linear(weight: $0[1], lowRank: LowRankTerm(a: $0[2], b: $0[3], scaling: 2.5))
        },
        GradientCase("linear maps of one input", [[3, 5], [4, 5], [2, 5], [4, 2], [4, 5], [3, 5], [4, 3]]) {
            let maps = try $0[0].scaled(by: 2).linear(byEach: [
                LinearMap(matrix: .dense($0[1]), term: LowRankTerm(a: $0[2], b: $0[3], scaling: 2.5)),
                LinearMap(matrix: .dense($0[4]), term: LowRankTerm(a: $0[5], b: $0[6], scaling: 0.5)),
            ])
            return try maps[0].gelu().adding(maps[1])
        },
        GradientCase("linear maps of one input, one of them adapted", [[3, 5], [4, 5], [4, 5], [2, 5], [4, 2]]) {
            let maps = try $0[0].scaled(by: 2).linear(byEach: [
                LinearMap(matrix: .dense($0[1]), term: nil),
                LinearMap(matrix: .dense($0[2]), term: LowRankTerm(a: $0[3], b: $0[4], scaling: 0.5)),
            ])
            return try maps[0].gatedGELU(up: maps[1])
        },
        GradientCase("linear maps of one input, of which one is used", [[3, 5], [4, 5], [2, 5], [4, 2]]) {
            let map = LinearMap(matrix: .dense($0[1]), term: LowRankTerm(a: $0[2], b: $0[3], scaling: 2.5))
            return try $0[0].linear(byEach: [map, map, map])[1]
        },
        GradientCase(
            "feed-forward layer with adapters", [[3, 5], [2, 5], [8, 2], [4, 5], [8, 4], [2, 8], [6, 2]]
        ) {
            return try $0[0].scaled(by: 0.5).feedForward(
                gate: adapted([8, 5], $0[1], $0[2]), up: adapted([8, 5], $0[3], $0[4]),
                down: adapted([6, 8], $0[5], $0[6]))
        },
        GradientCase("linear with all of it, and dropout", [[3, 5], [4, 5], [4], [2, 5], [4, 2]]) {
            let term = LowRankTerm(a: $0[3], b: $0[4], scaling: 0.5, dropout: (rate: 0.4, key: dropout))
            return try $0[0].linear(weight: $0[1], bias: $0[2], lowRank: term)
        },
    ]

    static let rows: [GradientCase] = [
        GradientCase("rows of a table, some twice", [[5, 3]]) { try $0[0].gatheringRows([4, 0, 4, 2], scale: 1.5) },
        GradientCase("rows replaced", [[4, 3], [2, 3]]) { try $0[0].replacingRows([3, 1], with: $0[1]) },
        GradientCase("rotary embedding of queries and keys", [[2, 3, 2, 6], [2, 3, 1, 6]]) {
            let positions = try Tensor([1, 2, 3, 1, 5, 9] as [Int32], shape: [6], on: $0[0].backend)
            let turned = try Tensor.rotated($0, positions: positions, theta: 100)
            return try turned[0].reshaped(to: [6, 12]).linear(weight: turned[1].reshaped(to: [3, 12]))
        },
        GradientCase("rotary embedding of which one output is not used", [[2, 3, 2, 6]]) {
            let positions = try Tensor([1, 2, 3, 1, 5, 9] as [Int32], shape: [6], on: $0[0].backend)
            return try Tensor.rotated([$0[0], $0[0]], positions: positions, theta: 100)[1]
        },
    ]

    static let attention: [GradientCase] = [
        ("everything", AttentionMask.full(batch: 2, columns: 5), nil),
        ("a prefix, padding and a cap", AttentionMask(keys: [1..<5, 0..<4], prefixEnd: [3, 2]), 2),
        ("a window that spares the prefix", AttentionMask(keys: [0..<5, 0..<5], prefixEnd: [3, 2], window: 2), nil),
        (
            "a window that cuts it",
            AttentionMask(keys: [0..<5, 0..<5], prefixEnd: [3, 2], window: 2, windowSparesPrefix: false), 2
        ),
    ].map { (name: String, mask: AttentionMask, cap: Float?) in
        GradientCase("attention: \(name)", [[2, 5, 4, 6], [2, 5, 2, 6], [2, 5, 2, 6]]) {
            try $0[0].attention(keys: $0[1], values: $0[2], mask: mask, scale: 0.5, softCap: cap)
        }
    }

    /// The processor as it is, and a GPU without a card.
    static let subjects = [Subject(testDescription: "cpu") { try CPUBackend() }, Subject.emulatedGPU]

    @Test("alone", arguments: subjects, simple + linear + rows + attention)
    func alone(_ subject: Subject, _ operation: GradientCase) throws {
        try operation.check(on: subject.make(), seed: randomSeed)
    }

    @Test(
        "the loss of a tied head, over the hidden states and the table", arguments: [nil, 2] as [Float?],
        [0, 0.3] as [Float])
    func headLoss(softCap: Float?, smoothing: Float) throws {
        let operation = GradientCase("head loss", [[3, 5], [7, 5]]) {
            try Tensors.headLoss(
                hidden: $0[0], table: $0[1], targets: [6, 0, 3], weights: [0.5, 1, 2], softCap: softCap,
                smoothing: smoothing)
        }
        try operation.check(on: CPUBackend()) { try .filled(1, shape: $0.shape, .float32, on: $0.backend) }
    }

    @Test("the loss of a head whose targets are spread, and absolute errors", arguments: [nil, 2] as [Float?])
    func spreadHeadLoss(softCap: Float?) throws {
        let ones: (Tensor) throws -> Tensor = { try .filled(1, shape: $0.shape, .float32, on: $0.backend) }
        let operation = GradientCase("spread head loss", [[3, 5], [9, 5]]) {
            try Tensors.headLoss(
                hidden: $0[0], table: $0[1], targets: [4, 2, 8], weights: [0.5, 1, 2], softCap: softCap,
                spread: TargetSpread(columns: 2..<8, deviation: 1.5))
        }
        try operation.check(on: CPUBackend(), seed: ones)
        // Errors that are larger than the steps of the check, so that no sign changes in between.
        let target = (0..<6).map { Float($0 % 2 == 0 ? 9 : -9) }
        let errors = GradientCase("absolute error", [[2, 3]]) {
            try $0[0].absoluteError(to: Tensor(target, shape: [2, 3], on: $0[0].backend), weight: 0.7)
        }
        try errors.check(on: CPUBackend(), seed: ones)
    }

    @Test("several losses walk back at once as the sum of each alone")
    func severalRoots() throws {
        let backend = try CPUBackend()
        let (x, table) = (try Sample("x", [4, 5], on: backend).tensor, try Sample("t", [6, 5], on: backend).tensor)
        func gradient(_ picked: [Int]) throws -> [Float] {
            let (tape, sink) = (Tape(), LeafGradient(like: x))
            let hidden = try tape.leaf(x, sink: sink).scaled(by: 2)
            let first = try Tensors.headLoss(
                hidden: hidden, table: table, targets: [0, 1, 2, 3], weights: [1, 1, 1, 1], softCap: nil)
            let second = try hidden.absoluteError(
                to: .filled(3, shape: [4, 5], .float32, on: backend), weight: 0.1)
            try tape.backward(fromLosses: picked.map { [first, second][$0] })
            return try sink.values()
        }
        let parts = (try gradient([0]), try gradient([1]))
        let whole = try gradient([0, 1])
        expectNear(whole, zip(parts.0, parts.1).map { Double($0) + Double($1) }, tolerance: 1e-5)
        #expect(parts.0 != whole && parts.1 != whole)
    }

    @Test("a head's loss is the same in one chunk and in several")
    func chunks() throws {
        let backend = try CPUBackend()
        let hidden = try Sample("hidden", [300, 5], on: backend).tensor
        let table = try Sample("table", [7, 5], on: backend).tensor
        let targets = (0..<300).map { Int32($0 % 7) }
        func run(_ range: Range<Int>) throws -> (losses: [Float], hidden: [Float], table: [Float]) {
            let tape = Tape()
            let (rows, sink, tableSink) = (
                hidden.part(range), LeafGradient(like: hidden.part(range)), LeafGradient(like: table)
            )
            let losses = try Tensors.headLoss(
                hidden: tape.leaf(rows, sink: sink), table: tape.leaf(table, sink: tableSink),
                targets: Array(targets[range]), weights: range.map { _ in 1 }, softCap: 3)
            try tape.backward(fromLosses: losses)
            return (try losses.floats(), try sink.values(), try tableSink.values())
        }
        let whole = try run(0..<300)
        let parts = try [run(0..<100), run(100..<200), run(200..<300)]
        #expect(whole.losses == parts.flatMap(\.losses))
        #expect(whole.hidden == parts.flatMap(\.hidden))
        let sums = (0..<35).map { i in parts.reduce(0.0) { $0 + Double($1.table[i]) } }
        expectNear(whole.table, sums, tolerance: 1e-4, scale: 10, "table")
    }

    @Test("the padding row of a table is read, and gets no gradient")
    func ignoredRow() throws {
        let backend = try CPUBackend()
        let table = try Sample("table", [4, 3], on: backend).tensor
        let operation = GradientCase("rows", [[4, 3]]) { try $0[0].gatheringRows([1, 0, 3, 0], ignoring: [0]) }
        let output = try operation.operation([table]).floats()
        #expect(try Array(output[3..<6]) == Array(table.floats()[0..<3]))
        let found = try operation.analytic([table]) { try .filled(1, shape: $0.shape, .float32, on: backend) }[0]
        #expect(found == [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1])
    }

    @Test("a gradient goes back through a change of type in the type it came from")
    func conversion() throws {
        let backend = try CPUBackend()
        let leaf = try Sample("leaf", [3, 4], on: backend).tensor
        let (tape, sink) = (Tape(), LeafGradient(like: leaf))
        let output = try tape.leaf(leaf, sink: sink).converted(to: .bfloat16)
        #expect(output.elementType == .bfloat16)
        let seed = try Sample("seed", [3, 4], .bfloat16, on: backend).tensor
        try tape.backward(from: output, seed: seed)
        #expect(try sink.values() == seed.floats())
    }

    @Test("dropping keeps the mean, is the same for a key, and another for another")
    func dropped() throws {
        let backend = try CPUBackend()
        let ones = try Tensor.filled(1, shape: [100, 100], .float32, on: backend)
        let values = try ones.dropped(rate: 0.25, key: Self.dropout).floats()
        #expect(Set(values) == [0, 1 / 0.75])
        let share = Double(values.count { $0 == 0 }) / 1e4
        #expect(abs(share - 0.25) < 5 * (0.25 * 0.75 / 1e4).squareRoot(), "\(share) were dropped")
        #expect(try ones.dropped(rate: 0.25, key: Self.dropout).floats() == values)
        #expect(try ones.dropped(rate: 0.25, key: RandomKey(seed: 2, purpose: "dropout")).floats() != values)
        #expect(try ones.dropped(rate: 0, key: Self.dropout).floats() == ones.floats())
    }
}
