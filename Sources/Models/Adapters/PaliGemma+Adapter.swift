import Tensors

extension PaliGemma {
    /// Freezes the model and attaches a new low-rank adapter to each targeted linear layer.
    ///
    /// `a` is uniform in `±1 / sqrt(in)` as peft makes it, `b` is zero: the model answers as before.
    /// - Returns: the paths of the adapted layers.
    /// - Throws: `ModelError.adapter` if there is an adapter already, or no layer is targeted.
    @discardableResult
    package func attach(_ configuration: AdapterConfiguration, seed: UInt64) throws(ModelError) -> [String] {
        try attach(configuration) { (name, shape) throws(ModelError) in
            if name.hasSuffix(".lora_B.weight") {
                return try modelErrors { () throws(TensorError) in
                    try .filled(0, shape: shape, .float32, on: self.backend)
                }
            }
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
            made.append(
                (
                    linear,
                    LowRankAdapter(
                        a: a, b: b, scaling: configuration.scaling, dropout: Float(configuration.loraDropout))
                ))
        }
        parameters.freeze { _ in true }
        for (linear, adapter) in made {
            parameters.add(adapter.a)
            parameters.add(adapter.b)
            linear.adapter = adapter
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
        for linear in tree.linears { linear.adapter = nil }
        parameters.remove { $0.name.hasSuffix(".lora_A.weight") || $0.name.hasSuffix(".lora_B.weight") }
        adapter = nil
    }
}
