import Models
import Tensors

/// The optimizer of the trained weights of a model: what it keeps for each, masters, clipping.
///
/// How a weight is updated is a rule for each kind of optimizer, in a file of its own.
package final class WeightOptimizer {
    /// Something that the optimizer keeps for a weight, under the name it has in checkpoints.
    struct Moment {
        let name: String
        var tensor: Tensor
    }

    /// One trained weight and what the optimizer keeps for it.
    struct Slot {
        let parameter: Parameter
        let decays: Bool
        var moments: [Moment]

        /// The tensor that takes the updates.
        var weights: Tensor { parameter.master ?? parameter.value }
    }

    /// An update of a weight, as every rule is told of it.
    struct Update {
        let slot: Slot
        let gradient: Tensor
        let learningRate: Double
        /// Multiplies gradients, for clipping, and to undo the scaling of losses.
        let gradientScale: Float
        /// Counts from 1.
        let step: Int
        let weightDecay: Double
    }

    let arguments: TrainingArguments
    private(set) var slots: [Slot]
    /// Whether a kept state may name the memory of the moments.
    private var isKept = false
    /// How many updates were made.
    package internal(set) var step = 0

    /// Moments of zero for every trained weight, and masters where the arguments ask for them.
    ///
    /// - Parameter decays: whether weight decay touches a weight; by its name, as transformers has it, if not given.
    package init(
        _ parameters: [Parameter], _ arguments: TrainingArguments, decays: ((Parameter) -> Bool)? = nil
    ) throws(TensorError) {
        self.arguments = arguments
        var slots: [Slot] = []
        for parameter in parameters {
            parameter.gradientType = .float32
            if arguments.masterWeights == .none {
                parameter.master = nil
                // Without masters a gradient of a finer type than the weight's is lost in the update, as in PyTorch. Sums over
                // rows (norms, biases, positions) are small, and stay in float32.
                let isSum = parameter.shape.count < 2 || parameter.name.contains("position_embedding")
                parameter.gradientType = isSum ? .float32 : parameter.value.elementType
            } else if parameter.value.elementType != .float32, parameter.master == nil {
                parameter.master = try parameter.value.converted(to: .float32)
            }
            slots.append(
                Slot(
                    parameter: parameter,
                    decays: decays.map { $0(parameter) } ?? Self.decays(parameter.name, arguments.compatibility),
                    moments: try Self.moments(of: parameter, arguments.optim)))
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

    /// The norm of all gradients together; not finite if any element is not.
    package func gradientNorm() throws(TensorError) -> Double {
        let gradients = slots.compactMap(\.parameter.currentGradient)
        guard let backend = gradients.first?.backend else { return 0 }
        // Side by side, so that the device is waited for once.
        let squares = try Tensor(uninitialized: [gradients.count], .float32, on: backend)
        try backend.sumOfSquares(
            gradients.enumerated().map { SumOfSquaresCall(input: $1, output: squares.part($0..<$0 + 1)) })
        return try squares.floats().reduce(0) { $0 + Double($1) }.squareRoot()
    }

    /// Updates every weight that has a gradient, and forgets the gradients.
    ///
    /// - Parameters:
    ///   - learningRate: of this update.
    ///   - gradientNorm: of the gradients as they would be without `lossScale`, for clipping.
    ///   - lossScale: what the loss, and so each gradient, was multiplied by.
    package func update(
        learningRate: Double, gradientNorm: Double, lossScale: Double = 1
    ) throws(TensorError) {
        // What can run out of memory comes first, so that an update is made whole or not at all.
        try makeMomentsWritable()
        let changed = slots.filter { $0.parameter.currentGradient != nil }
        for slot in changed { try slot.parameter.makeWritable() }
        step += 1
        let clipping = arguments.maxGradNorm > 0 ? min(1, arguments.maxGradNorm / (gradientNorm + 1e-6)) : 1
        let scale = Float(clipping / lossScale)
        let updates = changed.compactMap { slot in
            slot.parameter.currentGradient.map { gradient in
                Update(
                    slot: slot, gradient: gradient, learningRate: learningRate, gradientScale: scale, step: step,
                    weightDecay: slot.decays ? arguments.weightDecay : 0)
            }
        }
        if let backend = updates.first?.gradient.backend { try make(updates, on: backend) }
        for slot in changed { slot.parameter.clearGradient() }
    }

    /// Forgets the gradients without an update: for a step that is not finite.
    package func skip() {
        for slot in slots { slot.parameter.clearGradient() }
    }

    /// Gives the moments memory of their own where a kept state names it too; call before writing to them.
    func makeMomentsWritable() throws(TensorError) {
        guard isKept else { return }
        for place in slots.indices {
            for number in slots[place].moments.indices {
                slots[place].moments[number].tensor = try slots[place].moments[number].tensor.copied()
            }
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
    var keptStorages: [any Storage] { isKept ? slots.flatMap(\.storages) : [] }

    /// Frees moments and gradients, for a run that makes no more updates.
    package func release() {
        for slot in slots { slot.parameter.clearGradient(releasing: true) }
        slots = []
    }

    /// What the optimizer keeps for a weight before the first update.
    private static func moments(
        of parameter: Parameter, _ optimizer: TrainingArguments.Optimizer
    ) throws(TensorError) -> [Moment] {
        switch optimizer {
        case .adamwTorch, .adamwHF: try adamMoments(of: parameter)
        case .adamw8bit: try blockwiseMoments(of: parameter)
        case .sgd: []
        case .adafactor: try adafactorMoments(of: parameter)
        }
    }

    /// All at once: a device may take hundreds of small weights in the time of one.
    private func make(_ updates: [Update], on backend: any Backend) throws(TensorError) {
        switch arguments.optim {
        case .adamwTorch, .adamwHF: try backend.adamW(updates.map(adamWCall))
        case .adamw8bit:
            try backend.adamW(updates.compactMap(blockwiseCall))
            try backend.adamW(updates.filter { !$0.slot.hasBlocks }.map(adamWCall))
        case .sgd: try backend.descend(updates.map(gradientDescentCall))
        case .adafactor: try backend.adafactor(updates.map(adafactorCall))
        }
    }
}

extension WeightOptimizer.Slot {
    /// The memory of what is kept.
    var storages: [any Storage] { moments.map(\.tensor.storage) }

    /// The copy of the weights that the model computes with, where another takes the updates.
    var rounded: Tensor? { parameter.master == nil ? nil : parameter.value }
}
