import Models
import Tensors

/// One micro-batch: token rows and their pictures, as pixels or as features that do not change.
package struct TrainingBatch {
    /// What stands for the pictures.
    package enum Pictures {
        /// float32 `[B, 3, S, S]`: the tower runs, and may learn.
        case pixels(Tensor)
        /// `[B * N, D]`: the tower's work is done.
        case features(Tensor)
    }

    /// Token rows with labels.
    package let tokens: TokenBatch
    /// Their pictures.
    package let pictures: Pictures

    /// Puts a micro-batch together.
    package init(tokens: TokenBatch, pictures: Pictures) {
        self.tokens = tokens
        self.pictures = pictures
    }

    /// The features of the pictures, `[B * N, D]`: those that are there, or made of pixels by the model as it is.
    func features(_ model: PaliGemma, _ pass: Pass) throws(TensorError) -> Tensor {
        switch pictures {
        case .pixels(let pixels): try model.imageFeatures(pixels, pass)
        case .features(let features): features
        }
    }

    /// What its cost depends on.
    package var shape: BatchShape {
        var runsTower = false
        if case .pixels = pictures { runsTower = true }
        return BatchShape(
            count: tokens.count, length: tokens.length, labelCount: labelCount, runsTower: runsTower)
    }

    /// How many labels there are.
    package var labelCount: Int { tokens.predictions.labels.count }
}

/// What the cost of a micro-batch depends on.
package struct BatchShape: Sendable, Equatable, Codable {
    /// Rows.
    package var count: Int
    /// Tokens of a row, padding included.
    package var length: Int
    package var labelCount: Int
    /// Whether pictures went through the tower.
    package var runsTower: Bool
}
