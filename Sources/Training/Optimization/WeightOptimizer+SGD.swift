import Tensors

/// Plain gradient descent.
extension WeightOptimizer {
    /// `p -= rate * (gradient + decay * p)`.
    ///
    /// - Source: PyTorch `torch.optim.SGD` as transformers' Trainer makes it: no momentum.
    func updateByGradient(_ slot: Slot, _ gradient: Tensor, _ update: Update) throws(TensorError) {
        let (rate, decay) = (Float(update.learningRate), Float(update.weightDecay))
        try slot.changeOnHost(gradient, scale: update.gradientScale) { (weights, gradient) in
            for i in weights.indices { weights[i] -= rate * (gradient[i] + decay * weights[i]) }
        }
    }
}
