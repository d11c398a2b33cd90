import Models
import Scenes
import Tensors

/// What pretraining asks of each patch's vector besides the text: what is seen there, and where its edges are.
///
/// Linear maps from the tower's output, which are dropped when the run has ended: they make the tower see before the language
/// model can say.
final class AuxiliaryHead {
    /// What a patch is asked.
    enum Question: String, CaseIterable {
        case kind, glyph, symbol, ink

        /// How many rows its map has: the answers, and some that are never right, since products like multiples of 8.
        var rowCount: Int { (answerCount + 7) / 8 * 8 }

        private var answerCount: Int {
            switch self {
            case .kind: SceneObject.Kind.allCases.count + 1
            case .glyph: SceneWords.glyphs.count
            case .symbol: SceneWords.symbols.count
            case .ink: SceneWords.inks.count
            }
        }

        /// What its loss counts beside the others.
        var weight: Double { self == .ink ? 0.5 : 1 }
    }

    /// What the distance of edges counts beside the other losses.
    static let boxWeight = 4.0
    private static let prefix = "auxiliary."
    /// Logits of so many rows are made at a time.
    private static let chunkRows = 32_768

    let parameters: [Parameter]

    /// Random maps for vectors of a size.
    init(size: Int, seed: UInt64, _ elementType: ElementType, on backend: any Backend) throws(TensorError) {
        let shapes = Question.allCases.map { ($0.rawValue, $0.rowCount) } + [("box", 4)]
        parameters = try shapes.map { (name, count) throws(TensorError) in
            var random = RandomStream(seed: seed, purpose: "auxiliary \(name)")
            let deviation = 0.7 / Double(size).squareRoot()
            let values = (0..<count * size).map { _ in Float(random.normal() * deviation) }
            let value = try Tensor(values, shape: [count, size], on: backend).converted(to: elementType)
            return Parameter(name: Self.prefix + name, value: value)
        }
    }

    /// How many rows of a batch each question asks.
    struct Counts {
        var rows: [Question: Int] = [:]
        var boxes = 0

        init(_ batches: [PretrainingBatch]) {
            for question in Question.allCases {
                rows[question] = batches.reduce(0) { $0 + $1.labels(question).labels.count }
            }
            boxes = batches.reduce(0) { $0 + $1.boxPlaces.count }
        }
    }

    /// The losses of one batch among those of an update, each to be minimized by its sum.
    ///
    /// - Parameters:
    ///   - states: the tower's output, `[patches, D]`.
    ///   - counts: of the whole update: losses are means over it.
    ///   - weight: what they count together.
    func losses(
        _ states: Tensor, _ batch: PretrainingBatch, _ counts: Counts, weight: Double, _ tape: Tape
    ) throws(TensorError) -> [Tensor] {
        var losses: [Tensor] = []
        for (place, question) in Question.allCases.enumerated() {
            let asked = batch.labels(question)
            guard !asked.labels.isEmpty, let count = counts.rows[question] else { continue }
            let rows = question == .kind ? states : try states.gatheringRows(asked.places)
            let each = Float(weight * question.weight / Double(count))
            losses.append(
                try headLoss(
                    hidden: rows, table: tape.leaf(parameters[place].value, sink: parameters[place]),
                    targets: asked.labels, weights: Array(repeating: each, count: asked.labels.count), softCap: nil,
                    chunkRows: Self.chunkRows))
        }
        guard !batch.boxPlaces.isEmpty, let box = parameters.last else { return losses }
        let predicted = try states.gatheringRows(batch.boxPlaces).linear(weight: tape.leaf(box.value, sink: box))
        let target = try Tensor(batch.boxes, shape: predicted.shape, on: predicted.backend)
        let each = Float(weight * Self.boxWeight / Double(4 * counts.boxes))
        losses.append(try predicted.absoluteError(to: target, weight: each))
        return losses
    }

    /// The share of a question's patches that is answered rightly.
    func accuracy(of question: Question, _ states: Tensor, _ batch: PretrainingBatch) throws(TensorError) -> Double {
        let asked = batch.labels(question)
        guard !asked.labels.isEmpty, let place = Question.allCases.firstIndex(of: question) else { return .nan }
        let rows = try states.detached.gatheringRows(asked.places)
        let logits = try Tensor(uninitialized: [rows.rows, question.rowCount], .float32, on: rows.backend)
        var product = MatmulCall(a: rows, b: parameters[place].value, output: logits)
        product.transposeB = true
        try rows.backend.matmul(product)
        let answers = try Tensor(uninitialized: [rows.rows], .int32, on: rows.backend)
        try rows.backend.argmaxRows(ArgmaxRowsCall(input: logits, output: answers))
        let right = zip(try answers.read(as: Int32.self), asked.labels).count { $0 == $1 }
        return Double(right) / Double(asked.labels.count)
    }
}

extension PretrainingBatch {
    /// The patches that a question asks, and their answers.
    func labels(_ question: AuxiliaryHead.Question) -> Labels {
        switch question {
        case .kind: Labels(places: [], labels: kinds)
        case .glyph: glyphs
        case .symbol: symbols
        case .ink: inks
        }
    }
}
