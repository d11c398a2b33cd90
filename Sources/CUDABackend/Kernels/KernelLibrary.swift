import CCUDAKernels
import Dispatch
import Tensors

/// The kernels on the card: programs are compiled, or read from the cache, when one of their kernels is first launched.
final class KernelLibrary {
    /// A kernel that can be launched.
    struct Kernel {
        fileprivate let function: OpaquePointer?
        /// The dynamic shared memory that it was allowed to ask for.
        fileprivate var sharedByteCount = 0
        /// Whether the next kernel may start before this one is done.
        fileprivate var letsNextStart = false
    }

    /// How many programs were compiled rather than read.
    private(set) var compiledCount = 0
    private let context: CUDAContext
    private let compiler: KernelCompiler
    private let cache: KernelCache
    private let compilesAhead: Bool
    /// Whether there are kernels for warpgroups.
    var hasWarpgroups: Bool { compiler.hasWarpgroups }
    /// Whether kernels overlap; the card and the driver can do that, in recorded graphs too.
    var overlaps: Bool
    /// What was compiled ahead and is not loaded yet.
    private var binaries: [Int32: [UInt8]] = [:]
    private var modules: [Int32: OpaquePointer?] = [:]
    private var kernels: [String: Kernel] = [:]

    /// Compiles nothing yet.
    init(_ context: CUDAContext, _ compiler: KernelCompiler, _ cache: KernelCache, compilesAhead: Bool, overlaps: Bool)
    {
        (self.context, self.compiler, self.cache) = (context, compiler, cache)
        self.compilesAhead = compilesAhead
        self.overlaps =
            overlaps && context.device.capability >= 90 && context.driver.version >= 12_030
            && context.driver.functions.launchConfigured != nil
    }

    deinit {
        for module in modules.values { _ = context.functions.unloadModule(module) }
    }

    /// Runs a kernel over a grid of blocks of `block` threads; a grid without blocks is nothing to do.
    ///
    /// - Parameter startsEarly: whether the kernel may start before the one in front of it is done. All wait for that one before
    ///   they touch memory, but for weights, and for what a cache held before: these must have been written before.
    func launch<Arguments: BitwiseCopyable>(
        _ name: String, grid: (Int, Int, Int), block: Int, shared: Int = 0, startsEarly: Bool = true,
        _ arguments: Arguments
    ) throws(TensorError) {
        guard grid.0 > 0 && grid.1 > 0 && grid.2 > 0 else { return }
        let kernel = try kernel(name, shared: shared)
        let isEarly = startsEarly && overlaps && context.nextMayStart
        guard let profile = context.profile else {
            return try launch(kernel, name, grid, block, shared, isEarly: isEarly, arguments)
        }
        try profile.measure(name) { () throws(TensorError) in
            try launch(kernel, name, grid, block, shared, isEarly: false, arguments)
        }
    }

    private func launch<Arguments: BitwiseCopyable>(
        _ kernel: Kernel, _ name: String, _ grid: (Int, Int, Int), _ block: Int, _ shared: Int, isEarly: Bool,
        _ arguments: Arguments
    ) throws(TensorError) {
        let status = withUnsafePointer(to: arguments) { pointer in
            var parameter: UnsafeMutableRawPointer? = UnsafeMutableRawPointer(mutating: pointer)
            guard isEarly, let launch = context.functions.launchConfigured else {
                return context.functions.launch(
                    kernel.function, UInt32(grid.0), UInt32(grid.1), UInt32(grid.2), UInt32(block), 1, 1,
                    UInt32(shared), context.stream, &parameter, nil)
            }
            var attribute = ccudakernels_launch_attribute()
            (attribute.kind, attribute.allowed) = (CCUDAKERNELS_STARTS_EARLY, 1)
            return withUnsafeMutablePointer(to: &attribute) { attribute in
                var configuration = ccudakernels_launch_configuration(
                    grid: (UInt32(grid.0), UInt32(grid.1), UInt32(grid.2)), block: (UInt32(block), 1, 1),
                    shared_bytes: UInt32(shared), stream: UnsafeMutableRawPointer(context.stream),
                    attributes: attribute, attribute_count: 1)
                return launch(&configuration, kernel.function, &parameter, nil)
            }
        }
        if kernel.letsNextStart { context.noteEarlyStart() }
        if status != 0 { throw context.driver.error(status, in: "cuLaunchKernel of \(name)") }
    }

