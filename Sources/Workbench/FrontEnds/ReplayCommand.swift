import Console

/// `palinote replay`: recorded sessions as tests.
struct ReplayCommand: Command {
    static let name = "replay"
    static let summary = "run session files again and compare with what is recorded"
    static let discussion = """
        Strict: the same bytes, pixels and states. It needs the device, version, seed and inputs of the recording, and
        refuses with code 3 where they are others. Tolerant: numbers within the session's rtol and atol, pictures
        within their tile limit, boxes exactly. Without a flag the replay is strict where it can be, else tolerant.

        The first cell that differs is shown, later ones are counted, and FILE.new holds the session as it is now.
        """
    static let examples = [
        "palinote replay sessions/walkthrough.session.md", "palinote replay sessions/*.md --tolerant",
    ]

    @Argument("the session files", completion: .file(extensions: ["md"])) var files: [Path]
    @Flag("compare bytes, pixels and states") var strict = false
    @Flag("compare numbers within tolerances") var tolerant = false
    @OptionGroup var options: GlobalOptions

    mutating func run(_ context: ProgramContext) throws {
        guard !files.isEmpty else { throw CommandLineError(reason: .missing(["FILES..."]), command: Self.name) }
        guard !strict || !tolerant else {
            throw Failure(code: "UsageError", message: "--strict and --tolerant exclude each other; give one")
        }
        let printer = OutputPrinter(context.surroundings, options)
        for file in files where context.exitCode != Program.ExitCode.interrupted {
            do {
                let code = try replay(file.text, context, printer)
                context.exitCode = max(context.exitCode, code)
            } catch {
                printer.print(.failure(Failure(error)))
                context.exitCode = max(context.exitCode, Program.ExitCode.environment)
            }
        }
    }

    private func replay(_ path: String, _ context: ProgramContext, _ printer: OutputPrinter) throws -> Int32 {
        let opened = try OpenedSession(path, context.surroundings)
        let session = try context.makeSession(options, printer: printer)
        session.settings = opened.settings(options)
        try context.check(opened, session)
        let requirements = StrictRequirements(
            header: opened.file.header, settings: session.settings, deviceSignature: session.deviceSignature,
            root: opened.root)
        let (isStrict, reasons) = mode(opened, requirements)
        let blocking = isStrict ? reasons + requirements.inputDifferences() : []
        guard blocking.isEmpty else {
            printer.print(.failure(refusal(path, blocking)))
            return Program.ExitCode.environment
        }
        let temporary = try TemporaryFolder(context.surroundings.environment)
        defer { temporary.remove() }
        session.surroundings.folder = opened.root
        session.surroundings.assets = AssetFolder(path: temporary.path, shownAs: opened.assetsName)
        session.surroundings.receive = { _ in }
        let start = context.surroundings.now()
        var replayer = Replayer(opened: opened, session: session, isStrict: isStrict)
        replayer.progress = { completed, total in
            guard context.surroundings.errorIsTerminal else { return }
            let elapsed = context.surroundings.now() - start
            printer.print(.progress(Progress(label: path, completed: completed, total: total, elapsed: elapsed)))
        }
        let report = replayer.run()
        ReplayPrinter(path: path, printer: printer)
            .print(report, elapsed: context.surroundings.now() - start, reasons: reasons)
        if report.wasInterrupted { return Program.ExitCode.interrupted }
        if report.divergences.isEmpty {
            try opened.removePending()
            return Program.ExitCode.ok
        }
        try keep(report, opened, session, temporary, printer)
        return Program.ExitCode.failed
    }

    /// Strict where asked for or possible; the reasons are what speaks against it.
    private func mode(_ opened: OpenedSession, _ requirements: StrictRequirements) -> (Bool, [String]) {
        let reasons = requirements.placeDifferences
        if strict { return (true, reasons) }
        if tolerant { return (false, []) }
        switch opened.file.header.matchMode {
        case .strict: return (true, reasons)
        case .tolerant: return (false, [])
        case .auto: return (reasons.isEmpty, reasons)
        }
    }

    private func refusal(_ path: String, _ reasons: [String]) -> Failure {
        Failure(
            code: "StrictReplayRefused",
            message: "\(path) cannot be replayed strictly: \(reasons.joined(separator: "; "))",
            next: "palinote replay \(path) --tolerant")
    }

    /// Writes FILE.new, with the pictures of the cells that differ.
    private func keep(
        _ report: Replayer.Report, _ opened: OpenedSession, _ session: Session, _ temporary: TemporaryFolder,
        _ printer: OutputPrinter
    ) throws {
        var updated = report.updated
        for (key, value) in [
            (SessionHeader.Key.device, session.deviceSignature), (.versions, Program.versions),
        ]
        where updated.header[key] != nil { updated.header[key] = value }
        try opened.removePending()
        for divergence in report.divergences {
            for picture in updated.cells[divergence.number - 1].pictures {
                let name = Paths.name(of: picture.path)
                let path = Paths.join(temporary.path, name)
                guard FileAccess.exists(path) else { continue }
                let bytes = try FileAccess.read(path)
                try SessionPlace.write(bytes, to: Paths.join(opened.newAssetsFolder, name), secrets: session.secrets)
            }
        }
        try SessionPlace.write(updated, to: opened.newPath, secrets: session.secrets)
        printer.print(
            .text(
                "  \(.path(opened.path + ".new")) holds the session as it is now; next: palinote review \(opened.path)")
        )
    }
}

/// Shows what came of a replay.
struct ReplayPrinter {
    let path: String
    let printer: OutputPrinter

    /// Prints one line when all is equal, else the first difference in full.
    func print(_ report: Replayer.Report, elapsed: Double, reasons: [String]) {
        let mode = report.isStrict ? "strict" : "tolerant"
        let skipped = report.skippedCount > 0 ? ", \(report.skippedCount) left out" : ""
        let verdict = report.wasInterrupted ? "stopped" : report.divergences.isEmpty ? "same" : "DIFFERENT"
        printer.print(
            .text(
                "\(verdict)  \(path)  \(mode), \(report.cellCount) cells\(skipped) in \(.duration(elapsed))"))
        if !report.isStrict, !reasons.isEmpty {
            printer.print(.text("  not strict: \(reasons.joined(separator: "; "))"))
        }
        guard let first = report.divergences.first else { return }
        var fields = Fields()
        let line = first.differences.lazy.compactMap(\.line).first.map { ", line \($0)" } ?? ""
        fields.add("  cell", "\(first.id), number \(first.number)\(line)")
        let hasSeveralLines = first.differences.compactMap(\.line).count > 1
        for difference in first.differences {
            if hasSeveralLines, let line = difference.line { fields.add("  line", "\(line)") }
            for (label, value) in difference.fields(tolerance: report.isStrict ? nil : first.tolerance) {
                fields.add("  " + label, value)
            }
        }
        let later = report.divergences.dropFirst()
        if !later.isEmpty {
            fields.add(
                "  later",
                "\(later.count) more \(later.count == 1 ? "cell differs" : "cells differ"): \(later.map(\.id).joined(separator: ", "))"
            )
        }
        printer.print(.fields(fields))
    }
}
