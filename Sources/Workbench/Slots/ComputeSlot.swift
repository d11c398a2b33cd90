import CPUBackend
import CUDABackend
import Console
import Tensors

/// The device that the session computes on, opened when it is first needed.
enum ComputeSlot: WorkspaceSlot {
    static let name = "device"

    static func summary(of backend: any Backend) -> Text { "\(.host(backend.device.signature))" }

    static func stateParts(of backend: any Backend) -> [StatePart] { [] }

    static var isTracked: Bool { false }
}

extension CommandContext {
    /// The device, opened with the session's settings if it was not open yet.
    ///
    /// - Throws: `TensorError.unavailable` with the reason if the settings ask for what the machine lacks.
    func backend() throws -> any Backend {
        for name in ["device", "isa", "gemm"] { session.tracker.noteRead("setting:\(name)") }
        if let backend = workspace[ComputeSlot.self] { return backend }
        let backend = try openBackend()
        workspace[ComputeSlot.self] = backend
        return backend
    }

    private func openBackend() throws -> any Backend {
        let gpus = session.surroundings.gpus
        if case .cuda(let index) = settings.resolvedDevice(gpus) {
            var options = CUDAOptions()
            options.deviceIndex = index
            options.libraries = gpus.libraries ?? CUDALibraries()
            options.kernelCacheFolder = kernelCacheFolder
            return try CUDABackend(options)
        }
        if settings.device == .auto, let card = gpus.cards.first, let obstacle = card.obstacle {
            warn("\(.host(card.name)) is not used: \(obstacle.description)")
        }
        var options = CPUOptions()
        options.threads = settings.threads == 0 ? nil : settings.threads
        options.instructionSet = InstructionSet(rawValue: settings.isa.rawValue) ?? .auto
        options.matmulLibrary = MatmulLibrary(rawValue: settings.gemm.rawValue) ?? .auto
        options.dropsMappedPages = true
        // Tensors that the machine or the container has no memory for are refused, before the system ends the program.
        options.memoryLimit = (try? MemoryFigures()).map { min($0.machine, $0.container?.limit ?? .max) }
        return try CPUBackend(options)
    }

    /// Where kernels are kept that were compiled for the card: `$XDG_CACHE_HOME/palinote/kernels`, or below `~/.cache`.
    private var kernelCacheFolder: String? {
        let surroundings = session.surroundings
        let given = surroundings.environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (given ?? surroundings.home.map { Paths.join($0, ".cache") }).map { Paths.join($0, "palinote/kernels") }
    }
}
