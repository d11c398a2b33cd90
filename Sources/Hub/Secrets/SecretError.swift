/// Why a secret cannot be kept or found. No case holds a value.
package enum SecretError: Error, Equatable {
    case invalidName(String)
    case tooShort(name: String, minimum: Int)
    case unknown(name: String)
    case notOfSession(name: String, source: SecretSource)
    case unreadable(file: String, reason: String)
    case notPrivate(file: String, permissions: String)
    case foreignOwner(file: String)
    case tooLarge(file: String, byteCount: Int, limit: Int)
    case malformedLine(file: String, line: Int, problem: String)
}

extension SecretError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidName(let name):
            "\"\(name)\" cannot name a secret; use letters, digits and underscores, such as HF_TOKEN"
        case .tooShort(let name, let minimum):
            "the value of \(name) is shorter than \(minimum) characters, too short to be hidden in output; check what you typed"
        case .unknown(let name):
            "there is no secret \(name); type `secret set \(name)`, or set it in the environment or the file of secrets"
        case .notOfSession(let name, let source):
            "\(name) comes from \(source) and cannot be removed here; remove it there"
        case .unreadable(let file, let reason): "the file of secrets \(file) cannot be read: \(reason)"
        case .notPrivate(let file, let permissions):
            "others may read the file of secrets \(file) (permissions \(permissions)); run `chmod 600 \(file)`"
        case .foreignOwner(let file): "the file of secrets \(file) belongs to another user; make one of your own"
        case .tooLarge(let file, let byteCount, let limit):
            "the file of secrets \(file) has \(byteCount) bytes, more than the \(limit) it may have; is it the right file?"
        case .malformedLine(let file, let line, let problem): "\(file):\(line): \(problem)"
        }
    }
}

/// Where a secret comes from, first in order of precedence.
package enum SecretSource: Sendable, Equatable, CustomStringConvertible {
    case session
    case environment
    case file(String)

    package var description: String {
        switch self {
        case .session: "this session"
        case .environment: "the environment"
        case .file(let path): path
        }
    }
}
