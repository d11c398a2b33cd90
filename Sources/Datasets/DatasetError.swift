import Detection
import Images

/// Why a data set, or a row of it, cannot be used.
package struct DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file or folder concerned, as the user named it.
    package let file: String
    /// The line in the file, from 1, or nil where no line is at fault.
    package let line: Int?
    /// What is wrong there.
    package let problem: Problem

    /// What is wrong with a data set or a row.
    package enum Problem: Error, Sendable, Equatable {
        /// The folder does not exist or is no folder.
        case noFolder
        /// The folder holds no annotation file.
        case noAnnotations
        /// The file cannot be read.
        case unreadable(String)
        /// The split has no row.
        case noRows
        /// The line is no JSON.
        case notJSON(String)
        /// The line is JSON, but no object.
        case notAnObject(found: String)
        /// A key is absent.
        case missingKey(String)
        /// A value is no text.
        case notText(key: String, found: String)
        /// The suffix holds something that is no detection.
        case badSuffix(RejectedDetection)
        /// The picture's path is empty, absolute, or leads out of the folder.
        case unsafePath(image: String, reason: UnsafePath)
        /// The picture does not exist.
        case missingImage(String)
        /// The picture's header cannot be read.
        case badImage(ImageError)
        /// The folder is of no format that is known.
        case unknownFormat
        /// The file is not what its format asks for.
        case badFile(String)
        /// A value is not what its place asks for.
        case badField(key: String, expected: String)
        /// Two pictures would be written under one name.
        case sameName(String)
        /// The system refused to write.
        case unwritable(String)
    }

    /// Why a picture's path is refused.
    package enum UnsafePath: String, Sendable {
        case empty = "is empty"
        case absolute = "is absolute"
        case leavesFolder = "leads out of the data set's folder"
    }

    /// Names what is wrong and where.
    package init(file: String, line: Int? = nil, problem: Problem) {
        self.file = file
        self.line = line
        self.problem = problem
    }

    /// What was found, what was expected and what to do, with the file and the line.
    package var description: String {
        "\(file)\(line.map { ":\($0)" } ?? ""): \(problem)"
    }
}

extension DatasetError.Problem: CustomStringConvertible {
    /// What was found, what was expected and what to do.
    package var description: String {
        switch self {
        case .noFolder: "there is no such folder; name the folder of a data set"
        case .noAnnotations:
            "the folder holds no _annotations.train.jsonl, _annotations.valid.jsonl or _annotations.test.jsonl; "
                + "name the folder of an export in the PaliGemma format"
        case .unreadable(let reason): "the file cannot be read: \(reason)"
        case .noRows: "no usable row is left in the file; look at the rejected rows, or leave the split out"
        case .notJSON(let reason): "the line is no JSON (\(reason)); a row is one object with image, prefix and suffix"
        case .notAnObject(let found): "the row is \(found); a row is one object with image, prefix and suffix"
        case .missingKey(let key): "the row has no \(key); a row needs image, prefix and suffix"
        case .notText(let key, let found): "the row's \(key) is \(found), it must be a string"
        case .badSuffix(let rejected):
            "suffix has \(rejected.reason), in \"\(rejected.text.shortened)\"; correct the row"
        case .unsafePath(let image, let reason):
            "the image path \"\(image.shortened)\" \(reason.rawValue); name a file inside the folder"
        case .missingImage(let image): "the image \"\(image.shortened)\" is not in the folder; add it or remove the row"
        case .badImage(let error): error.description
        case .unknownFormat:
            "the folder holds no data set that is known here; expected PaliGemma JSONL (_annotations.train.jsonl), COCO "
                + "(train/_annotations.coco.json), YOLO (data.yaml) or Pascal VOC (train/*.xml)"
        case .badFile(let reason): "the file cannot be understood: \(reason)"
        case .badField(let key, let expected): "\(key) is missing or wrong, it must be \(expected)"
        case .sameName(let name): "two pictures would be called \"\(name.shortened)\"; rename one of them"
        case .unwritable(let reason): "cannot be written: \(reason)"
        }
    }
}

extension String {
    /// The text, cut after 120 characters, for error messages.
    fileprivate var shortened: String { count > 120 ? prefix(120) + "…" : self }
}
