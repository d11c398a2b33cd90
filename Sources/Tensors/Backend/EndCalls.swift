/// `output = cap * tanh(input / cap)`; `output` may be `input` itself.
package struct SoftCapCall {
    package let input: Tensor
    package let cap: Float
    package let output: Tensor

    /// States a call.
    package init(input: Tensor, cap: Float, output: Tensor) {
        self.input = input
        self.cap = cap
        self.output = output
    }
}

/// Cross-entropy of rows of logits against target ids, with the gradient where it is wanted.
///
/// `losses[i] = weights[i] * (logSumExp(capped logits[i]) - capped logits[i][targets[i]])`; the gradient is that of
/// `sum(losses)` for the uncapped logits. With smoothing `s` the target's capped logit counts `1 - s`, and the mean of all
/// capped logits of the row counts `s`. With `spread`, a target among its columns is no single column: column `j` of them counts
/// in proportion to `exp(-(j - target)^2 / (2 deviation^2))`, those farther than six deviations nothing; it takes no smoothing.
/// - Shapes: logits float32 `[R, V]` before the soft-cap, targets int32 `[R]` in `0..<V`, weights float32 `[R]`,
///   losses float32 `[R]`, logitsGradient `[R, V]` of any real type (may be `logits` itself if float32).
package struct CrossEntropyCall {
    package let logits: Tensor
    package let softCap: Float?
    package let targets: Tensor
    package let weights: Tensor
    package let losses: Tensor
    package let logitsGradient: Tensor?
    /// The share of a target that is spread over all columns, 0 for none.
    package var smoothing: Float = 0
    /// How targets among some columns are spread over their neighbours.
    package var spread: TargetSpread?

    /// States a call.
    package init(
        logits: Tensor, softCap: Float? = nil, targets: Tensor, weights: Tensor, losses: Tensor,
        logitsGradient: Tensor? = nil
    ) {
        self.logits = logits
        self.softCap = softCap
        self.targets = targets
        self.weights = weights
        self.losses = losses
        self.logitsGradient = logitsGradient
    }
}

/// A bell of neighbouring columns in place of one target: for columns that stand for numbers, such as locations.
package struct TargetSpread: Sendable, Equatable {
    /// The columns that stand in a row for numbers.
    package let columns: Range<Int>
    /// The standard deviation, in columns; above zero.
    package let deviation: Float

    /// States a spread.
    package init(columns: Range<Int>, deviation: Float) {
        precondition(deviation > 0 && deviation.isFinite, "a spread has a deviation above zero")
        (self.columns, self.deviation) = (columns, deviation)
    }
}

/// The column of the largest element of each row, the first of equals; NaN counts as smallest.
///
/// - Shapes: input float32 `[R, V]`, output int32 `[R]`.
package struct ArgmaxRowsCall {
    package let input: Tensor
    package let output: Tensor

    /// States a call.
    package init(input: Tensor, output: Tensor) {
        self.input = input
        self.output = output
    }
}
