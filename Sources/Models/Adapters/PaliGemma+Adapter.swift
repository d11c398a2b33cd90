import Tensors

extension PaliGemma {
    /// Freezes the model and attaches a new low-rank adapter to each targeted linear layer.
    ///
    /// `a` is uniform in `±1 / sqrt(in)` as peft makes it, `b` is zero, magnitudes are the rows' lengths, and modules to save
    /// start as they are: the model answers as before.
    /// - Returns: the paths of the adapted layers.
    /// - Throws: `ModelError.adapter` if there is an adapter already, or no layer is targeted.
    @discardableResult
    package func attach(_ configuration: AdapterConfiguration, seed: UInt64) throws(ModelError) -> [String] {
        try attach(configuration) { (name, shape) throws(ModelError) in
            guard self.backend.holdsValues else {
                return try modelErrors { () throws(TensorError) in
                    try Tensor(uninitialized: shape, .float32, on: self.backend)
                }
            }
            if name.hasSuffix(".lora_B.weight") {
                return try modelErrors { () throws(TensorError) in
                    try .filled(0, shape: shape, .float32, on: self.backend)
                }
            }
            if let values = try self.startingValues(of: name) { return values }
            var stream = RandomStream(seed: seed, purpose: name)
            let bound = 1 / Double(shape[1]).squareRoot()
            let values = (0..<shape.product).map { _ in Float(stream.uniform(-bound..<bound)) }
            return try modelErrors { () throws(TensorError) in try Tensor(values, shape: shape, on: self.backend) }
        }
    }

    /// Attaches an adapter whose float32 weights `values` gives.
    @discardableResult
    func attach(
        _ configuration: AdapterConfiguration, values: (_ name: String, _ shape: [Int]) throws(ModelError) -> Tensor
    ) throws(ModelError) -> [String] {
        guard adapter == nil else {
            throw .adapter(reason: "the model has an adapter already; merge it or load the model again")
        }
        guard configuration.r > 0 else { throw .adapter(reason: "rank r is \(configuration.r), it must be above zero") }
        let matches = try configuration.targetModules.matcher()
        let targets = tree.linears.filter { matches($0.path) }
        guard !targets.isEmpty else {
            throw .adapter(
                reason: "no linear layer is called \(configuration.targetModules); "
                    + "there are \(Set(linearPaths.compactMap { $0.split(separator: ".").last }).sorted().joined(separator: ", "))"
            )
        }
        var made: [(Linear, LowRankAdapter)] = []
        for linear in targets {
            let (outputSize, inputSize) = (linear.weight.shape[0], linear.weight.shape[1])
            let a = try makeParameter(linear.path + ".lora_A.weight", [configuration.r, inputSize], values)
            let b = try makeParameter(linear.path + ".lora_B.weight", [outputSize, configuration.r], values)
            let magnitude =
                configuration.useDora
                ? try makeParameter(linear.path + Self.magnitudeSuffix, [outputSize], values) : nil
            made.append(
                (
                    linear,
                    LowRankAdapter(
                        a: a, b: b, magnitude: magnitude, scaling: configuration.scaling,
                        dropout: Float(configuration.loraDropout))
                ))
        }
        let saved = try parametersToSave(configuration, values)
        parameters.freeze { _ in true }
        for (linear, adapter) in made {
            for parameter in adapter.parameters { parameters.add(parameter) }
            linear.adapter = adapter
        }
        for (parameter, exact) in saved {
            try modelErrors { () throws(TensorError) in try parameter.replaceValues(with: exact) }
            parameter.isTrainable = true
        }
        adapter = configuration
        return targets.map(\.path)
    }

    /// A weight kept in float32, and in the type of the model where that is coarser.
    private func makeParameter(
        _ name: String, _ shape: [Int], _ values: (String, [Int]) throws(ModelError) -> Tensor
    ) throws(ModelError) -> Parameter {
        let master = try values(name, shape)
        let value = try modelErrors { () throws(TensorError) in try master.converted(to: self.elementType) }
        let parameter = Parameter(name: name, value: value)
        if elementType != .float32 { parameter.master = master }
        return parameter
    }

    /// Takes the adapter off; the model is as it was, and frozen.
    package func detachAdapter() {
        removeAdapter()
        for parameter in parameters.parameters where parameter.isReplaced {
            parameter.restoreValues()
            parameter.isTrainable = false
            parameter.clearGradient(releasing: true)
        }
    }

    /// Forgets the low-rank terms.
    func removeAdapter() {
        for linear in tree.linears { linear.adapter = nil }
        parameters.remove { $0.name.contains(".lora_") }
        adapter = nil
    }

    static let magnitudeSuffix = ".lora_magnitude_vector"

    /// What magnitudes and modules to save start from; nil for another weight.
    private func startingValues(of name: String) throws(ModelError) -> Tensor? {
        try modelErrors { () throws(TensorError) in
            if let parameter = self.parameters[name] {
                return try Tensor(parameter.value.floats(), shape: parameter.shape, on: self.backend)
            }
            guard let linear = self.tree.linears.first(where: { $0.path + Self.magnitudeSuffix == name }) else {
                return nil
            }
            let lengths = try linear.weight.values.inverseRowNorms(with: nil).floats().map { 1 / $0 }
            return try Tensor(lengths, shape: [lengths.count], on: self.backend)
        }
    }

    /// The weights of the modules to save, with their values in float32.
    ///
    /// - Throws: `ModelError.adapter` where a name reaches nothing, or a matrix in 4 bits.
    private func parametersToSave(
        _ configuration: AdapterConfiguration, _ values: (String, [Int]) throws(ModelError) -> Tensor
    ) throws(ModelError) -> [(Parameter, Tensor)] {
        var saved: [(Parameter, Tensor)] = []
        for ending in configuration.modulesToSave ?? [] {
            let picks = { (name: String) in
                let parts = name.split(separator: ".")
                return (1..<parts.count).contains { parts[..<$0].joined(separator: ".").hasSuffix(ending) }
            }
            if let weight = parameters.quantized.first(where: { picks($0.name) }) {
                throw .adapter(
                    reason: "modules_to_save \"\(ending)\" reaches \(weight.name), which is in 4 bits and cannot be "
                        + "trained; load the model with --skip-modules \(ending)")
            }
            let picked = parameters.parameters.filter { picks($0.name) }
            guard !picked.isEmpty else {
                throw .adapter(reason: "modules_to_save: no module's path ends in \"\(ending)\"")
            }
            for parameter in picked where !saved.contains(where: { $0.0 === parameter }) {
                saved.append((parameter, try values(parameter.name, parameter.shape)))
            }
        }
        return saved
    }
}
