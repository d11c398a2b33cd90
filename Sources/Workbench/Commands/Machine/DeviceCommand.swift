import CUDABackend
import Console

/// `device`: what computes.
struct DeviceCommand: Command {
    static let name = "device"
    static let summary = "show the processor, its instruction sets, the memory and the GPU"
    static let examples = ["device"]

    mutating func run(_ context: CommandContext) throws {
        let machine = MachineDescription.read()
        let gpus = context.session.surroundings.gpus
        let all = machine.processorCount
        let used = context.settings.threads == 0 ? all : min(all, context.settings.threads)
        context.emit(
            .fields(
                Fields([
                    ("device", Text(context.settings.resolvedDevice(gpus).name)),
                    ("processor", Text(.host(machine.processorName))),
                    ("cores", Text(.host("\(used) of \(all) used"))),
                    ("instructions", Text(.host(machine.instructionSets.joined(separator: " ")))),
                    ("memory", Text(.memory(machine.memoryTotal))),
                    ("gpu", Text(.host(Self.text(of: gpus)))),
                ])))
    }
}

extension DeviceCommand {
    /// What the cards say of themselves, or why there is none.
    private static func text(of gpus: GPUInventory) -> String {
        do throws(GPUUnavailable) {
            return try gpus.read().map(text).joined(separator: "; ")
        } catch {
            return "none: \(error)"
        }
    }

    /// One card: name, memory, use, temperature, power, driver, what speaks against it.
    private static func text(of card: GPUReading) -> String {
        let total = Quantity.byteText(card.memoryTotal)
        var parts = ["cuda:\(card.index) \(card.name)"]
        parts.append(card.memoryUsed.map { "\(Quantity.byteText($0)) of \(total) used" } ?? total)
        if let share = card.utilization { parts.append("\(NumberStyle.percent(0).text(share)) busy") }
        if let degrees = card.temperature { parts.append("\(NumberStyle.fixed(0).text(degrees)) °C") }
        if let watts = card.power { parts.append("\(NumberStyle.fixed(0).text(watts)) W") }
        if let driver = card.driverVersion { parts.append("driver \(driver)") }
        parts.append("CUDA \(card.cudaVersion)")
        parts.append("compute capability \(card.computeCapability)")
        if let obstacle = card.obstacle { parts.append("not usable: \(obstacle)") }
        return parts.joined(separator: ", ")
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
