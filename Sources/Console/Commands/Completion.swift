/// What could stand at the cursor.
package struct CompletionResult: Sendable, Equatable {
    /// The characters before the cursor, quotes among them, that a candidate replaces.
    package var replacedCount: Int
    /// What could stand there, whole words without quotes; a folder ends in `/`, everything else wants a space behind it.
    package var candidates: [String]
    /// The characters of the word that are typed, without quotes.
    var typedCount: Int
    /// The quote that the user opened and did not close.
    var quote: Character?
    /// Whether that quote stands before what is replaced.
    var quoteStays = false

    /// Makes a result.
    package init(replacedCount: Int, candidates: [String]) {
        self.replacedCount = replacedCount
        self.candidates = candidates
        typedCount = replacedCount
    }

    /// What all candidates begin with.
    package var commonPrefix: String {
        guard var prefix = candidates.first.map(Array.init) else { return "" }
        for candidate in candidates.dropFirst() {
            let shared = zip(prefix, candidate).prefix { $0 == $1 }.count
            if shared < prefix.count { prefix.removeSubrange(shared...) }
        }
        return String(prefix)
    }

    /// What Tab puts in place of what is replaced: the only candidate, or what all of them begin with; nil when that
    /// is no progress.
    package var insertion: String? {
        if candidates.count == 1 {
            let isFolder = candidates[0].hasSuffix("/")
            return quoted(candidates[0], isWhole: !isFolder)
        }
        let prefix = commonPrefix
        return prefix.count > typedCount ? quoted(prefix, isWhole: false) : nil
    }

    /// A word as it must be typed: in quotes where it holds blanks or other characters that mean something.
    private func quoted(_ word: String, isWhole: Bool) -> String {
        let isPlain = !word.isEmpty && word.first != "#" && !word.contains { $0.isWhitespace || "'\"\\$".contains($0) }
        guard quote != nil || !isPlain else { return word + (isWhole ? " " : "") }
        let mark: Character = quote ?? (word.contains("'") ? "\"" : "'")
        var text = quoteStays ? "" : String(mark)
        for character in word {
            if mark == "\"", "\"\\$".contains(character) { text.append("\\") }
            text.append(character)
        }
        return text + (isWhole ? "\(mark) " : "")
    }
}

/// The word at the cursor, as far as it is typed.
struct PartialWord {
    /// The word without quotes.
    private(set) var text = ""
    /// The quote that is open.
    private(set) var quote: Character?
    /// Where each character of the text begins on the line, its quote included; one place more for what follows.
    private var starts: [Int]
    private var quoteStart = 0
    private var end: Int

    init(at place: Int) {
        starts = [place]
        end = place
    }

    /// Takes a character that stands at a place of the line.
    mutating func take(_ character: Character, at place: Int) {
        end = place + 1
        if character == quote {
            quote = nil
        } else if quote == nil, character == "'" || character == "\"" {
            quote = character
            quoteStart = place
        } else {
            text.append(character)
            starts.append(place + 1)
        }
    }

    /// Names that the end of the word, from a character on, begins.
    func result(from first: Int, _ names: [String]) -> CompletionResult {
        let word = String(text.dropFirst(first))
        var matching = names.filter { $0.utf8.starts(with: word.utf8) }.sorted()
        matching = matching.enumerated().filter { $0.offset == 0 || matching[$0.offset - 1] != $0.element }.map(
            \.element)
        var result = CompletionResult(replacedCount: end - starts[first], candidates: matching)
        result.typedCount = word.count
        result.quote = quote
        result.quoteStays = quote != nil && quoteStart < starts[first]
        return result
    }
}

/// Finds what could stand at the cursor, from the commands' declarations and the session's names.
package struct Completer<Context> {
    /// A folder's entry.
    package struct FolderEntry: Sendable {
        /// The name without its folder.
        package var name: String
        /// Whether it is a folder.
        package var isFolder: Bool

        /// Makes an entry.
        package init(name: String, isFolder: Bool) {
            self.name = name
            self.isFolder = isFolder
        }
    }

    /// The commands.
    package let registry: CommandRegistry<Context>
    /// Names that live in the session.
    package let liveNames: (LiveNames) -> [String]
    /// Short names for commands.
    package let aliases: () -> Aliases
    /// What a folder holds whose name begins so; empty when it cannot be read.
    package let folderEntries: (_ folder: String, _ beginning: String) -> [FolderEntry]

    /// Makes a completer.
    package init(
        registry: CommandRegistry<Context>, liveNames: @escaping (LiveNames) -> [String],
        aliases: @escaping () -> Aliases = { Aliases() },
        folderEntries: @escaping (_ folder: String, _ beginning: String) -> [FolderEntry]
    ) {
        self.registry = registry
        self.liveNames = liveNames
        self.aliases = aliases
        self.folderEntries = folderEntries
    }

    /// Candidates for the end of the text before the cursor.
    package func complete(_ textBeforeCursor: String) -> CompletionResult {
        let line = textBeforeCursor.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
        var (words, current) = Self.words(of: line)
        if let first = words.first, let command = aliases().expansion(of: first) {
            words.replaceSubrange(0..<1, with: Self.words(of: command + " ").whole)
        }
        if current.text.hasPrefix("$") { return current.result(from: 1, liveNames(.variables)) }
        guard let (entry, count) = registry.find(words) else {
            if words.isEmpty, current.text.hasPrefix("?") { return commandResult([], current, from: 1) }
            if words.first == "help" { return commandResult(Array(words.dropFirst()), current) }
            return commandResult(words, current, and: words.isEmpty ? liveNames(.aliases) : [])
        }
        if entry.name == "help" { return commandResult(Array(words.dropFirst()), current) }
        if entry.name == words.joined(separator: " "), !registry.members(of: entry.name).isEmpty {
            let deeper = commandResult(words, current)
            if !deeper.candidates.isEmpty { return deeper }
        }
        return parameterResult(entry.describe(), Array(words.dropFirst(count)), current)
    }
}

