import Checkpoints
import Models
import Tensors

/// What a checkpoint holds of the optimizer: moments, and the weights as they take updates.
extension WeightOptimizer {
    static let fileName = "optimizer.safetensors"

    /// Writes them to a checkpoint's folder.
    func store(to folder: String) throws(TrainingError) {
        let tensors = slots.flatMap(\.stored).map { name, tensor in
            TensorSource(name: name, elementType: tensor.elementType, shape: tensor.shape) { sink in
                let bytes = try tensor.readBytes()
                try bytes.withUnsafeBytes { try sink($0) }
            }
        }
        try fileErrors { () throws(CheckpointError) in
            try SafetensorsWriter.write(tensors, to: "\(folder)/\(Self.fileName)")
        }
    }

    /// Reads tensors of a checkpoint into those of the optimizer, then the weights that the model computes with.
    ///
    /// - Parameter fits: whether the names of a file go with a count of tensors.
    func restore(
        from folder: String, _ named: [(name: String, tensor: Tensor)], fits: ([String], Int) -> Bool
    ) throws(TrainingError) {
        let file = try fileErrors { () throws(CheckpointError) in
            try SafetensorsFile(path: "\(folder)/\(Self.fileName)")
        }
        guard fits(file.names, named.count) else {
            throw .resume(
                folder: folder,
                reason:
                    "it holds \(file.names.count) tensors of \(file.names.count { $0.hasPrefix("weight/") }) trained "
                    + "weights, this run \(named.count) of \(slots.count)")
        }
        // The bytes below lie in the mapped file, which must outlive them.
        defer { withExtendedLifetime(file) {} }
        let stored = try named.map { (name, tensor) throws(TrainingError) in
            try bytes(of: name, like: tensor, file, folder)
        }
        try trainingErrors { () throws(TensorError) in
            try makeMomentsWritable()
            for slot in slots { try slot.parameter.makeWritable() }
        }
        // A tensor that was shared with a kept state is another one now.
        let present = Dictionary(
            uniqueKeysWithValues: slots.flatMap(\.stored).map { ($0.name, $0.tensor) })
        try trainingErrors { () throws(TensorError) in
            for ((name, tensor), bytes) in zip(named, stored) {
                let target = present[name] ?? tensor
                try target.backend.write(bytes, to: target.storage, byteOffset: target.byteOffset)
            }
            for slot in slots {
                guard let master = slot.parameter.master else { continue }
                try master.backend.convert(ConvertCall(input: master, output: slot.parameter.value))
            }
        }
    }

    /// The stored bytes of one tensor, which fit `tensor`.
    private func bytes(
        of name: String, like tensor: Tensor, _ file: SafetensorsFile, _ folder: String
    ) throws(TrainingError) -> UnsafeRawBufferPointer {
        guard let entry = file.entries[name] else {
            throw .resume(folder: folder, reason: "\(Self.fileName) lacks \"\(name)\"")
        }
        guard entry.shape == tensor.shape, entry.elementType == tensor.elementType else {
            throw .resume(
                folder: folder,
                reason: "\"\(name)\" is \(entry.elementType.name) \(entry.shape), "
                    + "this run has \(tensor.elementType.name) \(tensor.shape)")
        }
        return UnsafeRawBufferPointer(rebasing: file.mapping.bytes[entry.byteRange])
    }
}
