import Console

/// `run 3`, `run 3..7`, `run all`, `run from load`.
struct RunCellsCommand: Command {
    static let name = "run"
    static let summary = "run cells again, on the state as it is now"
    static let discussion = """
        Cells are named by id or number: run 3, run load train, run 3..7, run all, run from load. A cell that is run again
        gets its new result in the list of cells, and what depends on it may become stale. In ranges, cells that only look
        at or move the session (cells, vars, help, run, undo, ...) are left out, and those that failed without changing
        anything. The run stops at the first cell that fails. While recording, the run is written as it was typed: one cell,
        with what the cells said this time.
        """
    static let examples = ["run 1", "run 1..2", "run all", "run from 2"]

    @Argument("cells: ids, numbers, A..B, all, or from A", completion: .live(.cells)) var which: [String]

    mutating func run(_ context: CommandContext) throws {
        guard context.parent == nil else { throw CellSelection.nested(context.cell.id) }
        let selection = CellSelection(context.session.cells)
        guard !which.isEmpty else {
            throw Failure(
                code: "UsageError", message: "run needs a cell; cells are \(selection.overview)", next: "run all")
        }
        try context.runAgain(selection.cells(of: which))
    }
}

/// `rerun`: the last cell once more.
struct RerunCommand: Command {
    static let name = "rerun"
    static let summary = "run the last cell again; cells that only look at or move the session do not count"
    static let examples = ["rerun"]

    mutating func run(_ context: CommandContext) throws {
        guard context.parent == nil else { throw CellSelection.nested(context.cell.id) }
        guard let last = CellSelection(context.session.cells).repeatable.last else {
            throw Failure(code: "NoSuchCell", message: "no cell was run before this one")
        }
        try context.runAgain([last])
    }
}

extension CommandContext {
    /// Runs cells again, one after the other, until one does not end well.
    fileprivate func runAgain(_ cells: [Cell]) throws {
        for (place, cell) in cells.enumerated() {
            try interrupt.check()
            let lines = cell.source.split(whereSeparator: \.isNewline)
            say("cell \(cell.id): \(lines.first ?? "")\(lines.count > 1 ? " (and \(lines.count - 1) more)" : "")")
            let result = session.executeAgain(cell, in: self)
            guard result.status != .ok else { continue }
            let rest = cells[(place + 1)...].map(\.id).joined(separator: ", ")
            if !rest.isEmpty { say("not run: \(rest)") }
            throw RepeatedCellEnd(status: result.status)
        }
    }
}

/// Which cells a person means.
struct CellSelection {
    private let results: [CellResult]

    init(_ results: [CellResult]) { self.results = results }

    /// Cells that ranges consist of.
    var repeatable: [Cell] {
        results.filter { result in
            !result.isUndone
                && !SessionVerbs.isOnly(in: result.cell, of: SessionVerbs.moving.union(SessionVerbs.looking))
                && (result.status == .ok || !result.effects.writes.isEmpty || result.status == .interrupted)
        }.map(\.cell)
    }

    /// The cells there are, in words.
    var overview: String {
        guard let first = results.first?.cell.id, let last = results.last?.cell.id else { return "none yet" }
        return first == last ? first : "\(first) to \(last)"
    }

    /// The cells of `3`, `3..7`, `all`, `from 3`, or several names.
    func cells(of words: [String]) throws -> [Cell] {
        if words == ["all"] { return try someOf(repeatable) }
        if words.first == "from", words.count == 2 {
            let first = try place(of: words[1])
            return try someOf(range(first..<results.count))
        }
        var cells: [Cell] = []
        for word in words {
            if let dots = word.firstRange(of: "..") {
                let (first, last) = (
                    try place(of: String(word[..<dots.lowerBound])), try place(of: String(word[dots.upperBound...]))
                )
                guard first <= last else {
                    throw Failure(code: "UsageError", message: "\(word) does not go forward", next: "cells")
                }
                cells += try someOf(range(first..<last + 1))
            } else {
                let cell = results[try place(of: word)].cell
                if SessionVerbs.isAny(in: cell, of: SessionVerbs.moving) { throw Self.nested(cell.id) }
                cells.append(cell)
            }
        }
        return cells
    }

    /// Cells that move the session themselves are not run again.
    static func nested(_ cell: String) -> Failure {
        Failure(
            code: "UsageError", message: "cell \(cell) runs, undoes or records cells itself; name those cells",
            next: "cells")
    }

    private func range(_ places: Range<Int>) -> [Cell] {
        let ids = Set(results[places].map(\.cell.id))
        return repeatable.filter { ids.contains($0.id) }
    }

    private func someOf(_ cells: [Cell]) throws -> [Cell] {
        guard !cells.isEmpty else {
            throw Failure(code: "NoSuchCell", message: "there is no cell to run there", next: "cells")
        }
        return cells
    }

    private func place(of name: String) throws -> Int {
        if let place = results.firstIndex(where: { $0.cell.id == name }) { return place }
        if let number = Int(name), results.indices.contains(number - 1) { return number - 1 }
        throw Failure(
            code: "NoSuchCell", message: "no cell is called \(name); cells are \(overview)",
            suggestions: Suggestions.nearest(to: name, among: results.map(\.cell.id)), next: "cells")
    }
}

/// Commands that do nothing with data, models or variables.
enum SessionVerbs {
    /// They change which state the session is in, or what is written down.
    static let moving: Set<String> = ["run", "rerun", "undo", "rewind", "branch", "record"]
    /// They only show.
    static let looking: Set<String> = ["cells", "vars", "inspect", "history", "help"]

    /// Whether every command of a cell is one of these.
    static func isOnly(in cell: Cell, of verbs: Set<String>) -> Bool { names(of: cell).allSatisfy(verbs.contains) }

    /// Whether a command of a cell is one of these.
    static func isAny(in cell: Cell, of verbs: Set<String>) -> Bool { names(of: cell).contains(where: verbs.contains) }

    /// The first word of every command; an assignment or text that cannot be read has its own name.
    private static func names(of cell: Cell) -> [String] {
        guard let statements = try? StatementReader.statements(of: cell.source) else { return [cell.source] }
        return statements.map { statement in
            guard case .command(let words) = statement.kind, let first = words.first else { return "=" }
            let text = (try? first.expanded(with: [:]))?.first?.text ?? ""
            return text.hasPrefix("?") || text.hasSuffix("?") ? "help" : text
        }
    }
}
