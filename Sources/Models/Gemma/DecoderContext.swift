import Tensors

/// What every layer of the decoder needs to know of the tokens: where they stand, and who sees whom.
struct DecoderContext {
    /// The position of each token, int32 `[B * T]`.
    let positions: Tensor
    /// The mask of the layers without a window.
    let fullMask: AttentionMask
    /// How far back the even layers see, or nil where all see everything.
    let window: Int?

    /// The mask of one layer: the even ones of Gemma 2 have the window.
    func mask(layer: Int) -> AttentionMask {
        guard let window, layer % 2 == 0 else { return fullMask }
        var mask = fullMask
        mask.window = window
        return mask
    }
}
