/// Named secrets of the session, the environment and a private file, in that order of precedence; and the means to keep
/// their values out of everything that is shown.
///
/// Printing a store or looking into it with a mirror shows names only.
package struct SecretStore: Sendable {
    /// A secret without its value.
    package struct Listing: Sendable, Equatable {
        /// The secret's name.
        package let name: String
        /// Where its value comes from.
        package let source: SecretSource
    }

    private var session: [String: String] = [:]
    /// What was removed or replaced, and may still stand in something that is shown later.
    private var retired: [(name: String, value: String)] = []
    private let environment: [String: String]
    private let file: SecretFile?
    private var redactor: Redactor

    /// Values of fewer characters are refused: hiding them would tear ordinary words out of output.
    package static let minimumCharacterCount = 4
    /// Endings of the names of environment variables that hold secrets.
    private static let secretEndings = ["TOKEN", "KEY", "SECRET", "PASSWORD", "PASSWD", "CREDENTIALS"]

    /// Gathers what is known at the start.
    /// - Parameters:
    ///   - environment: variables of the process; those whose name ends in `TOKEN`, `KEY`, `SECRET` or the like are secrets.
    ///   - path: a file of lines `NAME=value` that only its owner may read; one that does not exist holds no secrets.
    package init(environment: [String: String] = [:], file path: String) throws(SecretError) {
        self.init(environment, file: try SecretFile(path: path))
    }

    /// Gathers what the environment holds.
    package init(environment: [String: String] = [:]) {
        self.init(environment, file: nil)
    }

    private init(_ environment: [String: String], file: SecretFile?) {
        self.environment = environment.filter { name, value in
            Self.isName(name) && Self.secretEndings.contains { name.uppercased().hasSuffix($0) }
                && value.count >= Self.minimumCharacterCount
        }
        self.file = file
        redactor = Redactor(values: [])
        updateRedactor()
    }

    /// Keeps a secret for this session, in place of one of the same name.
    package mutating func set(_ name: String, to value: String) throws(SecretError) {
        guard Self.isName(name) else { throw .invalidName(name) }
        guard value.count >= Self.minimumCharacterCount else {
            throw .tooShort(name: name, minimum: Self.minimumCharacterCount)
        }
        if let earlier = session.updateValue(value, forKey: name) { retired.append((name, earlier)) }
        updateRedactor()
    }

    /// Takes out a secret of this session; one of the same name in the environment or the file counts again.
    ///
    /// Its value goes on being hidden.
    package mutating func remove(_ name: String) throws(SecretError) {
        guard let value = session.removeValue(forKey: name) else {
            guard let source = source(of: name) else { throw .unknown(name: name) }
            throw .notOfSession(name: name, source: source)
        }
        retired.append((name, value))
    }

    /// The value of a secret, for handing to the service that asks for it and to nobody else.
    package func value(of name: String) throws(SecretError) -> String {
        guard let value = session[name] ?? environment[name] ?? file?.values[name] else { throw .unknown(name: name) }
        return value
    }

    /// Whether there is a secret of that name.
    package func contains(_ name: String) -> Bool { source(of: name) != nil }

    /// The names of all secrets and where their values come from, in order of the names.
    package var list: [Listing] {
        let names = Set(session.keys).union(environment.keys).union(file?.values.keys.map { $0 } ?? [])
        return names.sorted().compactMap { name in source(of: name).map { Listing(name: name, source: $0) } }
    }

    /// The text with every known value, and whatever has the shape of a token, replaced by `[[secret NAME]]`.
    ///
    /// Values are found as they are, percent-encoded, in base64, and escaped as in JSON.
    package func redact(_ text: String) -> String {
        redactor.redact(text)
    }

    /// Whether a text can name a secret: letters of ASCII, digits and underscores, no digit first.
    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128,
            !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        else { return false }
        return text.utf8.allSatisfy { $0.isWordByte }
    }

    private func source(of name: String) -> SecretSource? {
        if session[name] != nil { return .session }
        if environment[name] != nil { return .environment }
        return file?.values[name] == nil ? nil : file.map { .file($0.path) }
    }

    /// Values that another of the same name covers up are hidden too.
    private mutating func updateRedactor() {
        let known = [session, environment, file?.values ?? [:]].flatMap { table in
            table.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        }
        redactor = Redactor(values: known + retired)
    }
}

extension SecretStore: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "secrets: \(list.map(\.name).joined(separator: ", "))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["names": list.map(\.name)]) }
}
