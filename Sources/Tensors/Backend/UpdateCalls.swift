import Glibc

/// One AdamW update of one parameter.
///
/// `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, with `g = gradientScale * gradient`. Then
/// - `.torch`: `p -= lr * decay * p` first, then `p -= lr / (1 - b1^t) * m / (sqrt(v / (1 - b2^t)) + epsilon)`;
/// - `.huggingFace`: `p -= lr * sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + epsilon)`, then `p -= lr * decay * p`.
/// - Types: parameter float32, or bfloat16 computed in float32 and rounded at the end; gradient float32 or like the parameter;
///   moments float32 or bfloat16; `rounded`, where given, receives the parameter in bfloat16 or float16.
/// - Source: PyTorch `torch.optim.AdamW`; transformers 4.47 `AdamW`. docs/numerics.md "AdamW".
package struct AdamWCall {
    /// Which program's arithmetic is followed.
    package enum Variant: String, Sendable, CaseIterable {
        case torch = "adamw_torch"
        case huggingFace = "adamw_hf"
    }

    package var parameter: Tensor
    package var gradient: Tensor
    package var firstMoment: Tensor
    package var secondMoment: Tensor
    package var rounded: Tensor?
    package var variant: Variant
    package var learningRate: Double
    package var beta1: Double
    package var beta2: Double
    package var epsilon: Double
    package var weightDecay: Double
    /// Counts from 1.
    package var step: Int
    /// Multiplies the gradient first: clipping, and the mean over accumulated micro-batches.
    package var gradientScale: Float

    /// States a call.
    package init(
        parameter: Tensor, gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor, rounded: Tensor? = nil,
        variant: Variant, learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double,
        step: Int, gradientScale: Float
    ) {
        self.parameter = parameter
        self.gradient = gradient
        self.firstMoment = firstMoment
        self.secondMoment = secondMoment
        self.rounded = rounded
        self.variant = variant
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.step = step
        self.gradientScale = gradientScale
    }
}

extension AdamWCall {
    /// The numbers of an update that are the same for all elements, computed in float64 and rounded once.
    package struct Factors {
        package let beta1, beta2, oneMinusBeta1, oneMinusBeta2, epsilon: Float
        /// The learning rate over the first bias correction; for `.huggingFace` times the root of the second.
        package let stepSize: Float
        /// The root of the second bias correction, which divides the root of `v`; 1 for `.huggingFace`.
        package let secondCorrection: Float
        /// What is left of the parameter: `1 - learningRate * weightDecay`.
        package let decay: Float
    }

    /// What kernels compute with.
    package var factors: Factors {
        let firstCorrection = 1 - pow(beta1, Double(step))
        let secondRoot = (1 - pow(beta2, Double(step))).squareRoot()
        let correctsInStep = variant == .huggingFace
        return Factors(
            beta1: Float(beta1), beta2: Float(beta2), oneMinusBeta1: Float(1 - beta1), oneMinusBeta2: Float(1 - beta2),
            epsilon: Float(epsilon),
            stepSize: Float(learningRate * (correctsInStep ? secondRoot : 1) / firstCorrection),
            secondCorrection: Float(correctsInStep ? 1 : secondRoot), decay: Float(1 - learningRate * weightDecay))
    }
}

/// An AdamW update, `.torch`, whose moments are kept as codes of 8 bits with a scale for each block of elements.
///
/// Moments are read as `value of the code * scale of the block`, and computed with in float32, the first with a fused sum. They
/// are written as the codes nearest to `moment * (1 / scale)`, where a block's scale is its largest magnitude; the codes of a
/// block of zeros are 0. First moments have `DynamicMap.signed`, second ones `DynamicMap.unsigned`.
/// - Types: moments of `update` uint8; parameter, gradient and `rounded` of any real type.
/// - Shapes: scales float32 `[ceil(count / blockSize)]`, which the update changes.
/// - Source: Dettmers et al., "8-bit optimizers via block-wise quantization", 2021; bitsandbytes' CPU build.
package struct BlockwiseAdamWCall {
    /// Elements of one scale.
    package static let blockSize = 256

    package let update: AdamWCall
    package let firstScales: Tensor
    package let secondScales: Tensor

    /// States a call.
    package init(update: AdamWCall, firstScales: Tensor, secondScales: Tensor) {
        self.update = update
        self.firstScales = firstScales
        self.secondScales = secondScales
    }
}

