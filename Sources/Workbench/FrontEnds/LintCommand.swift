import Console

/// `palinote lint`: what makes session files bad tests.
struct LintCommand: Command {
    static let name = "lint"
    static let summary = "look for mistakes in session files without running them"
    static let discussion = """
        It finds what cannot be read (unknown keys, repeated ids, blocks that are never closed), masks and tolerances that
        do nothing or accept nearly anything, pictures without digest, missing or other than their digest, files that no
        cell shows, cells without output, and secrets. Each finding has its line and what to do; the code is 1 when there
        is one.
        """
    static let examples = ["palinote lint sessions/walkthrough.session.md"]

    @Argument("the session files", completion: .file(extensions: ["md"])) var files: [Path]
    @OptionGroup var options: GlobalOptions

    mutating func run(_ context: ProgramContext) throws {
        guard !files.isEmpty else { throw CommandLineError(reason: .missing(["FILES..."]), command: Self.name) }
        let printer = OutputPrinter(context.surroundings, options)
        let secrets = try context.secrets()
        for file in files {
            let path = Paths.resolve(file.text, in: context.surroundings.folder, home: context.surroundings.home)
            do {
                let text = try FileAccess.readText(path)
                let linter = SessionLinter(path: file.text, text: text, wholePath: path, secrets: secrets)
                let findings = linter.findings()
                for finding in findings {
                    let place = finding.line.map { "\(file.text):\($0)" } ?? file.text
                    printer.print(.text(Text("\(place): \(finding.message)")))
                }
                if !findings.isEmpty { context.exitCode = max(context.exitCode, Program.ExitCode.failed) }
                let verdict = findings.isEmpty ? "clean" : findings.count.counting("finding")
                printer.print(.text(Text("\(verdict)  \(file.text)")))
            } catch {
                printer.print(.failure(Failure(error)))
                context.exitCode = Program.ExitCode.environment
            }
        }
    }
}
