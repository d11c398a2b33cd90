/// Why a predictions file cannot be read.
package struct PredictionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong with a line.
    package enum Problem: Error, Sendable, Equatable {
        /// The line is no JSON.
        case notJSON(String)
        /// A key is absent.
        case missingKey(String)
        /// A value is of another kind than its key needs.
        case wrongKind(key: String, expected: String, found: String)
        /// A column is longer or shorter than that of the boxes.
        case unequalColumns(String, count: Int, boxes: Int)
        /// A picture has two lines.
        case duplicateImage(String, earlierLine: Int)
    }

    /// The file.
    package let file: String
    /// The line in it, from 1.
    package let line: Int
    /// What is wrong with the line.
    package let problem: Problem

    /// What was found, what was expected and what to do, with the file and the line.
    package var description: String { "\(file):\(line): \(problem)" }
}

extension PredictionError.Problem: CustomStringConvertible {
    /// What was found, what was expected and what to do.
    package var description: String {
        switch self {
        case .notJSON(let reason): "the line is no JSON (\(reason)); each line holds one object"
        case .missingKey(let key):
            "the key \"\(key)\" is missing; a line needs image, width, height, boxes and classes"
        case .wrongKind(let key, let expected, let found): "\(key) needs \(expected), found \(found)"
        case .unequalColumns(let key, let count, let boxes):
            "\(count) \(key) for \(boxes) boxes; each box needs one"
        case .duplicateImage(let image, let earlier):
            "the image \"\(image)\" has a line already, line \(earlier); put its boxes on one line"
        }
    }
}
