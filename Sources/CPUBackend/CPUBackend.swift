import CKernels
import Tensors

/// Computes on the processor, with the kernels of `CKernels` on a fixed set of threads.
///
/// Used by one thread at a time. Calls are synchronous. Results do not depend on the number of threads.
package final class CPUBackend: Backend {
    package let device: Device
    /// What this backend was asked for.
    package let options: CPUOptions
    /// The number of threads that kernels run on.
    package let threads: Int
    let engine: OpaquePointer
    /// The foreign library that multiplies matrices, if one was asked for.
    let library: OpaquePointer?
    let pool: MemoryPool

    /// Starts the threads.
    ///
    /// - Throws: `TensorError.unavailable` if the machine lacks the instruction set or the library, or threads cannot be
    ///   started.
    package init(_ options: CPUOptions = CPUOptions()) throws(TensorError) {
        let instructions = try Self.instructions(for: options.instructionSet)
        let library = try Self.openLibrary(options)
        let threads = max(1, options.threads ?? Int(ckernels_usable_cores()))
        guard let engine = ckernels_engine_create(instructions.isa, Int32(clamping: threads)) else {
            ckernels_library_close(library)
            throw .unavailable(device: "cpu", reason: "\(threads) threads could not be started; ask for fewer")
        }
        self.options = options
        self.threads = threads
        self.engine = engine
        self.library = library
        pool = MemoryPool(budget: options.reuseBudget, limit: options.memoryLimit)
        device = Device(kind: .cpu, index: 0, name: Self.processorName(), variant: instructions.name.rawValue)
    }

    deinit {
        ckernels_library_close(library)
        ckernels_engine_destroy(engine)
    }

    /// What tensors and packed weights take; `reserved` has the kernels' working memory too.
    package var memory: BackendMemory {
        var figures = pool.figures
        figures.reserved += ckernels_engine_scratch_size(engine)
        return figures
    }

    /// Mapped files are shared, matrices in 4 bits turned into real numbers a panel at a time, reused weights packed.
    package var memoryRules: MemoryRules {
        var rules = MemoryRules()
        (rules.copiesAdopted, rules.densifiesQuantized) = (false, false)
        rules.packingBudget = options.packingBudget
        rules.blockSize = MemoryPool.blockSize
        (rules.smallestKept, rules.reuseBudget) = (MemoryPool.smallestKept, options.reuseBudget)
        rules.packedByteCount = { [self] in packedByteCount(inner: $0, columns: $1, $2) }
        return rules
    }

    package var capacity: Int? { memoryLimit }

    /// The most bytes that tensors and packed weights may take from now on; nil for as many as the system gives.
    package var memoryLimit: Int? {
        get { pool.limit }
        set { pool.limit = newValue }
    }

    package func releaseUnused() { pool.dropKept() }

    package func allocate(byteCount: Int, label: StaticString) throws(TensorError) -> any Storage {
        guard let block = pool.allocate(byteCount: byteCount) else {
            throw .outOfMemory(what: label.description, byteCount: byteCount, device: "cpu")
        }
        return CPUStorage(block: block, byteCount: byteCount, pool: pool)
    }

    package func adopt(_ bytes: UnsafeRawBufferPointer, owner: AnyObject) throws(TensorError) -> any Storage {
        CPUStorage(adopting: bytes, owner: owner)
    }

    package func write(
        _ bytes: UnsafeRawBufferPointer, to storage: any Storage, byteOffset: Int
    ) throws(TensorError) {
        let target = cpuStorage(storage)
        precondition(
            byteOffset >= 0 && byteOffset + bytes.count <= target.byteCount, "a write stays inside its storage")
        target.packedWeights = [:]
        guard let source = bytes.baseAddress else { return }
        (target.start + byteOffset).copyMemory(from: source, byteCount: bytes.count)
    }

    package func read(
        _ storage: any Storage, byteOffset: Int, into bytes: UnsafeMutableRawBufferPointer
    ) throws(TensorError) {
        let source = cpuStorage(storage)
        precondition(byteOffset >= 0 && byteOffset + bytes.count <= source.byteCount, "a read stays inside its storage")
        guard let target = bytes.baseAddress else { return }
        target.copyMemory(from: source.start + byteOffset, byteCount: bytes.count)
    }

    package func synchronize() throws(TensorError) {}
}

extension CPUBackend {
    /// The instruction set that `choice` means here.
    private static func instructions(
        for choice: InstructionSet
    ) throws(TensorError) -> (isa: ckernels_isa, name: InstructionSet) {
        let known: [(ckernels_isa, InstructionSet)] = [
            (CKERNELS_AVX512_BF16, .avx512BFloat16), (CKERNELS_AVX512, .avx512), (CKERNELS_AVX2, .avx2),
            (CKERNELS_PORTABLE, .portable),
        ]
        for (isa, name) in known where choice == .auto || choice == name {
            if ckernels_isa_present(isa) { return (isa, name) }
        }
        throw .unavailable(
            device: "cpu", reason: "this processor has no \(choice.rawValue) instructions; choose auto or portable")
    }

    /// The library that `options` asks for, or nil for our own kernels.
    private static func openLibrary(_ options: CPUOptions) throws(TensorError) -> OpaquePointer? {
        guard options.matmulLibrary != .auto else { return nil }
        let name = options.matmulLibrary == .onednn ? "oneDNN" : "OpenBLAS"
        guard options.instructionSet == .auto else {
            throw .unavailable(
                device: "cpu", reason: "\(name) chooses its instructions itself; use it with the instruction set auto")
        }
        var reason: UnsafePointer<CChar>?
        let kind = options.matmulLibrary == .onednn ? CKERNELS_ONEDNN : CKERNELS_OPENBLAS
        if let library = ckernels_library_open(kind, &reason) { return library }
        throw .unavailable(device: "cpu", reason: "\(name): \(reason.map { String(cString: $0) } ?? "not found")")
    }

    private static func processorName() -> String {
        let name = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            ckernels_processor_name(buffer.baseAddress, buffer.count)
            return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        return name.isEmpty ? "x86-64 processor" : name
    }
}
