import Tensors

/// One layer of the decoder: attention, then a gated feed-forward, each normed and added to its input.
struct GemmaLayer {
    private let attention: GemmaAttention
    private let gate, up, down: Linear
    private let norms: Norms

    /// Gemma norms before each part; Gemma 2 before and after.
    private enum Norms {
        case gemma(beforeAttention: RMSNorm, beforeFeedForward: RMSNorm)
        case gemma2(
            beforeAttention: RMSNorm, afterAttention: RMSNorm, beforeFeedForward: RMSNorm, afterFeedForward: RMSNorm)
    }

    init(_ scope: ParameterScope, _ configuration: GemmaConfiguration, layer: Int) throws(ModelError) {
        let (size, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        attention = try GemmaAttention(scope / "self_attn", configuration, layer: layer)
        gate = try Linear(scope / "mlp" / "gate_proj", from: size, to: intermediate, hasBias: false)
        up = try Linear(scope / "mlp" / "up_proj", from: size, to: intermediate, hasBias: false)
        down = try Linear(scope / "mlp" / "down_proj", from: intermediate, to: size, hasBias: false)
        func norm(_ name: String) throws(ModelError) -> RMSNorm {
            try RMSNorm(scope / name, size: size, epsilon: configuration.normEpsilon)
        }
        switch configuration.family {
        case .gemma:
            norms = .gemma(
                beforeAttention: try norm("input_layernorm"), beforeFeedForward: try norm("post_attention_layernorm"))
        case .gemma2:
            norms = .gemma2(
                beforeAttention: try norm("input_layernorm"), afterAttention: try norm("post_attention_layernorm"),
                beforeFeedForward: try norm("pre_feedforward_layernorm"),
                afterFeedForward: try norm("post_feedforward_layernorm"))
        }
    }

    /// The norm before attention.
    var inputNorm: RMSNorm {
        switch norms {
        case .gemma(let beforeAttention, _): beforeAttention
        case .gemma2(let beforeAttention, _, _, _): beforeAttention
        }
    }

    /// - Parameters:
    ///   - x: `[B, T, D]`.
    ///   - normed: `inputNorm` of it.
    ///   - next: the norm that what this layer gives goes through next.
    /// - Returns: what this layer gives, and that norm of it; both `[B, T, D]`.
    func callAsFunction(
        _ x: Tensor, normed: Tensor, next: RMSNorm, _ context: DecoderContext, _ pass: Pass
    ) throws(TensorError) -> (sum: Tensor, next: Tensor) {
        let attended = try attention(normed, context, pass)
        switch norms {
        case .gemma(_, let beforeFeedForward):
            let seen = try x.adding(attended)
            let sum = try seen.adding(feedForward(beforeFeedForward(seen, pass), pass))
            return (sum, try next(sum, pass))
        case .gemma2(_, let afterAttention, let beforeFeedForward, let afterFeedForward):
            let seen = try afterAttention(attended, addedTo: x, then: beforeFeedForward, pass)
            return try afterFeedForward(feedForward(seen.next, pass), addedTo: seen.sum, then: next, pass)
        }
    }

    private func feedForward(_ x: Tensor, _ pass: Pass) throws(TensorError) -> Tensor {
        try Linear.feedForward(gate: gate, up: up, down: down, x, pass)
    }
}
