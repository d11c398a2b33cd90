import Detection
import Files
import FoundationEssentials

/// Writes annotation files in the PaliGemma JSONL layout, byte for byte as Roboflow exports them.
package enum PaliGemmaWriter {
    /// The text of one split's annotation file: a row a line, no line end after the last.
    package static func annotations(of examples: [DetectionExample]) -> String {
        examples.map(\.annotationLine).joined(separator: "\n")
    }

    /// Writes one split's annotation file into a folder that exists, in place of any earlier one.
    package static func write(
        _ examples: [DetectionExample], split: DatasetSplit, to folder: String
    ) throws(DatasetError) {
        let file = folder + "/" + PaliGemmaReader.annotationFile(split)
        do {
            try Data(annotations(of: examples).utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            throw DatasetError(file: file, problem: .unwritable(SystemReason.of(error)))
        }
    }
}
