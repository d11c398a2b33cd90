/// Short names for the beginnings of command lines.
///
/// They are written out before anything else looks at a cell, so that nothing recorded depends on them.
package struct Aliases: Sendable, Equatable {
    private var commands: [String: String]

    /// Makes aliases from names and what they stand for.
    package init(_ commands: [String: String] = [:]) { self.commands = commands }

    /// Names and what they stand for, in the order of the names.
    package var list: [(name: String, command: String)] {
        commands.sorted { $0.key < $1.key }.map { (name: $0.key, command: $0.value) }
    }

    /// What a name stands for; setting nil removes it.
    package subscript(name: String) -> String? {
        get { commands[name] }
        set { commands[name] = newValue }
    }

    /// What a name stands for with every alias at its beginning written out; nil for no alias.
    package func expansion(of name: String) -> String? {
        guard var text = commands[name] else { return nil }
        var used: Set = [name]
        while true {
            let first = String(text.prefix { !$0.isBlank })
            guard let next = commands[first], used.insert(first).inserted else { return text }
            text = next + text.dropFirst(first.count)
        }
    }

    /// A cell's text with the first word of each command, where that is an alias, replaced by what it stands for.
    ///
    /// A text that cannot be read stays as it is.
    package func expanded(_ source: String) -> String {
        guard !commands.isEmpty, let statements = try? StatementReader.statements(of: source) else { return source }
        var lines = source.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map(String.init)
        var isChanged = false
        for case .command(let words) in statements.reversed().map(\.kind) {
            guard let word = words.first, let text = expansion(of: word.written) else { continue }
            let line = lines[word.position.line - 1]
            let before = line.prefix(word.position.column - 1)
            lines[word.position.line - 1] = before + text + line.dropFirst(before.count + word.written.count)
            isChanged = true
        }
        return isChanged ? lines.joined(separator: "\n") : source
    }
}
