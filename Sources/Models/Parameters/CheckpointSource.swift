import Checkpoints
import Tensors

/// Weights from a checkpoint, mapped and not copied where the type is the wanted one.
///
/// Files carry one of two layouts of names: `language_model.model.layers.0…` (transformers before 4.52, and the hub) or
/// `model.language_model.layers.0…` (the tree since then). Names here are of the first.
struct CheckpointSource: ParameterSource {
    let checkpoint: Checkpoint
    let elementType: ElementType
    let backend: any Backend

    var mapsFiles: Bool { true }

    func values(of name: String, shape: [Int]) throws(ModelError) -> Tensor {
        guard let stored = Self.layouts(of: name).first(where: checkpoint.contains) else {
            throw .missingTensor(name: name, source: Self.listing(of: checkpoint))
        }
        let (file, entry) = try checkpointErrors { () throws(CheckpointError) in
            (try checkpoint.file(for: stored), try checkpoint.entry(stored))
        }
        guard entry.shape == shape else {
            throw .shape(name: stored, found: entry.shape, expected: shape, source: entry.file)
        }
        guard entry.elementType.isFloatingPoint else {
            throw .checkpoint(
                .unsupportedType(
                    file: entry.file, tensor: stored, found: entry.elementType.name, expected: "a real type"))
        }
        return try modelErrors { () throws(TensorError) in
            let bytes = UnsafeRawBufferPointer(rebasing: file.mapping.bytes[entry.byteRange])
            let storage = try backend.adopt(bytes, owner: file.mapping)
            let mapped = Tensor(storage: storage, shape: shape, elementType: entry.elementType, backend: backend)
            return try mapped.converted(to: elementType)
        }
    }

    func release(_ name: String) {
        guard let stored = Self.layouts(of: name).first(where: checkpoint.contains),
            let file = try? checkpoint.file(for: stored), let entry = try? checkpoint.entry(stored)
        else { return }
        file.mapping.advise(.dontNeed, entry.byteRange)
    }

    /// The names that one weight may have in files, the most common first.
    static func layouts(of name: String) -> [String] {
        if name.hasPrefix("language_model.model.") {
            return [name, "model.language_model." + name.dropFirst("language_model.model.".count)]
        }
        let tower = "vision_tower.vision_model."
        guard name.hasPrefix(tower) else { return [name, "model." + name] }
        return [name, "model." + name, "model.vision_tower." + name.dropFirst(tower.count)]
    }

    /// The file that lists a checkpoint's tensors: the only one, or the index of several.
    static func listing(of checkpoint: Checkpoint) -> String {
        checkpoint.files.count == 1 ? checkpoint.files[0].path : "\(checkpoint.path)/\(Checkpoint.indexName)"
    }

    /// The stored names that a model of the weights in `store` has no place for.
    ///
    /// A stored head is no surprise: it is tied to the embedding, and `checkTiedHead` compares them.
    static func unknownNames(in checkpoint: Checkpoint, known store: ParameterStore) -> [String] {
        let quantized = store.quantized.flatMap { layouts(of: $0.name) }
        let parts = quantized.flatMap { name in quantizedSuffixes.map { name + $0 } }
        let known = Set(store.parameters.map(\.name).flatMap(layouts) + quantized + parts + headNames)
        return checkpoint.names.filter { !known.contains($0) && !$0.hasSuffix(".position_ids") }
    }

    /// Refuses a checkpoint whose stored head differs from its embedding, which PaliGemma ties.
    static func checkTiedHead(of checkpoint: Checkpoint, embedding: String) throws(ModelError) {
        guard let head = headNames.first(where: checkpoint.contains),
            let table = layouts(of: embedding).first(where: checkpoint.contains)
        else { return }
        let (headBytes, tableBytes) = try checkpointErrors { () throws(CheckpointError) in
            (try bytes(of: head, in: checkpoint), try bytes(of: table, in: checkpoint))
        }
        guard headBytes.elementsEqual(tableBytes) else {
            throw .configuration(
                file: listing(of: checkpoint), reason: "\"\(head)\" differs from \"\(table)\"; PaliGemma's head is tied"
            )
        }
    }

    private static let headNames = ["lm_head.weight", "language_model.lm_head.weight", "model.lm_head.weight"]

    private static func bytes(
        of name: String, in checkpoint: Checkpoint
    ) throws(CheckpointError) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: try checkpoint.file(for: name).mapping.bytes[checkpoint.entry(name).byteRange])
    }
}
