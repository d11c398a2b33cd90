import CCUDAKernels
import Tensors

/// How tensors become the addresses and names that kernels take.
extension CUDABackend {
    /// The first element of a tensor that is read.
    func source(_ tensor: Tensor) -> DeviceAddress {
        cudaStorage(tensor.storage).address + DeviceAddress(tensor.byteOffset)
    }

    /// The first element of a tensor that is read, 0 for none.
    func source(_ tensor: Tensor?) -> DeviceAddress { tensor.map { source($0) } ?? 0 }

    /// The first element of a tensor that is written; what the host knew of its storage is forgotten.
    func target(_ tensor: Tensor) -> DeviceAddress {
        let storage = cudaStorage(tensor.storage)
        if storage.indices != nil { storage.indices = nil }
        return storage.address + DeviceAddress(tensor.byteOffset)
    }

    /// The first element of a tensor that is written, 0 for none.
    func target(_ tensor: Tensor?) -> DeviceAddress { tensor.map { target($0) } ?? 0 }

    /// Float32 elements that are read.
    func floats(_ tensor: Tensor, _ operation: String) throws(TensorError) -> DeviceAddress {
        try require(tensor, .float32, operation)
        return source(tensor)
    }

    /// Float32 elements that are written, 0 for none.
    func floatTarget(_ tensor: Tensor?, _ operation: String) throws(TensorError) -> DeviceAddress {
        guard let tensor else { return 0 }
        try require(tensor, .float32, operation)
        return target(tensor)
    }

    /// Throws if the elements of `tensor` are not of `type`.
    func require(_ tensor: Tensor, _ type: ElementType, _ operation: String) throws(TensorError) {
        guard tensor.elementType == type else {
            throw .elementType(operation: operation, found: tensor.elementType, expected: type.name)
        }
    }

    /// Throws if two operands that share a type do not.
    func requireSameType(_ tensor: Tensor?, as other: Tensor, _ operation: String) throws(TensorError) {
        if let tensor { try require(tensor, other.elementType, operation) }
    }

    /// The end of the name of a kernel for elements of a type: `_bfloat16`.
    func suffix(_ tensor: Tensor, _ operation: String) throws(TensorError) -> String {
        switch tensor.elementType {
        case .float32: return "_float32"
        case .float16: return "_float16"
        case .bfloat16:
            guard context.device.capability >= 80 else {
                throw .elementType(
                    operation: operation, found: .bfloat16, expected: "float16 or float32 on \(device.name)")
            }
            return "_bfloat16"
        case .int32, .int64, .uint8, .bool:
            throw .elementType(operation: operation, found: tensor.elementType, expected: "a real type")
        }
    }

    /// The number of a type in arguments.
    func typeNumber(_ type: ElementType) -> Int32 {
        switch type {
        case .bfloat16: Int32(CCUDAKERNELS_BFLOAT16.rawValue)
        case .float16: Int32(CCUDAKERNELS_FLOAT16.rawValue)
        default: Int32(CCUDAKERNELS_FLOAT32.rawValue)
        }
    }

    /// Int32 elements that are read, each checked to lie below `limit`.
    ///
    /// What was copied from the host, or chosen by a kernel, is known here; anything else is waited for and read.
    func indices(_ tensor: Tensor, below limit: Int, _ operation: String) throws(TensorError) -> DeviceAddress {
        if case .below(let count) = cudaStorage(tensor.storage).indices, count <= limit {
            try require(tensor, .int32, operation)
        } else {
            _ = try hostIndices(tensor, below: limit, operation)
        }
        return source(tensor)
    }

    /// Int32 elements as the host knows them, each checked to lie below `limit`; they are waited for where it does not.
    func hostIndices(_ tensor: Tensor, below limit: Int, _ operation: String) throws(TensorError) -> [Int32] {
        try require(tensor, .int32, operation)
        let known: [Int32]
        if case .copied(let bytes) = cudaStorage(tensor.storage).indices {
            known = [Int32](unsafeUninitializedCapacity: tensor.count) { values, count in
                bytes.withUnsafeBytes { bytes in
                    let part = UnsafeRawBufferPointer(rebasing: bytes[tensor.byteOffset...].prefix(4 * tensor.count))
                    UnsafeMutableRawBufferPointer(values).copyMemory(from: part)
                }
                count = tensor.count
            }
        } else {
            known = try tensor.read()
        }
        for index in known where index < 0 || Int(index) >= limit {
            throw .index(operation: operation, found: Int(index), limit: limit)
        }
        return known
    }

    /// Memory for the time of some launches: it may be given out again at once, since later work runs later.
    func scratch(_ byteCount: Int, _ label: String) throws(TensorError) -> CUDAStorage {
        guard let block = try allocator.allocate(byteCount: byteCount) else {
            throw outOfMemory("working memory of \(label)", byteCount)
        }
        return CUDAStorage(block, byteCount: byteCount, of: allocator)
    }

    /// Runs a kernel over `count` elements.
    func launch<Arguments: BitwiseCopyable>(
        _ kernel: String, elements count: Int, _ arguments: Arguments
    ) throws(TensorError) {
        let blocks = min((count + 2047) / 2048, 65535 * 16)
        try kernels.launch(kernel, grid: (blocks, 1, 1), block: 256, arguments)
    }

    /// Runs a kernel with a block for each row.
    func launch<Arguments: BitwiseCopyable>(
        _ kernel: String, rows: Int, columns: Int, block: Int? = nil, _ arguments: Arguments
    ) throws(TensorError) {
        let threads = block ?? Int(ccudakernels_row_threads(Int64(columns)))
        try kernels.launch(kernel, grid: (rows, 1, 1), block: threads, arguments)
    }
}
