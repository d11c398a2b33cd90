import FoundationEssentials
import Glibc

/// Why a call to the system failed, in its words: `No such file or directory`.
package enum SystemReason {
    /// The reason of the call just made on this thread.
    package static var last: String { String(cString: strerror(errno)) }

    /// The reason of an error of Foundation's: of its file manager, of reading and writing files, of its JSON coders.
    package static func of(_ error: any Error) -> String {
        switch error {
        case let error as CocoaError: (error.underlying as? POSIXError).map(of) ?? "it is refused"
        case let error as POSIXError: String(cString: strerror(error.code.rawValue))
        case DecodingError.keyNotFound(let key, _): "\(key.stringValue) is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            text(context.codingPath, context.debugDescription)
        case EncodingError.invalidValue(_, let context): text(context.codingPath, context.debugDescription)
        default: String(describing: error)
        }
    }

    private static func text(_ path: [any CodingKey], _ description: String) -> String {
        let place = path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return place.isEmpty ? description : "\(place): \(description)"
    }
}
