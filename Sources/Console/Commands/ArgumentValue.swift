/// A type that an option or argument can have.
package protocol ArgumentValue: Sendable {
    /// Reads the value from one word.
    init(argument word: String) throws(ValueProblem)
    /// The word that stands for the value in help, such as `N` or `FILE`.
    static var valueName: String { get }
    /// The only words allowed, empty when any word of the right form is.
    static var allowedValues: [String] { get }
    /// What Tab offers.
    static var completion: CompletionKind { get }
    /// The value when nothing is given and no default is declared; nil makes the parameter required.
    static var absent: Self? { get }
    /// Whether a second word adds to the value instead of replacing it.
    static var isList: Bool { get }
    /// The value as it would be typed; nil when there is nothing to show as a default.
    var argumentText: String? { get }
    /// Takes another word: replaces the value, or adds to a list.
    /// - Parameters:
    ///   - isFirst: whether what is there is only the default.
    ///   - splits: whether a list may stand in one word, its items between commas.
    mutating func take(_ word: String, isFirst: Bool, splits: Bool) throws(ValueProblem)
}

/// Why a word is no value of a type.
package struct ValueProblem: Error, Sendable, Equatable {
    /// What was expected, as in "a whole number".
    package var expected: String
    /// Allowed words near the one given.
    package var suggestions: [String]

    /// Makes a problem.
    package init(expected: String, suggestions: [String] = []) {
        self.expected = expected
        self.suggestions = suggestions
    }
}

/// What Tab offers for a value.
package enum CompletionKind: Sendable, Equatable {
    /// Nothing.
    case nothing
    /// One of a fixed list.
    case values([String])
    /// A file; with extensions, only such files and folders.
    case file(extensions: [String])
    /// A folder.
    case folder
    /// Names that live in the session.
    case live(LiveNames)
    /// What any of these offers.
    case anyOf([CompletionKind])
}

/// A family of names that live in the session, such as variables or splits.
package struct LiveNames: RawRepresentable, Sendable, Hashable {
    /// The family's name.
    package var rawValue: String

    /// Makes a family; a group of commands adds its own by a static constant.
    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Variables set in the session.
    package static let variables = LiveNames(rawValue: "variables")
    /// Commands.
    package static let commands = LiveNames(rawValue: "commands")
    /// Ids of the cells executed.
    package static let cells = LiveNames(rawValue: "cells")
    /// Names of stored secrets.
    package static let secrets = LiveNames(rawValue: "secrets")
    /// Short names for commands.
    package static let aliases = LiveNames(rawValue: "aliases")
}

extension ArgumentValue {
    package static var allowedValues: [String] { [] }
    package static var completion: CompletionKind { allowedValues.isEmpty ? .nothing : .values(allowedValues) }
    package static var absent: Self? { nil }
    package static var isList: Bool { false }
    package mutating func take(_ word: String, isFirst: Bool, splits: Bool) throws(ValueProblem) {
        self = try Self(argument: word)
    }
}

/// An enumeration of words: `enum Optimizer: String, Choice { case adamwTorch = "adamw_torch" }`.
package protocol Choice: ArgumentValue, CaseIterable, RawRepresentable where RawValue == String {}

extension Choice {
    package init(argument word: String) throws(ValueProblem) {
        guard let value = Self(rawValue: word) else {
            let words = Self.allowedValues
            throw ValueProblem(
                expected: "one of \(words.joined(separator: ", "))",
                suggestions: Suggestions.nearest(to: word, among: words))
        }
        self = value
    }

    package static var valueName: String { allCases.map(\.rawValue).joined(separator: "|") }
    package static var allowedValues: [String] { allCases.map(\.rawValue) }
    package var argumentText: String? { rawValue }
}

extension String: ArgumentValue {
    package init(argument word: String) throws(ValueProblem) { self = word }
    package static var valueName: String { "TEXT" }
    package var argumentText: String? { isEmpty ? nil : self }
}

