import Models
import Tensors

/// AdamW of PyTorch and of transformers 4.47.
extension WeightOptimizer {
    static func adamMoments(of parameter: Parameter) throws(TensorError) -> [Moment] {
        let weights = parameter.master ?? parameter.value
        return try ["exp_avg", "exp_avg_sq"].map { (name) throws(TensorError) in
            Moment(
                name: name,
                tensor: try .filled(0, shape: parameter.shape, weights.elementType, on: weights.backend))
        }
    }

    /// The update of one weight.
    func adamWCall(_ update: Update) -> AdamWCall {
        let slot = update.slot
        return AdamWCall(
            parameter: slot.weights, gradient: update.gradient, firstMoment: slot.moments[0].tensor,
            secondMoment: slot.moments[1].tensor, rounded: slot.rounded,
            variant: arguments.optim == .adamwHF ? .huggingFace : .torch, learningRate: update.learningRate,
            beta1: arguments.adamBeta1, beta2: arguments.adamBeta2, epsilon: arguments.adamEpsilon,
            weightDecay: update.weightDecay, step: update.step, gradientScale: update.gradientScale)
    }
}