    private func kernel(_ name: String, shared: Int) throws(TensorError) -> Kernel {
        if let kernel = kernels[name], kernel.sharedByteCount >= shared { return kernel }
        var kernel: Kernel
        if let known = kernels[name] { kernel = known } else { kernel = try find(name) }
        // What a kernel has besides counts too, so even 48 KiB may be more than is allowed unasked.
        if shared > 0 {
            try context.driver.check(
                context.functions.setFunctionAttribute(
                    kernel.function, DriverAttribute.functionSharedMemory, Int32(shared)),
                "cuFuncSetAttribute of \(name)")
        }
        kernel.sharedByteCount = shared
        kernels[name] = kernel
        return kernel
    }

    private func find(_ name: String) throws(TensorError) -> Kernel {
        let index = ccudakernels_program_of(name)
        guard index >= 0 else { throw .library(name: "CUDA kernels", call: "there is no \(name)", status: -1) }
        let module: OpaquePointer?
        if let loaded = modules[index] { module = loaded } else { module = try load(index) }
        modules[index] = module
        var function: OpaquePointer?
        try context.driver.check(context.functions.function(&function, module, name), "cuModuleGetFunction of \(name)")
        return Kernel(function: function, letsNextStart: Self.starters.contains { name.hasPrefix($0) })
    }

    /// How the names begin of kernels behind which others may start early: they write activations, which are no weights.
    private static let starters = [
        "few_rows_", "rms_norm_", "rotary_cache_", "attention_decode_",
    ]

    private func load(_ index: Int32) throws(TensorError) -> OpaquePointer? {
        guard let recipe = compiler.recipe(index) else {
            throw .library(name: "CUDA kernels", call: "there is no program \(index)", status: -1)
        }
        var module: OpaquePointer?
        // A kept program that the driver refuses is compiled again.
        if let kept = cache.read(recipe), context.functions.loadModule(&module, kept) == 0 { return module }
        if compilesAhead && binaries[index] == nil { compile(compiler.programs(with: index)) }
        let binary: [UInt8]
        if let made = binaries.removeValue(forKey: index) {
            binary = made
        } else {
            binary = try compiler.compile(recipe)
            compiledCount += 1
        }
        // Assembly is text and ends with a zero byte, which NVRTC counts.
        try context.driver.check(context.functions.loadModule(&module, binary), "cuModuleLoadData of \(recipe.name)")
        cache.write(binary, recipe)
        return module
    }

    /// Compiles those of some programs that are neither loaded, made nor kept, each by a thread. One that fails is tried
    /// again, and complains, when it is needed.
    private func compile(_ programs: [Int32]) {
        let missing = programs.compactMap { index in
            modules[index] == nil && binaries[index] == nil ? compiler.recipe(index).map { (index, $0) } : nil
        }.filter { cache.read($0.1) == nil }
        var results = [[UInt8]?](repeating: nil, count: missing.count)
        results.withUnsafeMutableBufferPointer { buffer in
            // Each thread writes a place of its own, and reads what nobody changes.
            nonisolated(unsafe) let (places, recipes) = (buffer, missing)
            let compiler = compiler
            DispatchQueue.concurrentPerform(iterations: recipes.count) { place in
                places[place] = try? compiler.compile(recipes[place].1)
            }
        }
        for (place, result) in results.enumerated() {
            guard let result else { continue }
            compiledCount += 1
            binaries[missing[place].0] = result
            cache.write(result, missing[place].1)
        }
    }
}
