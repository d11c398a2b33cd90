import Checkpoints
import Files
import FoundationEssentials

/// The trainings of a search on disk, a line each, written when one ends: what a killed search goes on from.
package final class TrialJournal {
    /// What a search depends on; another one does not go on from this journal.
    package struct Header: Sendable, Equatable, Codable {
        package var seed: UInt64
        package var budget: Int
        package var metric: String
        package var space: SearchSpace
        /// Where the model came from, and what it weighs.
        package var model: String
        /// How many examples are learned from and evaluated on.
        package var trainExamples: Int
        package var validExamples: Int

        /// The facts of a search.
        package init(
            seed: UInt64, budget: Int, metric: String, space: SearchSpace, model: String, trainExamples: Int,
            validExamples: Int
        ) {
            (self.seed, self.budget, self.metric, self.space) = (seed, budget, metric, space)
            (self.model, self.trainExamples, self.validExamples) = (model, trainExamples, validExamples)
        }
    }

    package static let fileName = "trials.jsonl"

    /// The results so far, in the order in which they came.
    package private(set) var results: [TrialResult] = []
    private let file: AppendedFile

    /// Opens the journal in a folder, or begins one.
    ///
    /// A last line that was cut by a kill is dropped.
    /// - Parameter restarts: whether an earlier journal is thrown away.
    /// - Throws: `TrainingError.log` for a journal of another search, or one that cannot be read or written.
    package init(folder: String, _ header: Header, restarts: Bool = false) throws(TrainingError) {
        let path = folder + "/" + Self.fileName
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .log(file: path, reason: SystemReason.of(error))
        }
        let earlier = restarts ? nil : FileManager.default.contents(atPath: path)
        var kept = try Self.line(header, path)
        if let earlier, !earlier.isEmpty {
            let lines = earlier.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            // What stands behind the last line end was cut off.
            for (number, line) in lines.dropLast().enumerated() {
                guard number > 0 else {
                    try Self.check(line, header, path)
                    continue
                }
                guard let result = try? Self.decoder.decode(TrialResult.self, from: Data(line)) else {
                    throw .log(file: path, reason: "line \(number + 1) is no result of a training")
                }
                results.append(result)
                kept += line + [UInt8(ascii: "\n")]
            }
        }
        // The old file or the whole new one, whenever the program is killed.
        let (content, isChanged) = (kept, earlier.map { [UInt8]($0) != kept } ?? true)
        if isChanged { try fileErrors { () throws(CheckpointError) in try AtomicFile.write(content, to: path) } }
        file = try AppendedFile(path: path)
    }

    /// Refuses the first line of a journal that is no header, or that of another search.
    private static func check(_ line: Data, _ header: Header, _ path: String) throws(TrainingError) {
        guard let found = try? decoder.decode(Header.self, from: Data(line)) else {
            throw .log(file: path, reason: "its first line is no header of a search; name another folder")
        }
        guard found == header else {
            throw .log(
                file: path,
                reason: "it belongs to another search (\(difference(found, header))); name another folder, or --restart"
            )
        }
    }

    /// The result of a training that was made already.
    package func result(trial: Int, rung: Int) -> TrialResult? {
        results.first { $0.trial == trial && $0.rung == rung }
    }

    /// Notes a result, on disk before this returns.
    func add(_ result: TrialResult) throws(TrainingError) {
        try file.append(try Self.line(result, file.path))
        try file.flush()
        results.append(result)
    }

    private static func line(_ value: some Encodable, _ path: String) throws(TrainingError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
        } catch {
            throw .log(file: path, reason: SystemReason.of(error))
        }
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return decoder
    }

    /// What differs between two searches, in words.
    private static func difference(_ found: Header, _ wanted: Header) -> String {
        for (name, old, new) in [
            ("seed", "\(found.seed)", "\(wanted.seed)"), ("budget", "\(found.budget)", "\(wanted.budget)"),
            ("metric", found.metric, wanted.metric), ("model", found.model, wanted.model),
            ("train examples", "\(found.trainExamples)", "\(wanted.trainExamples)"),
            ("valid examples", "\(found.validExamples)", "\(wanted.validExamples)"),
        ] where old != new {
            return "\(name) was \(old), is \(new)"
        }
        return "it chose from other values"
    }
}
