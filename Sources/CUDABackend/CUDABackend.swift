import Tensors

/// Computes on an NVIDIA GPU, with the kernels of `CCUDAKernels` and cuBLASLt, all opened at run time.
///
/// Used by one thread at a time. Calls are asynchronous, on one stream; only `read` and `synchronize` wait.
package final class CUDABackend: Backend {
    package let device: Device
    /// What this backend was asked for.
    package let options: CUDAOptions
    let context: CUDAContext
    let allocator: CachingAllocator
    let kernels: KernelLibrary
    let products: ProductPlans
    private let smallStaging: StagingBuffers
    private var largeStaging: StagingBuffers?
    /// Wavelengths of rotary positions, by base and head size.
    var frequencies: [RotaryKey: [Float]] = [:]
    /// The maps of 8-bit moments, once an update needed them.
    var dynamicMaps: CUDAStorage?

    /// Opens the driver and CUDA's libraries, and takes a card.
    ///
    /// - Throws: `TensorError.unavailable` with what is missing and where it was looked for.
    package init(_ options: CUDAOptions = CUDAOptions()) throws(TensorError) {
        let (driver, description, compiler, library) = try Self.open(options)
        self.options = options
        context = try CUDAContext(driver, description)
        allocator = CachingAllocator(context, budget: options.memoryBudget, keepsMemory: options.keepsFreedMemory)
        kernels = KernelLibrary(
            context, compiler, KernelCache(folder: options.kernelCacheFolder), compilesAhead: options.compilesAhead,
            overlaps: options.overlapsLaunches)
        products = try ProductPlans(context, library, allocator)
        smallStaging = try StagingBuffers(context, count: 16, byteCount: Self.smallWrite)
        device = Device(
            kind: .cuda, index: options.deviceIndex, name: description.name, variant: description.name)
    }

    deinit {
        try? context.synchronize()
    }

    package var memory: BackendMemory { allocator.figures }

    /// Files are copied, matrices in 4 bits made dense for products of many rows, blocks rounded as the allocator does.
    package var memoryRules: MemoryRules {
        var rules = MemoryRules()
        rules.granularity = CachingAllocator.granularity
        rules.ownByteCount = ProductPlans.workspaceByteCount
        return rules
    }

    package var capacity: Int? { options.memoryBudget ?? context.device.memoryByteCount }

    package func requireComputing(in type: ElementType) throws(TensorError) {
        guard type == .bfloat16, context.device.capability < 80 else { return }
        throw .argument(
            operation: "bfloat16 on \(device.name)",
            reason: "needs compute capability 8.0, the card has \(context.device.capabilityText); use --dtype float16")
    }

    package func releaseUnused() {
        guard (try? context.synchronize()) != nil else { return }
        allocator.releaseKept()
    }

    /// How many programs of kernels were compiled, not read from the cache.
    package var compiledProgramCount: Int { kernels.compiledCount }

    package func allocate(byteCount: Int, label: StaticString) throws(TensorError) -> any Storage {
        guard let block = try allocator.allocate(byteCount: byteCount) else {
            throw outOfMemory(label.description, byteCount)
        }
        return CUDAStorage(block, byteCount: byteCount, of: allocator)
    }

    package func adopt(_ bytes: UnsafeRawBufferPointer, owner: AnyObject) throws(TensorError) -> any Storage {
        let storage = try allocate(byteCount: bytes.count, label: "weight")
        try write(bytes, to: storage, byteOffset: 0)
        return storage
    }

    package func write(
        _ bytes: UnsafeRawBufferPointer, to storage: any Storage, byteOffset: Int
    ) throws(TensorError) {
        let target = cudaStorage(storage)
        precondition(
            byteOffset >= 0 && byteOffset + bytes.count <= target.byteCount, "a write stays inside its storage")
        let isWhole = byteOffset == 0 && bytes.count == target.byteCount
        target.indices = isWhole && bytes.count <= Self.rememberedWrite ? Self.indices(in: bytes) : nil
        try staging(for: bytes.count).copy(bytes, to: target.address + DeviceAddress(byteOffset))
    }

    package func read(
        _ storage: any Storage, byteOffset: Int, into bytes: UnsafeMutableRawBufferPointer
    ) throws(TensorError) {
        let source = cudaStorage(storage)
        precondition(byteOffset >= 0 && byteOffset + bytes.count <= source.byteCount, "a read stays inside its storage")
        guard let target = bytes.baseAddress, bytes.count > 0 else { return }
        let status = context.functions.copyToHost(
            target, source.address + DeviceAddress(byteOffset), bytes.count, context.stream)
        try context.driver.check(status, "cuMemcpyDtoHAsync")
        try context.synchronize()
    }

    package func synchronize() throws(TensorError) {
        try context.synchronize()
    }
}

extension CUDABackend {
    /// The largest write that goes through a small buffer.
    private static let smallWrite = 256 << 10
    /// The buffers that larger writes go through: while some are on their way, or wait for work before them, others are filled.
    private static let largeBuffer = (count: 6, byteCount: 16 << 20)
    /// The largest write that may be indices, which are remembered: reading them back would wait for all work.
    private static let rememberedWrite = 4 << 20

    /// What an allocation throws that the card has no memory for.
    func outOfMemory(_ what: String, _ byteCount: Int) -> TensorError {
        .outOfMemory(what: what, byteCount: byteCount, device: "cuda:\(options.deviceIndex)")
    }

    /// The storage of a tensor of this backend.
    func cudaStorage(_ storage: any Storage) -> CUDAStorage {
        guard let storage = storage as? CUDAStorage else {
            preconditionFailure("a tensor of another device was given to the GPU")
        }
        return storage
    }

    private func staging(for byteCount: Int) throws(TensorError) -> StagingBuffers {
        guard byteCount > Self.smallWrite else { return smallStaging }
        if let largeStaging { return largeStaging }
        let buffers = try StagingBuffers(context, count: Self.largeBuffer.count, byteCount: Self.largeBuffer.byteCount)
        largeStaging = buffers
        return buffers
    }

    private static func indices(in bytes: UnsafeRawBufferPointer) -> KnownIndices? {
        guard bytes.count % 4 == 0 else { return nil }
        return .copied(Array(bytes))
    }

    /// The driver, the card and the libraries that `options` name.
    private static func open(
        _ options: CUDAOptions
    ) throws(TensorError) -> (CUDADriver, DeviceDescription, KernelCompiler, ProductFunctions) {
        do throws(GPUUnavailable) {
            let driver = try CUDADriver(options.libraries)
            let device = try driver.description(of: options.deviceIndex)
            if let tooOld = GPUDevice.tooOld(device) { throw tooOld }
            let products = try ProductFunctions(
                options.libraries.open(.products, driverVersion: driver.version))
            let compiler = try KernelCompiler(
                options.libraries, driverVersion: driver.version, capability: device.capability,
                usesWarpgroups: options.usesWarpgroups)
            return (driver, device, compiler, products)
        } catch {
            throw error.tensorError(device: options.deviceIndex)
        }
    }
}
