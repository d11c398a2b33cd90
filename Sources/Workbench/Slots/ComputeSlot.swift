import CPUBackend
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
        var options = CPUOptions()
        options.threads = settings.threads == 0 ? nil : settings.threads
        options.instructionSet = InstructionSet(rawValue: settings.isa.rawValue) ?? .auto
        options.matmulLibrary = MatmulLibrary(rawValue: settings.gemm.rawValue) ?? .auto
        options.dropsMappedPages = true
        // Tensors that the machine or the container has no memory for are refused, before the system ends the program.
        options.memoryLimit = (try? MemoryFigures()).map { min($0.machine, $0.container?.limit ?? .max) }
        let backend = try CPUBackend(options)
        workspace[ComputeSlot.self] = backend
        return backend
    }
}
