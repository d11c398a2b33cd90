import Tensors

/// Folding an adapter into the weights.
extension PaliGemma {
    /// Folds the adapter into the weights of its layers, if the model then answers as before.
    ///
    /// A layer in 4 bits becomes dense, in the type of the model. Modules to save stay as they were trained. All weights are
    /// frozen afterwards.
    /// - Parameters:
    ///   - tolerance: how far a logit may move, as a share of the range of all; nil for 1e-4 in float32, 2e-2 in 16 bits.
    /// - Returns: how far the logits of a row of random pixels and text moved, as a share of their range.
    /// - Throws: `ModelError.adapter` if there is no adapter, or logits moved too far; the model is then as before.
    package func mergeAdapter(tolerance: Double? = nil) throws(ModelError) -> Double {
        guard adapter != nil else {
            throw .adapter(reason: "the model has no adapter to merge; `model adapt` makes one")
        }
        let allowed = tolerance ?? (elementType == .float32 ? 1e-4 : 2e-2)
        let before = try modelErrors(probeLogits)
        var folded: [(linear: Linear, weight: Linear.Weight, adapter: LowRankAdapter)] = []
        func undo() {
            for (linear, weight, adapter) in folded {
                if case .dense(let parameter) = weight { parameter.restoreValues() }
                linear.weight = weight
                linear.adapter = adapter
            }
        }
        do throws(ModelError) {
            for linear in tree.linears {
                guard let adapter = linear.adapter else { continue }
                let sum = try modelErrors { () throws(TensorError) in try adapter.folded(into: linear.weight.values) }
                folded.append((linear, linear.weight, adapter))
                try modelErrors { () throws(TensorError) in try linear.replaceWeight(with: sum, self.elementType) }
                linear.adapter = nil
            }
            let moved = Self.distance(try modelErrors(probeLogits), before)
            guard moved <= allowed else {
                throw .adapter(
                    reason: "merged, logits would move by \(moved) of their range, more than \(allowed); "
                        + "the model is as before")
            }
            for (linear, weight, _) in folded { keep(linear, replacing: weight) }
            removeAdapter()
            for parameter in parameters.parameters { parameter.keepValues() }
            parameters.freeze { _ in true }
            return moved
        } catch {
            undo()
            throw error
        }
    }

    /// Makes a layer's new weight one of the model's.
    private func keep(_ linear: Linear, replacing weight: Linear.Weight) {
        if case .nf4(let quantized) = weight, case .dense(let parameter) = linear.weight {
            parameters.remove(quantized)
            parameters.add(parameter)
        }
        if case .dense(let parameter) = linear.weight { parameter.master = nil }
    }

    /// The logits of a short text behind random pixels, the same each time.
    private func probeLogits() throws(TensorError) -> [Float] {
        var stream = RandomStream(seed: 0, purpose: "merge")
        let side = configuration.vision.imageSize
        let values = (0..<3 * side * side).map { _ in Float(stream.uniform(-1..<1)) }
        let imageCount = configuration.vision.patchCount
        let bound = min(configuration.text.vocabularySize, configuration.imageTokenID)
        let text = [Int32(configuration.beginningID)] + (0..<15).map { _ in Int32(stream.integer(below: bound)) }
        let ids = Array(repeating: Int32(configuration.imageTokenID), count: imageCount) + text
        let tokens = TokenBatch(
            trusted: 1, length: ids.count, ids: ids, attends: ids.map { _ in true }, types: ids.map { _ in 0 },
            tokenRanges: [0..<ids.count])
        let features = try imageFeatures(Tensor(values, shape: [1, 3, side, side], on: backend))
        let hidden = try hiddenStates(tokens, features: features)
        return try logits(hidden.gatheringRows((imageCount..<ids.count).map { Int32($0) })).floats()
    }

    /// The largest difference over the range of `expected`.
    private static func distance(_ found: [Float], _ expected: [Float]) -> Double {
        var (largest, low, high) = (0.0, Double.infinity, -Double.infinity)
        for (a, b) in zip(found, expected) {
            let difference = abs(Double(a) - Double(b))
            if !(difference <= largest) { largest = difference.isNaN ? .infinity : difference }
            (low, high) = (min(low, Double(b)), max(high, Double(b)))
        }
        return largest == 0 ? 0 : largest / (high - low)
    }
}

extension LowRankAdapter {
    /// The matrix with the adapter in it, float32 `[out, in]`.
    fileprivate func folded(into weight: LinearWeight) throws(TensorError) -> Tensor {
        let term = try exactTerm()
        let sum = try weight.added(term)
        guard let magnitude else { return sum }
        let lengths = try (magnitude.master ?? magnitude.value).floats()
        let inverse = try weight.inverseRowNorms(with: term).floats()
        for row in 0..<sum.rows {
            let values = sum.part(row..<row + 1)
            try sum.backend.scale(ScaleCall(input: values, factor: lengths[row] * inverse[row], output: values))
        }
        return sum
    }
}

extension Linear {
    /// Takes another matrix, which is dense, in place of its own.
    fileprivate func replaceWeight(with exact: Tensor, _ type: ElementType) throws(TensorError) {
        switch weight {
        case .dense(let parameter):
            try parameter.replaceValues(with: exact)
        case .nf4(let quantized):
            weight = .dense(Parameter(name: quantized.name, value: try exact.converted(to: type)))
        }
    }
}
