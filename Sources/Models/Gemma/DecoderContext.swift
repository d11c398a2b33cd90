import Tensors

/// What every layer of the decoder needs to know of the tokens: where they stand, and who sees whom.
struct DecoderContext {
    /// The position of each token, int32 `[B * T]`.
    let positions: Tensor
    /// The mask of the layers without a window.
    let fullMask: AttentionMask
    /// How far back the even layers see, or nil where all see everything.
    let window: Int?
    /// How attention runs where rows hold several suffixes.
    var packed: PackedAttention?

    /// A mask as one layer has it: the even ones of Gemma 2 have the window.
    func windowed(_ mask: AttentionMask, layer: Int) -> AttentionMask {
        guard let window, layer % 2 == 0 else { return mask }
        var mask = mask
        mask.window = window
        return mask
    }
}
