import CSystem
import Console

/// `resources`: memory and processor time.
struct ResourcesCommand: Command {
    static let name = "resources"
    static let summary = "show the memory and processor time used so far"
    static let examples = ["resources"]

    mutating func run(_ context: CommandContext) throws {
        var memory = csystem_memory()
        let status = csystem_read_memory(&memory)
        guard status == 0 else {
            throw Failure(code: "SystemError", message: "the system does not tell its memory (error \(Int(status)))")
        }
        context.emit(
            .fields(
                Fields([
                    ("process memory", Text(.memory(Int(clamping: memory.resident)))),
                    ("at most", Text(.memory(Int(clamping: memory.peak_resident)))),
                    ("machine memory", Text(.memory(Int(clamping: memory.machine_total)))),
                    ("available", Text(.memory(Int(clamping: memory.machine_available)))),
                    ("processor time", Text(.duration(csystem_processor_seconds()))),
                ])))
    }
}
