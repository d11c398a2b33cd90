import Console

/// Options of the program, whatever it is asked to do.
package struct GlobalOptions: OptionGroupContents {
    /// When escape sequences set words apart.
    package enum ColorChoice: String, Choice {
        /// On a terminal, unless `NO_COLOR` is set.
        case auto
        /// Always.
        case always
        /// Never.
        case never
    }

    @Option("where random streams start") var seed: UInt64 = 42
    @Option("device to compute on; auto takes a GPU where there is one") var device = DeviceChoice.auto
    @Option("processors to use; 0 for all", in: 0...1024) var threads = 0
    @Option("instruction set to compute with") var isa = SessionSettings.InstructionSet.auto
    @Option("library that multiplies matrices") var gemm = SessionSettings.MatrixLibrary.auto
    @Option("when to use color") var color = ColorChoice.auto
    @Option("columns to lay out for; 0 for the terminal's", in: 0...10_000) var width = 0
    @Flag("show no progress and repeat no commands") var quiet = false
    @Flag("go on after a cell has failed") var keepGoing = false
    @Flag("print one JSON object for each output") var json = false
    @Option("how a terminal shows pictures") var images = SessionSettings.Pictures.auto
    @Option("folder for pictures", completion: .folder) var assets = Path("out")

    /// Makes the options with their defaults.
    package init() {}

    /// The session settings among the options.
    package var settings: SessionSettings {
        var settings = SessionSettings()
        settings.seed = seed
        settings.device = device
        settings.threads = threads
        settings.isa = isa
        settings.gemm = gemm
        settings.pictures = images
        return settings
    }

    /// Whether to use color on a stream, by `--color`, `NO_COLOR` and `CLICOLOR_FORCE`.
    package func usesColor(isTerminal: Bool, environment: [String: String]) -> Bool {
        switch color {
        case .always: return true
        case .never: return false
        case .auto:
            if environment["NO_COLOR"].map({ !$0.isEmpty }) ?? false { return false }
            if let force = environment["CLICOLOR_FORCE"], !force.isEmpty, force != "0" { return true }
            return isTerminal && environment["TERM"] != "dumb"
        }
    }
}
