import Tensors

/// Names and shapes alone: weights that take no memory and must not be computed with.
struct OutlineSource: ParameterSource {
    let elementType: ElementType
    let backend: any Backend

    var mapsFiles: Bool { false }

    func values(of name: String, shape: [Int]) throws(ModelError) -> Tensor {
        Tensor(storage: NoStorage(), shape: shape, elementType: elementType, backend: backend)
    }

    private final class NoStorage: Storage {
        var byteCount: Int { .max }
    }
}

extension PaliGemma {
    /// A model of names and shapes alone, to count and plan with; its weights take no memory and cannot be used.
    package convenience init(
        outlining configuration: PaliGemmaConfiguration, elementType: ElementType, backend: any Backend
    ) throws(ModelError) {
        try self.init(
            configuration, source: OutlineSource(elementType: elementType, backend: backend), elementType: elementType,
            backend: backend)
    }
}
