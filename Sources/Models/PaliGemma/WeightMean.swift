import Tensors

/// The mean of the weights that several trainings made of one model, as it goes.
///
/// - Source: Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
///   increasing inference time", 2022.
package struct WeightMean {
    private let start: ModelState
    private var means: [String: Tensor] = [:]
    /// How many models were added.
    package private(set) var count = 0

    /// No models yet.
    ///
    /// - Parameter start: the state that every training began with; weights that still are what they were then are left alone.
    package init(from start: ModelState) { self.start = start }

    /// Adds a model as it is now.
    ///
    /// - Throws: `ModelError.adapter` for a model with an adapter: merge it first.
    package mutating func add(_ model: PaliGemma) throws(ModelError) {
        guard model.adapter == nil else { throw .adapter(reason: "a mean is made of plain weights; merge the adapter") }
        count += 1
        for parameter in start.changedParameters {
            let exact = parameter.master ?? parameter.value
            try modelErrors { () throws(TensorError) in try add(exact, parameter.name) }
        }
    }

    /// `mean += (values - mean) / count`, in float32.
    private mutating func add(_ values: Tensor, _ name: String) throws(TensorError) {
        let backend = values.backend
        let mean: Tensor
        if let known = means[name] {
            mean = known
        } else {
            mean = try .filled(0, shape: values.shape, .float32, on: backend)
        }
        let share = 1 / Float(count)
        try backend.scale(ScaleCall(input: mean, factor: 1 - share, output: mean))
        try backend.add(AddCall(a: mean, b: values, scale: share, output: mean))
        means[name] = mean
    }

    /// Gives a model, which was added last, the mean weights.
    package func write(to model: PaliGemma) throws(ModelError) {
        for parameter in start.changedParameters {
            guard let mean = means[parameter.name] else { continue }
            try modelErrors { () throws(TensorError) in try parameter.replaceValues(with: mean) }
            parameter.keepValues()
        }
    }
}

extension ModelState {
    /// The weights whose values are not those of this state any more.
    fileprivate var changedParameters: [Parameter] {
        weights.filter { $0.parameter.value.storage !== $0.value.storage }.map(\.parameter)
    }
}
