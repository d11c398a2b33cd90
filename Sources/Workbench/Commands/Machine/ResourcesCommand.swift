import CSystem
import Console
import Tensors

/// `resources`: memory and processor time.
struct ResourcesCommand: Command {
    static let name = "resources"
    static let summary = "show the memory and processor time used so far, by the program and by the device's tensors"
    static let discussion = """
        Device memory is what tensors take: now, held from the system with what is kept for reuse, and at most so far.
        `resources plan` foretells what a training will take.
        """
    static let examples = ["resources"]

    mutating func run(_ context: CommandContext) throws {
        let figures = try MemoryFigures()
        var fields = Fields([
            ("process memory", Text(.memory(figures.process))),
            ("at most", Text(.memory(figures.processPeak))),
            ("machine memory", Text(.memory(figures.machine))),
            ("available", Text(.memory(figures.available))),
        ])
        if let container = figures.container {
            fields.add("container", "\(.memory(container.used)) of \(.memory(container.limit)) used")
        }
        if let backend = context.workspace[ComputeSlot.self] {
            let memory = backend.memory
            fields.add("device", Text(.host(backend.device.signature)))
            fields.add("tensors", Text(.memory(memory.allocated)))
            fields.add("tensors, reserved", Text(.memory(memory.reserved)))
            fields.add("tensors at most", Text(.memory(memory.peak)))
            if let capacity = backend.capacity { fields.add("device's bound", Text(.memory(capacity))) }
        }
        fields.add("processor time", Text(.duration(csystem_processor_seconds())))
        context.emit(.fields(fields))
    }
}