/// `p -= learningRate * (g + weightDecay * p)`, with `g = gradientScale * gradient`, in float32.
///
/// - Types: parameter and gradient of any real type; `rounded`, where given, receives the parameter in its type.
/// - Source: PyTorch `torch.optim.SGD` without momentum.
package struct GradientDescentCall {
    package let parameter: Tensor
    package let gradient: Tensor
    package let rounded: Tensor?
    package let learningRate: Double
    package let weightDecay: Double
    package let gradientScale: Float

    /// States a call.
    package init(
        parameter: Tensor, gradient: Tensor, rounded: Tensor? = nil, learningRate: Double, weightDecay: Double,
        gradientScale: Float
    ) {
        self.parameter = parameter
        self.gradient = gradient
        self.rounded = rounded
        self.learningRate = learningRate
        self.weightDecay = weightDecay
        self.gradientScale = gradientScale
    }
}

/// One Adafactor update of one parameter, without a first moment.
///
/// With `g = gradientScale * gradient` and `s = g^2 + epsilon`, mean squares become `kept * old + (1 - kept) * s`, of matrices
/// with the means of `s` over their rows and columns. The change is `g / sqrt(mean square)`, of a matrix
/// `g / sqrt(row / mean of rows) / sqrt(column)`. All changes of the parameter are divided by
/// `max(1, root mean square of them / clippingThreshold)`; then `p = p - learningRate * weightDecay * p - learningRate * change`.
/// - Types: parameter and gradient of any real type, computed in float32, sums in float64; `rounded`, where given, receives the
///   parameter in its type.
/// - Source: Shazeer and Stern, "Adafactor", 2018; transformers' `Adafactor`.
package struct AdafactorCall {
    /// The mean squares, float32, which the update changes.
    package enum MeanSquares {
        /// One for each element.
        case elements(Tensor)
        /// Those of the rows, `[..., R]`, and of the columns, `[..., C]`, of matrices `[..., R, C]`.
        case matrices(rows: Tensor, columns: Tensor)
    }

    package let parameter: Tensor
    package let gradient: Tensor
    package let meanSquares: MeanSquares
    package let rounded: Tensor?
    package let learningRate: Double
    package let weightDecay: Double
    /// The share of the old mean squares that stays.
    package let kept: Float
    package let epsilon: Float
    package let clippingThreshold: Float
    package let gradientScale: Float

    /// States a call.
    package init(
        parameter: Tensor, gradient: Tensor, meanSquares: MeanSquares, rounded: Tensor? = nil, learningRate: Double,
        weightDecay: Double, kept: Float, epsilon: Float, clippingThreshold: Float, gradientScale: Float
    ) {
        self.parameter = parameter
        self.gradient = gradient
        self.meanSquares = meanSquares
        self.rounded = rounded
        self.learningRate = learningRate
        self.weightDecay = weightDecay
        self.kept = kept
        self.epsilon = epsilon
        self.clippingThreshold = clippingThreshold
        self.gradientScale = gradientScale
    }

    /// How the parameter lies in memory: matrices of some rows and columns, a vector as one row.
    package var form: (matrices: Int, rows: Int, columns: Int) {
        let shape = parameter.shape
        guard case .matrices = meanSquares, shape.count >= 2 else { return (1, 1, parameter.count) }
        return (shape.dropLast(2).product, shape[shape.count - 2], shape[shape.count - 1])
    }
}

extension Backend {
    /// For devices that take one weight at a time.
    package func adamW(_ calls: [AdamWCall]) throws(TensorError) {
        for call in calls { try adamW(call) }
    }
}
