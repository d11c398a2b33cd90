import Checkpoints
import JSON
import Tensors

/// Adapters as peft's files: adapter_config.json and adapter_model.safetensors.
extension PaliGemma {
    /// Freezes the model and attaches the adapter in a folder that peft or Palinote wrote.
    ///
    /// - Returns: the paths of the adapted layers.
    /// - Throws: `ModelError` for files that are missing, damaged, or do not fit the model; the model is then as before.
    @discardableResult
    package func loadAdapter(folder: String) throws(ModelError) -> [String] {
        let file = folder + "/adapter_config.json"
        let mapping = try checkpointErrors { () throws(CheckpointError) in try MappedFile(path: file) }
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: mapping.withBytes { Array($0) }, name: file)
        } catch {
            throw .adapter(reason: "\(error)")
        }
        let configuration = try AdapterConfiguration(value, file: file)
        let weights = try checkpointErrors { () throws(CheckpointError) in
            try SafetensorsFile(path: folder + "/adapter_model.safetensors")
        }
        let trained = parameters.trainable
        var used: Set<String> = []
        let paths = try attach(configuration) { (name, shape) throws(ModelError) in
            let (stored, values) = try self.adapterValues(name, shape, in: weights)
            used.insert(stored)
            return values
        }
        let unknown = weights.names.filter { !used.contains($0) }
        guard unknown.isEmpty else {
            detachAdapter()
            for parameter in trained { parameter.isTrainable = true }
            throw .unknownTensors(names: unknown, source: weights.path)
        }
        return paths
    }

    /// Writes the adapter in place to a folder, for peft and for Palinote, under the names that every release of peft loads.
    ///
    /// - Parameter baseModel: the name or path of the base model that the files should state.
    /// - Throws: `ModelError.adapter` if there is no adapter.
    package func saveAdapter(folder: String, baseModel: String?) throws(ModelError) {
        guard let adapter else { throw .adapter(reason: "the model has no adapter to save; `model adapt` makes one") }
        var tensors: [TensorSource] = []
        for parameter in parameters.parameters where parameter.name.contains(".lora_") || parameter.isReplaced {
            let name = "base_model.model." + parameter.name
            let values = try modelErrors { () throws(TensorError) in try (parameter.master ?? parameter.value).floats()
            }
            tensors.append(TensorSource(name: name, shape: parameter.shape, floats: values))
        }
        let text = adapter.json(baseModel: baseModel).text(.pretty) + "\n"
        let written = tensors
        try checkpointErrors { () throws(CheckpointError) in
            try SafetensorsWriter.write(written, to: folder + "/adapter_model.safetensors")
            try AtomicFile.write(text, to: folder + "/adapter_config.json")
        }
    }

    /// The stored name and float32 values of an adapter's weight.
    private func adapterValues(
        _ name: String, _ shape: [Int], in file: SafetensorsFile
    ) throws(ModelError) -> (String, Tensor) {
        let candidates = CheckpointSource.layouts(of: name).map { "base_model.model." + $0 }
        guard let stored = candidates.first(where: { file.entries[$0] != nil }), let entry = file.entries[stored] else {
            throw .missingTensor(name: candidates[0], source: file.path)
        }
        guard entry.shape == shape else {
            throw .shape(name: stored, found: entry.shape, expected: shape, source: file.path)
        }
        let floats = try checkpointErrors { () throws(CheckpointError) in try file.floats(stored) }
        return try modelErrors { () throws(TensorError) in (stored, try Tensor(floats, shape: shape, on: self.backend))
        }
    }
}
