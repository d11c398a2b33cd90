import Models
import Tensors

/// How well a model answers the prompts of a batch whose answers it is shown up to each token.
package struct PretrainingScores: Sendable, Equatable, Codable {
    /// The mean loss of tokens that are no locations.
    package var textLoss: Double
    /// The mean loss of locations, their targets not spread.
    package var locationLoss: Double
    /// The share of tokens other than locations whose likeliest token is right.
    package var textAccuracy: Double
    /// The median distance of the likeliest location from the right one, in locations.
    package var locationError: Double
    /// The shares of patches whose glyph and symbol are read rightly.
    package var glyphAccuracy: Double
    package var symbolAccuracy: Double

    /// Labels that are looked at; more change no figure that is shown.
    private static let mostLabels = 4096

    /// Scores a model before an update.
    init(
        _ model: PaliGemma, _ head: AuxiliaryHead, hidden: Tensor, _ labels: [Int32], patches: Tensor,
        _ batch: PretrainingBatch, locationIDs: Range<Int>
    ) throws(TensorError) {
        let count = min(labels.count, Self.mostLabels)
        let (rows, labels) = (hidden.part(0..<count), Array(labels.prefix(count)))
        let losses = try model.labelLosses(
            rows, labels, weights: Array(repeating: 1, count: count), chunkRows: count
        ).floats().map(Double.init)
        let likeliest = try Self.largest(model.logits(rows))
        let locations = try Self.largest(model.logits(rows, over: model.headRows(locationIDs)))
        let isLocation = labels.map { locationIDs.contains(Int($0)) }
        let (text, places) = (
            labels.indices.filter { !isLocation[$0] }, labels.indices.filter { isLocation[$0] }
        )
        textLoss = Self.mean(text.map { losses[$0] })
        locationLoss = Self.mean(places.map { losses[$0] })
        textAccuracy = Self.mean(text.map { likeliest[$0] == labels[$0] ? 1 : 0 })
        let errors = places.map { abs(Int(locations[$0]) + locationIDs.lowerBound - Int(labels[$0])) }.sorted()
        locationError = errors.isEmpty ? .nan : Double(errors[errors.count / 2])
        glyphAccuracy = try head.accuracy(of: .glyph, patches, batch)
        symbolAccuracy = try head.accuracy(of: .symbol, patches, batch)
    }

    private static func largest(_ logits: Tensor) throws(TensorError) -> [Int32] {
        let places = try Tensor(uninitialized: [logits.rows], .int32, on: logits.backend)
        try logits.backend.argmaxRows(ArgmaxRowsCall(input: logits, output: places))
        return try places.read(as: Int32.self)
    }

    private static func mean(_ values: [Double]) -> Double {
        values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
    }
}

/// One line of a pretraining's log.
package struct PretrainingLogEntry: Sendable, Equatable, Codable {
    /// Updates made.
    package var step: Int
    /// Prompts learned from.
    package var samples: Int
    /// The mean of what was minimized, over the updates since the last line, and the same of the labels of patches.
    package var loss: Double
    package var auxiliaryLoss: Double
    package var scores: PretrainingScores
    package var learningRate: Double
    package var gradientNorm: Double

    /// The values under the names that logs have.
    var values: [(name: String, value: Double)] {
        [
            ("samples", Double(samples)), ("loss", loss), ("text_loss", scores.textLoss),
            ("location_loss", scores.locationLoss), ("auxiliary_loss", auxiliaryLoss),
            ("text_accuracy", scores.textAccuracy), ("location_error", scores.locationError),
            ("glyph_accuracy", scores.glyphAccuracy), ("symbol_accuracy", scores.symbolAccuracy),
            ("learning_rate", learningRate), ("grad_norm", gradientNorm),
        ]
    }
}