extension Int: ArgumentValue {
    package init(argument word: String) throws(ValueProblem) {
        guard let value = Int(word) else { throw ValueProblem(expected: "a whole number") }
        self = value
    }

    package static var valueName: String { "N" }
    package var argumentText: String? { String(self) }
}

extension UInt64: ArgumentValue {
    package init(argument word: String) throws(ValueProblem) {
        guard let value = UInt64(word) else { throw ValueProblem(expected: "a whole number from 0") }
        self = value
    }

    package static var valueName: String { "N" }
    package var argumentText: String? { String(self) }
}

extension Double: ArgumentValue {
    package init(argument word: String) throws(ValueProblem) {
        guard let value = Double(word), value.isFinite else { throw ValueProblem(expected: "a number") }
        self = value
    }

    package static var valueName: String { "X" }
    package var argumentText: String? {
        guard let whole = Int(exactly: self), abs(whole) < 1_000_000 else { return description }
        return "\(whole).0"
    }
}

extension Float: ArgumentValue {
    package init(argument word: String) throws(ValueProblem) {
        guard let value = Float(word), value.isFinite else { throw ValueProblem(expected: "a number") }
        self = value
    }

    package static var valueName: String { "X" }
    package var argumentText: String? { description }
}

extension Bool: ArgumentValue {
    package init(argument word: String) throws(ValueProblem) {
        switch word.lowercased() {
        case "true", "yes", "on", "1": self = true
        case "false", "no", "off", "0": self = false
        default: throw ValueProblem(expected: "true or false")
        }
    }

    package static var valueName: String { "true|false" }
    package static var allowedValues: [String] { ["true", "false"] }
    package var argumentText: String? { self ? "true" : "false" }
}

/// A path as typed; the session resolves it against its folder.
package struct Path: ArgumentValue, Equatable {
    /// The text as typed.
    package var text: String

    /// Makes a path.
    package init(_ text: String) { self.text = text }

    package init(argument word: String) throws(ValueProblem) {
        guard !word.isEmpty, !word.utf8.contains(0) else { throw ValueProblem(expected: "a path") }
        text = word
    }

    package static var valueName: String { "PATH" }
    package static var completion: CompletionKind { .file(extensions: []) }
    package var argumentText: String? { text }
}

extension Optional: ArgumentValue where Wrapped: ArgumentValue {
    package init(argument word: String) throws(ValueProblem) { self = .some(try Wrapped(argument: word)) }
    package static var valueName: String { Wrapped.valueName }
    package static var allowedValues: [String] { Wrapped.allowedValues }
    package static var completion: CompletionKind { Wrapped.completion }
    package static var absent: Wrapped?? { .some(nil) }
    package static var isList: Bool { Wrapped.isList }
    package var argumentText: String? { self?.argumentText }

    package mutating func take(_ word: String, isFirst: Bool, splits: Bool) throws(ValueProblem) {
        guard var value = self ?? Wrapped.absent else {
            self = .some(try Wrapped(argument: word))
            return
        }
        try value.take(word, isFirst: isFirst, splits: splits)
        self = value
    }
}

extension Array: ArgumentValue where Element: ArgumentValue {
    package init(argument word: String) throws(ValueProblem) {
        var items: [Element] = []
        for part in word.split(separator: ",", omittingEmptySubsequences: true) {
            items.append(try Element(argument: String(part)))
        }
        self = items
    }

    package static var valueName: String { Element.valueName + ",..." }
    package static var allowedValues: [String] { Element.allowedValues }
    package static var completion: CompletionKind { Element.completion }
    package static var absent: [Element]? { [] }
    package static var isList: Bool { true }
    package var argumentText: String? { isEmpty ? nil : compactMap(\.argumentText).joined(separator: ",") }

    package mutating func take(_ word: String, isFirst: Bool, splits: Bool) throws(ValueProblem) {
        let items = splits ? try Self(argument: word) : [try Element(argument: word)]
        self = isFirst ? items : self + items
    }
}
