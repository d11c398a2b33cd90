import Console

/// `promote last > FILE`: cells just typed as a test.
struct PromoteCommand: Command {
    static let name = "promote"
    static let summary = "write cells that were typed into a session file that replays as a test"
    static let discussion = """
        promote last > FILE takes the last cell and what it needs of those before it; promote last 5 > FILE the last five,
        promote 3..7 > FILE or promote load..train > FILE those from one to another. Cells that none of these need are left
        out, and so are failed attempts that were tried again. Values that vary between runs are written as masks, by their
        types. Nothing is run: palinote replay FILE compares, and palinote run FILE --record adds digests of the state.
        """
    static let examples = [
        "promote last > out/first.session.md", "promote 1..3 > out/first.session.md --title 'My test'",
    ]

    @Argument("last, last N, a cell, or two with .. between; then > and the file", completion: .live(.cells))
    var words: [String]
    @Option("what the test is about") var title: String?

    mutating func run(_ context: CommandContext) throws {
        let (cells, target) = try parts()
        let range = try PromotedRange.range(cells, of: context.session.cells)
        let path = context.resolve(target)
        let stem = SessionPlace.stem(of: Paths.name(of: path))
        let promotion = try Promotion(range, of: context.session, to: path, title: title ?? stem)
        try promotion.write()
        report(promotion, target, context)
    }

    /// The words in front of `>`, and the file behind it.
    private func parts() throws -> (cells: [String], target: String) {
        let mark = words.firstIndex { $0.hasPrefix(">") }
        guard let mark else { throw CommandLineError(reason: .missing(["> FILE"]), command: Self.name) }
        let behind = ([String(words[mark].dropFirst())] + words[(mark + 1)...]).filter { !$0.isEmpty }
        guard let target = behind.first else {
            throw CommandLineError(reason: .missing(["> FILE"]), command: Self.name)
        }
        guard behind.count == 1 else {
            throw CommandLineError(reason: .extraWord(behind[1]), command: Self.name)
        }
        guard mark > 0 else { throw CommandLineError(reason: .missing(["last, or cells"]), command: Self.name) }
        return (Array(words[..<mark]), target)
    }

    private func report(_ promotion: Promotion, _ target: String, _ context: CommandContext) {
        let ids = promotion.cellIDs
        var fields = Fields([
            ("promoted", "\(ids.count.counting("cell")) to \(.path(target)): \(ids.joined(separator: ", "))")
        ])
        for (reason, places) in promotion.slice.droppedByReason {
            let names = places.map { context.session.cells[$0].cell.id }.joined(separator: ", ")
            fields.add("dropped", "\(names): \(reason.text)")
        }
        let masks = promotion.maskCounts.sorted { $0.key < $1.key }.map { word, count in
            "\(count.grouped) \(Self.nouns[word].map { count == 1 ? $0.one : $0.many } ?? word)"
        }
        fields.add("masked", Text(masks.isEmpty ? "nothing" : masks.joined(separator: ", ")))
        fields.add("next", "palinote replay \(.path(target)) --strict")
        context.emit(.fields(fields))
    }

    private static let nouns: [String: (one: String, many: String)] = [
        "time": ("time of day", "times of day"), "dur": ("duration", "durations"), "rate": ("rate", "rates"),
        "mem": ("amount of memory", "amounts of memory"), "path": ("path", "paths"),
        "host": ("name of the machine", "names of the machine"), "addr": ("address", "addresses"),
        "version": ("version", "versions"), "secret": ("secret", "secrets"),
        "num": ("number with a rule", "numbers with rules"),
    ]
}

/// The cells that words name: `last`, `last 5`, `3`, `3..7`, `load..train`.
enum PromotedRange {
    static func range(_ words: [String], of cells: [CellResult]) throws(CommandLineError) -> Range<Int> {
        guard !cells.isEmpty else {
            throw error(words.joined(separator: " "), "cells, and none was run before this one")
        }
        if words.first == "last" {
            let places = cells.indices.filter { !cells[$0].isUndone && !CellSlice.isAboutSession(cells[$0]) }
            let count = words.count == 1 ? 1 : words.count == 2 ? Int(words[1]) ?? 0 : 0
            guard count > 0, count <= places.count else {
                throw error(words.joined(separator: " "), "last, or last N with N from 1 to \(places.count)")
            }
            return places[places.count - count]..<cells.count
        }
        guard words.count == 1 else { throw error(words.joined(separator: " "), "last, last N, a cell, or A..B") }
        if let dots = words[0].firstRange(of: "..") {
            let first = try place(String(words[0][..<dots.lowerBound]), cells)
            let last = try place(String(words[0][dots.upperBound...]), cells)
            guard first <= last else { throw error(words[0], "a range that goes forward") }
            return first..<last + 1
        }
        let only = try place(words[0], cells)
        return only..<only + 1
    }

    /// The last cell of that name.
    private static func place(_ name: String, _ cells: [CellResult]) throws(CommandLineError) -> Int {
        if let place = cells.lastIndex(where: { $0.cell.id == name }) { return place }
        let ids = cells.map(\.cell.id)
        throw error(name, "a cell that was run", Suggestions.nearest(to: name, among: ids))
    }

    private static func error(_ found: String, _ expected: String, _ near: [String] = []) -> CommandLineError {
        CommandLineError(
            reason: .badValue(parameter: "what to promote", found: found, expected: expected),
            command: PromoteCommand.name, suggestions: near)
    }
}