extension Completer {
    /// The blank-separated words of a line, and the one at its end; quotes keep blanks inside a word.
    static func words(of line: some StringProtocol) -> (whole: [String], current: PartialWord) {
        var words: [String] = []
        var current = PartialWord(at: 0)
        var isBegun = false
        for (place, character) in line.enumerated() {
            if character.isBlank, current.quote == nil {
                if isBegun { words.append(current.text) }
                current = PartialWord(at: place + 1)
                isBegun = false
            } else {
                current.take(character, at: place)
                isBegun = true
            }
        }
        return (words, current)
    }

    private func commandResult(
        _ words: [String], _ current: PartialWord, from first: Int = 0, and others: [String] = []
    ) -> CompletionResult {
        let next = registry.entries.compactMap { entry -> String? in
            let parts = entry.name.split(separator: " ").map(String.init)
            guard parts.count > words.count, Array(parts.prefix(words.count)) == words else { return nil }
            return parts[words.count]
        }
        return current.result(from: first, next + others)
    }

    private func parameterResult(
        _ command: CommandDescription, _ words: [String], _ current: PartialWord
    ) -> CompletionResult {
        if current.text.hasPrefix("-") {
            let name = current.text.prefix { $0 != "=" }
            if name.count < current.text.count, let option = option(command, String(name)) {
                return valueResult(option, current, from: name.count + 1)
            }
            return current.result(
                from: 0, command.options.map { $0.kind == .option ? "--\($0.name)" : $0.usage })
        }
        if let last = words.last, let option = option(command, last), option.kind == .option {
            return valueResult(option, current, from: 0)
        }
        let place = argumentCount(words, of: command)
        let arguments = command.arguments
        guard let argument = place < arguments.count ? arguments[place] : arguments.last(where: \.isList) else {
            return current.result(from: 0, command.options.map { "--\($0.name)" })
        }
        return valueResult(argument, current, from: 0)
    }

    /// How many of the words are arguments, and neither options nor their values.
    private func argumentCount(_ words: [String], of command: CommandDescription) -> Int {
        var count = 0
        var index = 0
        while index < words.count {
            if words[index].hasPrefix("--") {
                if let option = option(command, words[index]), option.kind == .option { index += 1 }
            } else {
                count += 1
            }
            index += 1
        }
        return count
    }

    private func option(_ command: CommandDescription, _ word: String) -> ParameterDescription? {
        guard word.hasPrefix("--") else { return nil }
        let name = word.dropFirst(2).replacing("_", with: "-")
        return command.options.first { $0.name == name }
    }

    private func valueResult(
        _ parameter: ParameterDescription, _ current: PartialWord, from first: Int
    ) -> CompletionResult {
        var first = first
        if parameter.isList, parameter.kind == .option, let comma = Array(current.text).lastIndex(of: ","),
            comma >= first
        {
            first = comma + 1
        }
        return current.result(from: first, names(parameter.completion, String(current.text.dropFirst(first))))
    }

    /// What a kind of value offers for a word that is begun.
    private func names(_ kind: CompletionKind, _ word: String) -> [String] {
        switch kind {
        case .nothing: []
        case .values(let values): values
        case .live(let family): liveNames(family)
        case .file(let extensions): paths(word) { Self.matches($0, extensions) }
        case .folder: paths(word, where: \.isFolder)
        case .anyOf(let kinds): kinds.flatMap { names($0, word) }
        }
    }

    private static func matches(_ entry: FolderEntry, _ extensions: [String]) -> Bool {
        if entry.isFolder || extensions.isEmpty { return true }
        guard let dot = entry.name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return false }
        let ending = entry.name[dot...].dropFirst()
        return extensions.contains { $0 == ending || $0 == ending.lowercased() }
    }

    private func paths(_ word: String, where isWanted: (FolderEntry) -> Bool) -> [String] {
        let slash = word.lastIndex(of: "/").map { word.index(after: $0) } ?? word.startIndex
        let folder = String(word[..<slash])
        let name = String(word[slash...])
        let entries = folderEntries(folder.isEmpty ? "." : folder, name).filter { entry in
            isWanted(entry) && (name.hasPrefix(".") || !entry.name.hasPrefix("."))
        }
        return entries.map { folder + $0.name + ($0.isFolder ? "/" : "") }
    }
}
