import CCUDAKernels
import Tensors

/// The kernels on the card: programs are compiled, or read from the cache, when one of their kernels is first launched.
final class KernelLibrary {
    /// A kernel that can be launched.
    struct Kernel {
        fileprivate let function: OpaquePointer?
        /// The dynamic shared memory that it was allowed to ask for.
        fileprivate var sharedByteCount = 0
    }

    /// How many programs were compiled rather than read.
    private(set) var compiledCount = 0
    private let context: CUDAContext
    private let compiler: KernelCompiler
    private let cache: KernelCache
    private var modules: [Int32: OpaquePointer?] = [:]
    private var kernels: [String: Kernel] = [:]

    /// Compiles nothing yet.
    init(_ context: CUDAContext, _ compiler: KernelCompiler, _ cache: KernelCache) {
        (self.context, self.compiler, self.cache) = (context, compiler, cache)
    }

    deinit {
        for module in modules.values { _ = context.functions.unloadModule(module) }
    }

    /// Runs a kernel over a grid of blocks of `block` threads; a grid without blocks is nothing to do.
    func launch<Arguments: BitwiseCopyable>(
        _ name: String, grid: (Int, Int, Int), block: Int, shared: Int = 0, _ arguments: Arguments
    ) throws(TensorError) {
        guard grid.0 > 0 && grid.1 > 0 && grid.2 > 0 else { return }
        let kernel = try kernel(name, shared: shared)
        let status = withUnsafePointer(to: arguments) { pointer in
            var parameter: UnsafeMutableRawPointer? = UnsafeMutableRawPointer(mutating: pointer)
            return context.functions.launch(
                kernel.function, UInt32(grid.0), UInt32(grid.1), UInt32(grid.2), UInt32(block), 1, 1, UInt32(shared),
                context.stream, &parameter, nil)
        }
        if status != 0 { throw context.driver.error(status, in: "cuLaunchKernel of \(name)") }
    }

    private func kernel(_ name: String, shared: Int) throws(TensorError) -> Kernel {
        if let kernel = kernels[name], kernel.sharedByteCount >= shared { return kernel }
        var kernel: Kernel
        if let known = kernels[name] { kernel = known } else { kernel = try find(name) }
        if shared > 48 << 10 {
            try context.driver.check(
                context.functions.setFunctionAttribute(
                    kernel.function, DriverAttribute.functionSharedMemory, Int32(shared)),
                "cuFuncSetAttribute of \(name)")
        }
        kernel.sharedByteCount = max(shared, 48 << 10)
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
        return Kernel(function: function)
    }

    private func load(_ index: Int32) throws(TensorError) -> OpaquePointer? {
        guard let recipe = compiler.recipe(index) else {
            throw .library(name: "CUDA kernels", call: "there is no program \(index)", status: -1)
        }
        var module: OpaquePointer?
        // A kept program that the driver refuses is compiled again.
        if let kept = cache.read(recipe), context.functions.loadModule(&module, kept) == 0 { return module }
        let binary = try compiler.compile(recipe)
        compiledCount += 1
        // Assembly is text and ends with a zero byte, which NVRTC counts.
        try context.driver.check(context.functions.loadModule(&module, binary), "cuModuleLoadData of \(recipe.name)")
        cache.write(binary, recipe)
        return module
    }
}
