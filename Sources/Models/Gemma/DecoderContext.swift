import Tensors

/// What every layer of the decoder needs to know of the tokens: where they stand, and who sees whom.
struct DecoderContext {
    /// The position of each token, int32 `[B * T]`.
    let positions: Tensor
    /// The mask of the layers without a window; stands for nothing where there are segments.
    let fullMask: AttentionMask
    /// Where the tokens of several answers stand in the cache, each for itself; empty where all rows are alike.
    let segments: [CacheSegment]
    /// How far back the even layers see, or nil where all see everything.
    let window: Int?
    /// How attention runs where rows hold several suffixes.
    let packed: PackedAttention?

    /// Rows of equal length.
    init(positions: Tensor, fullMask: AttentionMask, window: Int?, packed: PackedAttention? = nil) {
        (self.positions, self.fullMask, self.window, segments) = (positions, fullMask, window, [])
        self.packed = packed
    }

    /// Tokens of several answers in one row, `[1, N]`.
    init(positions: Tensor, segments: [CacheSegment], window: Int?) {
        (self.positions, self.segments, self.window) = (positions, segments, window)
        fullMask = AttentionMask(keys: [], prefixEnd: [])
        packed = nil
    }

    /// The mask of a segment in one layer.
    func mask(of segment: CacheSegment, layer: Int) -> AttentionMask { windowed(segment.mask, layer: layer) }

    /// A mask as one layer has it: the even ones of Gemma 2 have the window.
    func windowed(_ mask: AttentionMask, layer: Int) -> AttentionMask {
        guard let window, layer % 2 == 0 else { return mask }
        var mask = mask
        mask.window = window
        return mask
    }
}
