import Models
import Tensors

/// AdamW over the trained weights of a model: moments, masters, clipping.
package final class AdamW {
    /// One trained weight and what the optimizer keeps for it.
    struct Slot {
        let parameter: Parameter
        let decays: Bool
        var first: Tensor
        var second: Tensor
    }

    private let arguments: TrainingArguments
    private(set) var slots: [Slot]
    /// Whether a kept state may name the memory of the moments.
    private var isKept = false
    /// How many updates were made.
    package internal(set) var step = 0

    /// Moments of zero for every trained weight, and masters where the arguments ask for them.
    package init(_ parameters: [Parameter], _ arguments: TrainingArguments) throws(TensorError) {
        self.arguments = arguments
        var slots: [Slot] = []
        for parameter in parameters {
            if arguments.masterWeights == .none {
                parameter.master = nil
            } else if parameter.value.elementType != .float32, parameter.master == nil {
                parameter.master = try parameter.value.converted(to: .float32)
            }
            let type = (parameter.master ?? parameter.value).elementType
            let backend = parameter.value.backend
            slots.append(
                Slot(
                    parameter: parameter,
                    decays: Self.decays(parameter.name, arguments.compatibility),
                    first: try .filled(0, shape: parameter.shape, type, on: backend),
                    second: try .filled(0, shape: parameter.shape, type, on: backend)))
        }
        self.slots = slots
    }

    /// Whether weight decay touches a weight of this name.
    ///
    /// Biases and SigLIP's norms never decay; Gemma's norms do under release 4.47, which knew norms by class, not by name.
    /// - Source: transformers' `Trainer.get_decay_parameter_names`.
    package static func decays(_ name: String, _ compatibility: TrainingArguments.Compatibility) -> Bool {
        let isSigLIPNorm = name.contains("layer_norm") || name.contains("post_layernorm")
        let isGemmaNorm = name.contains("layernorm") || name.contains(".norm.")
        return !name.hasSuffix(".bias") && !isSigLIPNorm && !(compatibility == .newest && isGemmaNorm)
    }

    /// The norm of all gradients together, times `scale`; not finite if any element is not.
    package func gradientNorm() throws(TensorError) -> Double {
        var sum = 0.0
        for slot in slots {
            guard let gradient = slot.parameter.currentGradient else { continue }
            let square = try Tensor(uninitialized: [1], .float32, on: gradient.backend)
            try gradient.backend.sumOfSquares(SumOfSquaresCall(input: gradient, output: square))
            sum += Double(try square.scalar())
        }
        return sum.squareRoot()
    }

    /// Updates every weight that has a gradient, and forgets the gradients.
    ///
    /// - Parameters:
    ///   - learningRate: of this update.
    ///   - gradientNorm: as `gradientNorm()` returned it, for clipping.
    package func update(learningRate: Double, gradientNorm: Double) throws(TensorError) {
        try makeMomentsWritable()
        step += 1
        let scale =
            arguments.maxGradNorm > 0 ? Float(min(1, arguments.maxGradNorm / (gradientNorm + 1e-6))) : 1
        for slot in slots {
            guard let gradient = slot.parameter.currentGradient else { continue }
            try update(slot, gradient, learningRate: learningRate, scale: scale)
            slot.parameter.clearGradient()
        }
    }

    /// Forgets the gradients without an update: for a step that is not finite.
    package func skip() {
        for slot in slots { slot.parameter.clearGradient() }
    }

    /// Gives the moments memory of their own where a kept state names it too; call before writing to them.
    func makeMomentsWritable() throws(TensorError) {
        guard isKept else { return }
        for place in slots.indices {
            slots[place].first = try slots[place].first.copied()
            slots[place].second = try slots[place].second.copied()
        }
        isKept = false
    }

    /// The moments as they are; nothing is copied until the next update.
    func keep() -> [Slot] {
        isKept = true
        return slots
    }

    /// Puts kept moments back.
    func restore(_ slots: [Slot]) {
        self.slots = slots
        isKept = true
    }

    /// Lets updates write in place: no state is kept that names the moments.
    func forgetKept() { isKept = false }

    /// The memory of the moments that kept states name too.
    var keptStorages: [any Storage] { isKept ? slots.flatMap { [$0.first.storage, $0.second.storage] } : [] }

    /// Frees moments and gradients, for a run that makes no more updates.
    func release() {
        for slot in slots { slot.parameter.clearGradient(releasing: true) }
        slots = []
    }

    private func update(_ slot: Slot, _ gradient: Tensor, learningRate: Double, scale: Float) throws(TensorError) {
        let parameter = slot.parameter
        try parameter.makeWritable()
        let master = parameter.master
        try gradient.backend.adamW(
            AdamWCall(
                parameter: master ?? parameter.value, gradient: gradient, firstMoment: slot.first,
                secondMoment: slot.second, rounded: master == nil ? nil : parameter.value,
                variant: arguments.optim == .adamwHF ? .huggingFace : .torch, learningRate: learningRate,
                beta1: arguments.adamBeta1, beta2: arguments.adamBeta2, epsilon: arguments.adamEpsilon,
                weightDecay: slot.decays ? arguments.weightDecay : 0, step: step, gradientScale: scale))
    }
}
