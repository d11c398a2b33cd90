import Models

/// The factor that losses are multiplied by where a model computes in float16, so that small gradients do not vanish.
///
/// It is halved by an update that is skipped because its gradients are not finite, and doubled after 2000 in a row that were
/// made. It is a power of two, so that dividing by it is exact.
/// - Source: `torch.amp.GradScaler`, with its defaults.
package struct LossScaler: Sendable, Equatable, Codable {
    /// What losses are multiplied by at present.
    package private(set) var scale = 65_536.0
    /// Updates made since the scale last changed.
    package private(set) var growthTracker = 0
    /// Updates left out so far.
    package private(set) var skippedUpdates = 0

    static let (growthFactor, backoffFactor, growthInterval) = (2.0, 0.5, 2000)
    /// Below this scale the run ends: what overflows is not due to it. fairseq's `min_loss_scale`.
    static let leastScale = 1e-4

    enum CodingKeys: String, CodingKey {
        case scale
        case growthTracker = "growth_tracker"
        case skippedUpdates = "skipped_updates"
    }

    /// The scaler at its start.
    package init() {}

    /// A scaler at its start for a model that needs one.
    package init?(for model: PaliGemma) {
        guard model.computesInFloat16 else { return nil }
    }

    /// Whether a stored scaler is one that can have been.
    var isSound: Bool {
        scale.isFinite && scale >= Self.leastScale && scale.significand == 1 && skippedUpdates >= 0
            && (0..<Self.growthInterval).contains(growthTracker)
    }

    /// Takes note of an update: whether loss and gradients were finite, so that it was made.
    ///
    /// - Throws: `TrainingError.overflow` once the scale is so small that it cannot be the reason.
    mutating func note(isFinite: Bool) throws(TrainingError) {
        guard isFinite else {
            (scale, growthTracker, skippedUpdates) = (scale * Self.backoffFactor, 0, skippedUpdates + 1)
            guard scale >= Self.leastScale else { throw .overflow(skippedUpdates: skippedUpdates) }
            return
        }
        growthTracker += 1
        guard growthTracker == Self.growthInterval else { return }
        growthTracker = 0
        // As float32, which losses are in.
        if Float(scale * Self.growthFactor).isFinite { scale *= Self.growthFactor }
    }
}
