import Glibc

/// A file of lines `NAME=value` that only its owner may read.
///
/// Empty lines and lines that start with `#` are passed over; one pair of quotes around a value is taken off.
struct SecretFile: Sendable {
    /// Where it is.
    let path: String
    /// The values by name.
    let values: [String: String]

    /// No file of secrets is as large as this.
    static let byteCountLimit = 1 << 20

    /// Reads a file; one that does not exist has no values.
    init(path: String) throws(SecretError) {
        self.path = path
        guard let text = try Self.text(path) else {
            values = [:]
            return
        }
        values = try Self.parse(text, file: path)
    }

    private static func text(_ path: String) throws(SecretError) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .unreadable(file: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        // The open file is asked, not the path, so that nobody can change it in between.
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .unreadable(file: path, reason: String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable(file: path, reason: "it is not a file") }
        guard status.st_uid == geteuid() else { throw .foreignOwner(file: path) }
        guard status.st_mode & 0o077 == 0 else {
            throw .notPrivate(file: path, permissions: String(status.st_mode & 0o777, radix: 8))
        }
        guard status.st_size <= byteCountLimit else {
            throw .tooLarge(file: path, byteCount: status.st_size, limit: byteCountLimit)
        }
        return try text(of: descriptor, byteCount: status.st_size, file: path)
    }

    private static func text(of descriptor: Int32, byteCount: Int, file: String) throws(SecretError) -> String {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var done = 0
        while done < byteCount {
            let count = bytes.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress.map { $0 + done }, byteCount - done)
            }
            if count == 0 { break }
            if count > 0 {
                done += count
            } else if errno != EINTR {
                throw .unreadable(file: file, reason: String(cString: strerror(errno)))
            }
        }
        guard let text = String(validating: bytes[..<done], as: UTF8.self) else {
            throw .unreadable(file: file, reason: "it is not UTF-8 text")
        }
        return text
    }

    private static func parse(_ text: String, file: String) throws(SecretError) -> [String: String] {
        var values: [String: String] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.trimmed
            if line.isEmpty || line.hasPrefix("#") { continue }
            func malformed(_ problem: String) -> SecretError {
                .malformedLine(file: file, line: index + 1, problem: problem)
            }
            guard let equals = line.firstIndex(of: "=") else { throw malformed("a line needs NAME=value") }
            let name = line[..<equals].trimmed
            let value = line[line.index(after: equals)...].trimmed.withoutQuotes
            guard SecretStore.isName(name) else {
                throw malformed("what stands before = cannot name a secret; use letters, digits and underscores")
            }
            guard value.count >= SecretStore.minimumCharacterCount else {
                throw malformed("the value of \(name) is shorter than \(SecretStore.minimumCharacterCount) characters")
            }
            guard values.updateValue(value, forKey: name) == nil else { throw malformed("\(name) is there twice") }
        }
        return values
    }
}

extension StringProtocol {
    /// Without the white space at both ends.
    fileprivate var trimmed: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest = rest.dropFirst() }
        while rest.last?.isWhitespace == true { rest = rest.dropLast() }
        return String(rest)
    }

    /// Without one pair of equal quotes around it.
    fileprivate var withoutQuotes: String {
        guard count >= 2, let first, first == last, first == "\"" || first == "'" else { return String(self) }
        return String(dropFirst().dropLast())
    }
}
