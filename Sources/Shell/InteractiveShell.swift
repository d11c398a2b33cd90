import Console
import Workbench

/// The prompt.
package enum InteractiveShell {
    /// Reads and runs cells until the user leaves.
    package static func run(_ context: ProgramContext, _ options: GlobalOptions) {
        context.exitCode = Program.ExitCode.environment
    }
}
