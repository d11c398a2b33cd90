/// Choices between a model's checkpoint and other programs' readings of it; docs/numerics.md says what each costs.
package struct ModelOptions: Sendable, Equatable {
    /// Whose masks are followed.
    package enum Compatibility: String, Sendable, CaseIterable {
        /// Padding is never seen, and a window never cuts the two-directional block.
        case newest
        /// transformers 4.47.0: in training, everything sees padding that stands before the tokens; a window cuts the block too.
        case period = "hf-4.47.0"
    }

    /// A bound that the checkpoint's configuration states, or none.
    package enum Bound: String, Sendable, CaseIterable {
        case config, off
    }

    package var compatibility = Compatibility.newest
    /// Whether final logits are capped as the configuration says.
    package var finalSoftCap = Bound.config
    /// Whether even layers have the window that the configuration says.
    package var slidingWindow = Bound.config

    /// Whether layers are computed again on the way back, which takes a third more time and far less memory.
    package var gradientCheckpointing = false

    /// The defaults.
    package init() {}
}
