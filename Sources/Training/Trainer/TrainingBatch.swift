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

    /// How many labels there are.
    package var labelCount: Int { tokens.predictions.labels.count }
}
