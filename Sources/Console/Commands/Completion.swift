/// What could stand at the cursor.
package struct CompletionResult: Sendable, Equatable {
    /// The characters before the cursor that a candidate replaces.
    package var replacedCount: Int
    /// What could stand there, whole words; a folder ends in `/`, everything else wants a space behind it.
    package var candidates: [String]

    /// Makes a result.
    package init(replacedCount: Int, candidates: [String]) {
        self.replacedCount = replacedCount
        self.candidates = candidates
    }

    /// What all candidates begin with.
    package var commonPrefix: String {
        guard var prefix = candidates.first else { return "" }
        for candidate in candidates.dropFirst() {
            while !candidate.hasPrefix(prefix) { prefix.removeLast() }
        }
        return prefix
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
    /// What a folder holds; empty when it cannot be read.
    package let folderEntries: (String) -> [FolderEntry]

    /// Makes a completer.
    package init(
        registry: CommandRegistry<Context>, liveNames: @escaping (LiveNames) -> [String],
        folderEntries: @escaping (String) -> [FolderEntry]
    ) {
        self.registry = registry
        self.liveNames = liveNames
        self.folderEntries = folderEntries
    }

    /// Candidates for the end of the text before the cursor.
    package func complete(_ textBeforeCursor: String) -> CompletionResult {
        let line = textBeforeCursor.split(separator: "\n", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        var words = Self.words(of: line)
        var current = words.popLast() ?? ""
        if words.isEmpty, current.hasPrefix("?") { current.removeFirst() }
        if current.hasPrefix("$") {
            return result(current, liveNames(.variables).map { "$" + $0 })
        }
        guard let (entry, count) = registry.find(words) else {
            return words.first == "help" ? commandResult([], current) : commandResult(words, current)
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
    /// The blank-separated words of a line, the last one possibly empty; quotes keep blanks inside a word.
    static func words(of line: String) -> [String] {
        var words = [""]
        var quote: Character?
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { words[words.count - 1].append(character) }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character.isBlank {
                if words.last != "" { words.append("") }
            } else {
                words[words.count - 1].append(character)
            }
        }
        return words
    }

    private func commandResult(_ words: [String], _ current: String) -> CompletionResult {
        let next = registry.entries.compactMap { entry -> String? in
            let parts = entry.name.split(separator: " ").map(String.init)
            guard parts.count > words.count, Array(parts.prefix(words.count)) == words else { return nil }
            return parts[words.count]
        }
        return result(current, next)
    }

    private func parameterResult(
        _ command: CommandDescription, _ words: [String], _ current: String
    ) -> CompletionResult {
        if current.hasPrefix("-") {
            if let equals = current.firstIndex(of: "="), let option = option(command, String(current[..<equals])) {
                return valueResult(option, String(current[current.index(after: equals)...]))
            }
            return result(current, command.options.map { $0.kind == .option ? "--\($0.name)" : $0.usage })
        }
        if let last = words.last, let option = option(command, last), option.kind == .option {
            return valueResult(option, current)
        }
        var place = 0
        var index = 0
        while index < words.count {
            if words[index].hasPrefix("--") {
                if let option = option(command, words[index]), option.kind == .option { index += 1 }
            } else {
                place += 1
            }
            index += 1
        }
        let arguments = command.arguments
        guard let argument = place < arguments.count ? arguments[place] : arguments.last(where: \.isList) else {
            return result(current, command.options.map { "--\($0.name)" })
        }
        return valueResult(argument, current)
    }

    private func option(_ command: CommandDescription, _ word: String) -> ParameterDescription? {
        guard word.hasPrefix("--") else { return nil }
        let name = word.dropFirst(2).replacing("_", with: "-")
        return command.options.first { $0.name == name }
    }

    private func valueResult(_ parameter: ParameterDescription, _ current: String) -> CompletionResult {
        var word = current
        if parameter.isList, let comma = current.lastIndex(of: ",") {
            word = String(current[current.index(after: comma)...])
        }
        switch parameter.completion {
        case .nothing: return CompletionResult(replacedCount: word.count, candidates: [])
        case .values(let values): return result(word, values)
        case .live(let family): return result(word, liveNames(family))
        case .file(let extensions): return pathResult(word) { Self.matches($0, extensions) }
        case .folder: return pathResult(word) { $0.isFolder }
        }
    }

    private static func matches(_ entry: FolderEntry, _ extensions: [String]) -> Bool {
        entry.isFolder || extensions.isEmpty || extensions.contains { entry.name.hasSuffix("." + $0) }
    }

    private func pathResult(_ word: String, where isWanted: (FolderEntry) -> Bool) -> CompletionResult {
        let slash = word.lastIndex(of: "/").map { word.index(after: $0) } ?? word.startIndex
        let folder = String(word[..<slash])
        let name = word[slash...]
        let entries = folderEntries(folder.isEmpty ? "." : folder).filter { entry in
            isWanted(entry) && (name.hasPrefix(".") || !entry.name.hasPrefix("."))
        }
        return result(word, entries.map { folder + $0.name + ($0.isFolder ? "/" : "") })
    }

    private func result(_ current: String, _ names: [String]) -> CompletionResult {
        let matching = Set(names.filter { $0.hasPrefix(current) }).sorted()
        return CompletionResult(replacedCount: current.count, candidates: matching)
    }
}
