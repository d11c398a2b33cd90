import Console

/// `device`: what computes.
struct DeviceCommand: Command {
    static let name = "device"
    static let summary = "show the processor, its instruction sets, the memory and the GPU"
    static let examples = ["device"]

    mutating func run(_ context: CommandContext) throws {
        let machine = MachineDescription.read()
        let all = machine.processorCount
        let used = context.settings.threads == 0 ? all : min(all, context.settings.threads)
        context.emit(
            .fields(
                Fields([
                    ("device", Text(context.settings.device.rawValue)),
                    ("processor", Text(.host(machine.processorName))),
                    ("cores", Text(.host("\(used) of \(all) used"))),
                    ("instructions", Text(.host(machine.instructionSets.joined(separator: " ")))),
                    ("memory", Text(.memory(machine.memoryTotal))),
                    ("gpu", Text(.host(machine.gpu))),
                ])))
    }
}

/// `version`: what this program is.
struct VersionCommand: Command {
    static let name = "version"
    static let summary = "show the program's version"
    static let examples = ["version"]

    mutating func run(_ context: CommandContext) throws {
        context.say("palinote \(.version(Program.version))")
    }
}
