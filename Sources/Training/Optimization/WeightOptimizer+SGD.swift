import Models
import Tensors

/// Plain gradient descent, which keeps nothing.
extension WeightOptimizer {
    /// The update of one weight.
    ///
    /// - Source: PyTorch `torch.optim.SGD` as transformers' Trainer makes it: no momentum.
    func gradientDescentCall(_ update: Update) -> GradientDescentCall {
        GradientDescentCall(
            parameter: update.slot.weights, gradient: update.gradient, rounded: update.slot.rounded,
            learningRate: update.learningRate, weightDecay: update.weightDecay, gradientScale: update.gradientScale)
    }
}
