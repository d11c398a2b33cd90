import Checkpoints
import Tensors

extension PaliGemma {
    /// Whose gradients a trace holds.
    package enum TracedGradients: String, Sendable, CaseIterable {
        /// No gradients.
        case none
        /// Those of the weights that training would change.
        case trainable
        /// Those of all weights.
        case all
    }

    /// Runs the model once and returns every intermediate under the reference's names, for comparison with other programs.
    ///
    /// `input_ids attention_mask token_type_ids labels pixel_values vision_hidden_N vision_last_hidden projector_out
    /// hidden_N logits loss`, and `grad/<checkpoint key>`. `hidden_0` is the scaled embedding, the last `hidden_N` is
    /// after the final norm; `loss` and gradients are there only if the tokens have labels.
    /// - Parameter pixels: float32 `[B, 3, S, S]`, normalized.
    package func trace(
        _ tokens: TokenBatch, pixels: Tensor, gradients: TracedGradients = .none
    ) throws(TensorError) -> [TensorSource] {
        var results = tokens.traceSources
        results.append(try source("pixel_values", pixels))
        var failure: TensorError?
        var pass = Pass()
        pass.observe = { name, value in
            do throws(TensorError) {
                results.append(try self.source(name, value))
            } catch { failure = failure ?? error }
        }
        let features = try imageFeatures(pixels, pass)
        let hidden = try hiddenStates(tokens, features: features, pass)
        let logits = try logits(hidden).viewed(as: [tokens.count, tokens.length, configuration.text.vocabularySize])
        results.append(try source("logits", logits))
        if let failure { throw failure }
        guard tokens.labels != nil else { return results }
        return results + (try traceLoss(tokens, pixels: pixels, gradients: gradients))
    }

    private func traceLoss(
        _ tokens: TokenBatch, pixels: Tensor, gradients: TracedGradients
    ) throws(TensorError) -> [TensorSource] {
        let trainable = parameters.trainable
        if gradients == .all { parameters.unfreeze { _ in true } }
        defer {
            parameters.freeze { _ in true }
            for parameter in trainable { parameter.isTrainable = true }
        }
        let tape = gradients == .none ? nil : Tape()
        let pass = Pass(tape: tape)
        let losses = try losses(tokens, features: imageFeatures(pixels, pass), pass)
        let loss = try losses.floats().reduce(0) { $0 + Double($1) }
        var results = [TensorSource(name: "loss", shape: [], floats: [Float(loss)])]
        guard let tape else { return results }
        for parameter in parameters.parameters { parameter.clearGradient() }
        try tape.backward(fromLosses: losses)
        for parameter in parameters.parameters {
            if let gradient = parameter.currentGradient {
                results.append(try source("grad/" + parameter.name, gradient))
            }
            parameter.clearGradient(releasing: true)
        }
        return results
    }

    private func source(_ name: String, _ value: Tensor) throws(TensorError) -> TensorSource {
        TensorSource(name: name, shape: value.shape, floats: try value.detached.floats())
    }
}

extension TokenBatch {
    /// The arrays under the reference's names, as int64.
    fileprivate var traceSources: [TensorSource] {
        let shape = [count, length]
        var sources = [
            TensorSource(name: "input_ids", shape: shape, integers: ids.map { Int($0) }),
            TensorSource(name: "attention_mask", shape: shape, integers: attends.map { $0 ? 1 : 0 }),
            TensorSource(name: "token_type_ids", shape: shape, integers: types.map { Int($0) }),
        ]
        if let labels { sources.append(TensorSource(name: "labels", shape: shape, integers: labels.map { Int($0) })) }
        return sources
    }

    /// The rows that a trace file holds: `input_ids`, `attention_mask` and, if present, `token_type_ids`
    /// (zeros if not: a prompt) and `labels`.
    ///
    /// - Throws: `ModelError` if an array is missing, of another shape, or holds what is no id.
    package init(traceFile file: SafetensorsFile) throws(ModelError) {
        func integers(_ name: String) throws(ModelError) -> [Int32] {
            let values = try checkpointErrors { () throws(CheckpointError) in try file.integers(name) }
            guard values.allSatisfy({ Int32(exactly: $0) != nil }) else {
                throw .inputs(reason: "\(file.path): \"\(name)\" holds numbers that are no ids")
            }
            return values.map { Int32(truncatingIfNeeded: $0) }
        }
        let shape = file.entries["input_ids"]?.shape ?? []
        guard shape.count == 2 else {
            throw .inputs(reason: "\(file.path): \"input_ids\" has shape \(shape), expected [batch, length]")
        }
        try self.init(
            count: shape[0], length: shape[1], ids: integers("input_ids"),
            attends: integers("attention_mask").map { $0 != 0 },
            types: file.entries["token_type_ids"] == nil
                ? Array(repeating: 0, count: shape[0] * shape[1]) : integers("token_type_ids"),
            labels: file.entries["labels"] == nil ? nil : integers("labels"))
    }
}
