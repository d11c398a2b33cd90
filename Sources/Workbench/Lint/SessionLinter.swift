import Console
import Hub

/// Looks for what makes a recorded session a bad test, without running it.
struct SessionLinter {
    /// The file as the user named it.
    let path: String
    /// Its text.
    let text: String
    /// Where it is, whole.
    let wholePath: String
    /// Secrets whose values must not be in it.
    let secrets: SecretStore

    /// Everything found, in the order of the lines.
    func findings() -> [LintFinding] {
        var parser = SessionFileParser(text, file: path, goesOn: true)
        // The parser throws nothing when it goes on after mistakes.
        let file = (try? parser.parse(endsInNewline: true)) ?? SessionFile(header: SessionHeader(lines: nil))
        let opened = OpenedSession(path: wholePath, file: file, folder: Paths.folder(of: wholePath), root: "")
        let findings =
            parser.problems.map { LintFinding(line: $0.line, message: $0.sentence) } + secretFindings
            + file.cells.flatMap { MaskRules(cell: $0).findings } + unrecorded(file)
            + PictureRules(opened: opened, secrets: secrets).findings
        return findings.enumerated().sorted { ($0.1.line ?? 0, $0.0) < ($1.1.line ?? 0, $1.0) }.map(\.element)
    }

    private var secretFindings: [LintFinding] {
        guard secrets.redact(text) != text else { return [] }
        let lines = text.linesOfText
        let findings = lines.enumerated().compactMap { index, line in
            secrets.redact(line) == line
                ? nil
                : LintFinding(
                    line: index + 1,
                    message: """
                        a secret or something that looks like one stands here: \(secrets.redact(line).trimmed); put its \
                        name in its place, and make the value invalid where it was shown
                        """)
        }
        if !findings.isEmpty { return findings }
        return [LintFinding(line: nil, message: "a secret of several lines stands in the file; take it out")]
    }

    /// Cells without outputs, in a file where others have some.
    private func unrecorded(_ file: SessionFile) -> [LintFinding] {
        guard file.cells.contains(where: { $0.recordedEnd != nil }) else { return [] }
        return file.cells.filter { $0.recordedEnd == nil && $0.attributes.skipCondition == nil }.map {
            LintFinding(
                line: $0.line, message: "the cell has no recorded output; replay the file and accept what it says")
        }
    }
}
