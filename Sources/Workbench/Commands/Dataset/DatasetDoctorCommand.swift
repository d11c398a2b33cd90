import Console
import Datasets

/// `dataset doctor`: what spoils training or scores.
struct DatasetDoctorCommand: Command {
    static let name = "dataset doctor"
    static let summary = "look for what spoils training or scores: bad boxes, leaks, misspelt and rare classes"
    static let discussion = """
        Every picture is decoded. Errors make training or scores wrong, warnings probably cost quality, notes may be meant.
        """
    static let examples = ["dataset doctor"]

    @Option("the most findings to show; the rest are counted", in: 1...1_000_000) var count = 50

    mutating func run(_ context: CommandContext) throws {
        let dataset = try context.loadedDataset()
        let imageCount = DatasetSplit.allCases.reduce(0) { $0 + dataset.examples($1).count }
        let findings = DatasetDoctor(dataset).findings(progress: context.pictureCounter("look"))
        try context.interrupt.check()
        guard !findings.isEmpty else { return context.say("nothing found in \(imageCount.counting("image"))") }
        for finding in findings.prefix(count) {
            context.say(Text("\(finding.severity.rawValue): ", style: finding.severity.style) + "\(finding)")
        }
        if findings.count > count { context.say("… and \(findings.count - count) more; --count shows them") }
        context.say("found in \(imageCount.counting("image")): \(Self.totals(findings))")
    }

    /// `2 errors, 1 warning`.
    private static func totals(_ findings: [Finding]) -> String {
        Finding.Severity.allCases.compactMap { severity in
            let count = findings.count { $0.severity == severity }
            return count == 0 ? nil : count.counting(severity.rawValue)
        }.joined(separator: ", ")
    }
}

extension Finding.Severity {
    fileprivate var style: TextStyle {
        switch self {
        case .error: .bad
        case .warning: .warning
        case .note: .faint
        }
    }
}
