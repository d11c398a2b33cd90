import Checkpoints
import JSON
import Tensors

extension PaliGemma {
    /// Writes weights and config.json to a folder, in the layout of names that every release of transformers opens.
    ///
    /// Weights that training keeps in float32 are rounded to `elementType`; an adapter is not written. Matrices in 4 bits
    /// are written as transformers writes them, with `quantization_config`.
    /// - Parameters:
    ///   - elementType: the type to store; nil for that of the model.
    ///   - maximumShardBytes: where to cut into several files.
    package func save(
        folder: String, as elementType: ElementType? = nil, maximumShardBytes: Int = 5_000_000_000
    ) throws(ModelError) {
        let stored = elementType ?? self.elementType
        var tensors = parameters.parameters.filter { !$0.name.contains(".lora_") }.map { parameter in
            TensorSource(name: parameter.name, elementType: stored, shape: parameter.shape) { sink in
                let bytes = try (parameter.master ?? parameter.value).detached.converted(to: stored).readBytes()
                try bytes.withUnsafeBytes { try sink($0) }
            }
        }
        for weight in parameters.quantized {
            tensors += try modelErrors { () throws(TensorError) in try weight.matrix.sources(name: weight.name) }
        }
        let written = tensors
        var source = configuration.source
        source["quantization_config"] = storedQuantization?.json(elementType: stored)
        source[source["dtype"] == nil ? "torch_dtype" : "dtype"] = .string(stored.name)
        let text = JSON.object(source).text(.pretty) + "\n"
        try checkpointErrors { () throws(CheckpointError) in
            try SafetensorsWriter.writeSharded(written, to: folder, maximumShardBytes: maximumShardBytes)
            try AtomicFile.write(text, to: folder + "/config.json")
        }
    }

    /// How linear layers are quantized, with those named that are not.
    private var storedQuantization: QuantizationConfiguration? {
        guard !parameters.quantized.isEmpty, var stored = quantization else { return nil }
        let dense = tree.linears.filter { linear in
            if case .dense = linear.weight { !stored.skips(linear.path) } else { false }
        }
        if !dense.isEmpty { stored.skipModules = (stored.skipModules ?? []) + dense.map(\.path) }
        return stored
    }

    private struct WritingStopped: Error, CustomStringConvertible {
        var description: String { "stopped" }
    }

    /// Writes a checkpoint of random bfloat16 weights to a folder, one weight at a time.
    ///
    /// - Parameters:
    ///   - shouldStop: asked now and then; true ends the writing with an error.
    ///   - progress: is told the bytes written so far, and in all.
    package static func writeRandom(
        _ configuration: PaliGemmaConfiguration, seed: UInt64, folder: String, backend: any Backend,
        maximumShardBytes: Int = 5_000_000_000,
        shouldStop: @escaping () -> Bool = { false },
        progress: @escaping (_ written: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(ModelError) {
        let outline = try PaliGemma(outlining: configuration, elementType: .bfloat16, backend: backend)
        let total = outline.parameters.byteCount
        var written = 0
        let tensors = outline.parameters.parameters.map { parameter in
            let (name, shape) = (parameter.name, parameter.shape)
            return TensorSource(name: name, elementType: .bfloat16, shape: shape) { sink in
                let weights = RandomWeights(seed: seed, name: name, shape: shape)
                for start in stride(from: 0, to: weights.count, by: 1 << 22) {
                    let bits = weights.bfloat16(start..<min(start + 1 << 22, weights.count))
                    try bits.withUnsafeBytes { try sink($0) }
                    if shouldStop() { throw WritingStopped() }
                    written += 2 * bits.count
                    progress(written, total)
                }
            }
        }
        let text = JSON.object(configuration.source).text(.pretty) + "\n"
        try checkpointErrors { () throws(CheckpointError) in
            try SafetensorsWriter.writeSharded(tensors, to: folder, maximumShardBytes: maximumShardBytes)
            try AtomicFile.write(text, to: folder + "/config.json")
        }
    }
}
