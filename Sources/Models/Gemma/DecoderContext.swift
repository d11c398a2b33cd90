import Tensors

/// What every layer of the decoder needs to know of the tokens: where they stand, and who sees whom.
struct DecoderContext {
    /// Who sees whom.
    enum Sight {
        /// Rows of equal length, under the mask of the layers without a window.
        case rows(AttentionMask)
        /// Rows that hold several suffixes.
        case packed(PackedAttention)
        /// Single tokens of several answers in one row, `[1, N]`, each behind what the cache holds of its answer.
        case cached(CachePlaces)
    }

    /// The position of each token, int32 `[B * T]`.
    let positions: Tensor
    /// Who sees whom.
    let sight: Sight
    /// How far back the even layers see, or nil where all see everything.
    let window: Int?

    /// How far back one layer sees: the even ones of Gemma 2 have the window.
    func window(ofLayer layer: Int) -> Int? { layer % 2 == 0 ? window : nil }
}
