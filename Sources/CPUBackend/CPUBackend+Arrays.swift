import CKernels
import Tensors

/// How tensors become the pointers that C takes.
extension CPUBackend {
    /// The storage of a tensor of this backend.
    func cpuStorage(_ storage: any Storage) -> CPUStorage {
        guard let storage = storage as? CPUStorage else {
            preconditionFailure("a tensor of another device was given to the CPU")
        }
        return storage
    }

    /// The first element of a tensor that is read.
    func source(_ tensor: Tensor) -> UnsafeMutableRawPointer {
        cpuStorage(tensor.storage).start + tensor.byteOffset
    }

    /// The first element of a tensor that is written; what was packed from its storage is dropped.
    func target(_ tensor: Tensor) -> UnsafeMutableRawPointer {
        let storage = cpuStorage(tensor.storage)
        if !storage.packedWeights.isEmpty { storage.packedWeights = [:] }
        return storage.start + tensor.byteOffset
    }

    /// Real elements that are read.
    func input(_ tensor: Tensor, _ operation: String) throws(TensorError) -> ckernels_array {
        ckernels_array(data: source(tensor), type: try kernelType(tensor, operation))
    }

    /// Real elements that are read, or none.
    func input(_ tensor: Tensor?, _ operation: String) throws(TensorError) -> ckernels_array {
        guard let tensor else { return ckernels_array(data: nil, type: CKERNELS_FLOAT32) }
        return try input(tensor, operation)
    }

    /// Real elements that are written.
    func output(_ tensor: Tensor, _ operation: String) throws(TensorError) -> ckernels_array {
        ckernels_array(data: target(tensor), type: try kernelType(tensor, operation))
    }

    /// Real elements that are written, or none.
    func output(_ tensor: Tensor?, _ operation: String) throws(TensorError) -> ckernels_array {
        guard let tensor else { return ckernels_array(data: nil, type: CKERNELS_FLOAT32) }
        return try output(tensor, operation)
    }

    /// Float32 elements that are read.
    func floats(_ tensor: Tensor, _ operation: String) throws(TensorError) -> UnsafeMutablePointer<Float> {
        try require(tensor, .float32, operation)
        return source(tensor).assumingMemoryBound(to: Float.self)
    }

    /// Float32 elements that are written.
    func floatTarget(_ tensor: Tensor, _ operation: String) throws(TensorError) -> UnsafeMutablePointer<Float> {
        try require(tensor, .float32, operation)
        return target(tensor).assumingMemoryBound(to: Float.self)
    }

    /// Int32 elements that are read, each checked to lie below `limit`.
    func indices(
        _ tensor: Tensor, below limit: Int, _ operation: String
    ) throws(TensorError) -> UnsafeMutablePointer<Int32> {
        try require(tensor, .int32, operation)
        let start = source(tensor).assumingMemoryBound(to: Int32.self)
        for index in UnsafeBufferPointer(start: start, count: tensor.count) where index < 0 || Int(index) >= limit {
            throw .index(operation: operation, found: Int(index), limit: limit)
        }
        return start
    }

    /// Throws if the elements of `tensor` are not of `type`.
    func require(_ tensor: Tensor, _ type: ElementType, _ operation: String) throws(TensorError) {
        guard tensor.elementType == type else {
            throw .elementType(operation: operation, found: tensor.elementType, expected: type.name)
        }
    }

    private func kernelType(_ tensor: Tensor, _ operation: String) throws(TensorError) -> ckernels_type {
        switch tensor.elementType {
        case .float32: CKERNELS_FLOAT32
        case .bfloat16: CKERNELS_BFLOAT16
        case .float16: CKERNELS_FLOAT16
        case .int32, .int64, .uint8, .bool:
            throw .elementType(operation: operation, found: tensor.elementType, expected: "a real type")
        }
    }

    /// Runs a kernel over elements, in parts that fill the first-level cache many times.
    func run<Call>(_ kernel: ckernels_kernel, elements count: Int, _ call: Call) {
        run(kernel, call, count: count, grain: 16 << 10)
    }

    /// Runs a kernel over rows of `columns` elements.
    func run<Call>(_ kernel: ckernels_kernel, rows: Int, of columns: Int, _ call: Call) {
        run(kernel, call, count: rows, grain: max(1, (16 << 10) / max(columns, 1)))
    }

    /// Runs a kernel over columns of `rows` elements.
    func run<Call>(_ kernel: ckernels_kernel, columns: Int, _ call: Call) {
        run(kernel, call, count: columns, grain: 256)
    }

    /// Runs a kernel over `count` items in parts of `grain`.
    func run<Call>(_ kernel: ckernels_kernel, _ call: Call, count: Int, grain: Int) {
        guard count > 0 else { return }
        withUnsafePointer(to: call) { ckernels_run(engine, kernel, $0, count, grain) }
    }
}
