/// Turns pairs `(x[i], x[i + d/2])` of each head by `position * theta^(-2i/d)`, as Gemma does.
///
/// Angles are computed in float32 from the position; sine and cosine are rounded to the element type before they are used.
/// - Shapes: input and output `[R, heads, d]`, positions int32 `[R]`; output may be input itself.
/// `inverse` turns back: the gradient.
package struct RotaryCall {
    package let input: Tensor
    package let positions: Tensor
    package let theta: Float
    package let inverse: Bool
    package let output: Tensor

    /// States a call.
    package init(input: Tensor, positions: Tensor, theta: Float, inverse: Bool, output: Tensor) {
        self.input = input
        self.positions = positions
        self.theta = theta
        self.inverse = inverse
        self.output = output
    }
}

extension Backend {
    /// For devices that gain nothing from turning queries and keys together.
    package func rotary(_ calls: [RotaryCall]) throws(TensorError) {
        for call in calls { try rotary(call) }
    }
}

/// Which keys a query may see, for each example of a batch.
///
/// Columns count from the start of the key tensor. Query row `t` of the call stands at column `queryOffset + t`.
/// Query column `i` sees key column `j` of example `b` where `j` lies in `keys[b]`, and either `j <= i`, or both are
/// below `prefixEnd[b]`; and where a window is set, `i - j < window`, or both are below `prefixEnd[b]` and
/// `windowSparesPrefix`. A query that sees no key gives zeros.
package struct AttentionMask: Sendable, Equatable {
    /// The columns that hold tokens; outside it are padding or unused cache.
    package var keys: [Range<Int>]
    /// The column where the two-directional block ends; the key extent for a whole bidirectional pass.
    package var prefixEnd: [Int]
    /// The column of the first query row.
    package var queryOffset = 0
    /// How far back a query sees, or nil for all the way.
    package var window: Int?
    /// Whether the two-directional block ignores the window.
    package var windowSparesPrefix = true

    /// A mask for `keys.count` examples.
    package init(
        keys: [Range<Int>], prefixEnd: [Int], queryOffset: Int = 0, window: Int? = nil, windowSparesPrefix: Bool = true
    ) {
        self.keys = keys
        self.prefixEnd = prefixEnd
        self.queryOffset = queryOffset
        self.window = window
        self.windowSparesPrefix = windowSparesPrefix
    }

    /// Everything sees everything: the vision tower.
    package static func full(batch: Int, columns: Int) -> AttentionMask {
        AttentionMask(
            keys: Array(repeating: 0..<columns, count: batch), prefixEnd: Array(repeating: columns, count: batch))
    }
}

/// Soft-capped, masked, grouped attention: `softmax(cap * tanh(q k^T * scale / cap)) v`, the softmax in float32.
///
/// - Shapes: q and output `[B, Tq, Hq, d]`, k and v `[B, C, Hkv, d]` with `Hq` a multiple of `Hkv` (head `h` uses `h / (Hq / Hkv)`),
///   logSumExp float32 `[B, Hq, Tq]`. `C` may be a cache's capacity, more than the columns in `mask`; what lies
///   outside the mask is never read.
/// A row's bits depend only on its query and on the keys that it sees, in order: not on padding, `C`, or other rows.
package struct AttentionCall {
    package let q: Tensor
    package let k: Tensor
    package let v: Tensor
    package let mask: AttentionMask
    package let scale: Float
    package let softCap: Float?
    package let output: Tensor
    /// Receives `log(sum(exp(scores)))` of each row, for the backward; minus infinity for a row that sees nothing.
    package let logSumExp: Tensor?

    /// States a call.
    package init(
        q: Tensor, k: Tensor, v: Tensor, mask: AttentionMask, scale: Float, softCap: Float? = nil, output: Tensor,
        logSumExp: Tensor? = nil
    ) {
        self.q = q
        self.k = k
        self.v = v
        self.mask = mask
        self.scale = scale
        self.softCap = softCap
        self.output = output
        self.logSumExp = logSumExp
    }
}

/// The gradients of `AttentionCall`; scores are computed again, not kept.
///
/// - Shapes: as forward; the gradients are like q, k, v and are written whole (zeros outside the mask).
package struct AttentionBackwardCall {
    package let outputGradient: Tensor
    package let forward: AttentionCall
    package let qGradient: Tensor
    package let kGradient: Tensor
    package let vGradient: Tensor

    /// States a call.
    package init(
        outputGradient: Tensor, forward: AttentionCall, qGradient: Tensor, kGradient: Tensor, vGradient: Tensor
    ) {
        self.outputGradient = outputGradient
        self.forward = forward
        self.qGradient = qGradient
        self.kGradient = kGradient
        self.vGradient = vGradient
    }
}
