import Tensors

/// What a model was at a time: weights, freezing, adapter, options.
///
/// It names tensors and copies none; whoever writes to a weight afterwards makes a copy first, so that frozen weights are
/// shared by all states.
package struct ModelState {
    let weights: [Parameter.Kept]
    fileprivate let linears: [(weight: Linear.Weight, adapter: LowRankAdapter?)]
    fileprivate let adapter: AdapterConfiguration?
    fileprivate let options: ModelOptions

    /// The memory that the state needs.
    package var storages: [any Storage] {
        weights.flatMap {
            [$0.value.storage] + ($0.master.map { [$0.storage] } ?? []) + ($0.original.map { [$0.value.storage] } ?? [])
        }
    }
}

extension PaliGemma {
    /// What the model is now.
    package func keepState() -> ModelState {
        ModelState(
            weights: parameters.parameters.map { $0.keep() },
            linears: tree.linears.map { ($0.weight, $0.adapter) }, adapter: adapter, options: options)
    }

    /// Makes the model what it was.
    package func restore(_ state: ModelState) {
        parameters.replace(with: state.weights.map(\.parameter))
        for weight in state.weights { weight.parameter.restore(weight) }
        for (linear, kept) in zip(tree.linears, state.linears) {
            (linear.weight, linear.adapter) = (kept.weight, kept.adapter)
        }
        adapter = state.adapter
        options = state.options
    }

    /// The memory of trained weights that kept states name too: training copies it before its first update.
    package var keptStoragesOfTraining: [any Storage] {
        parameters.trainable.filter { $0.keptByteCount > 0 }.flatMap {
            [$0.value.storage] + ($0.master.map { [$0.storage] } ?? [])
        }
    }

    /// Lets training write in place: no state is kept that names the trained weights.
    package func forgetKeptStates() {
        for parameter in parameters.trainable { parameter.forgetKept() }
    }
}
