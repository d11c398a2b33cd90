import Console

extension CommandRegistry<CommandContext>.Group {
    /// The device and what it is doing.
    static var machine: Self {
        Self("Machine", [DeviceCommand.self, ResourcesCommand.self, ResourcesPlanCommand.self, VersionCommand.self])
    }
}
