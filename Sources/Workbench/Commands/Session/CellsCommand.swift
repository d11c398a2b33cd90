import Console

/// `cells`: what was run, and how it ended.
struct CellsCommand: Command {
    static let name = "cells"
    static let summary = "list the cells that were run: how each ended, its time, and whether its output still holds"
    static let discussion = """
        A cell's output holds while what the cell read is as it was: variables, settings, model, data set and so on.
        Otherwise it is stale, and the list says what changed and which cell changed it. A cell that changes a thing in
        place, such as train, stays true while its change is in it.
        """
    static let examples = ["cells"]

    mutating func run(_ context: CommandContext) throws {
        guard !context.session.cells.isEmpty else {
            context.say("no cell was run before this one")
            return
        }
        var table = Table("cell", "status", "time", "output", "commands")
        for result in context.session.cells {
            let lines = result.cell.source.split(whereSeparator: \.isNewline)
            let more = lines.count > 1 ? " (and \(lines.count - 1) more)" : ""
            let first = lines.first.map { DisplayWidth.truncate(String($0), to: 60) } ?? ""
            table.add([
                Text(result.cell.id), Text(result.isRolledBack ? "rolled back" : result.status.rawValue),
                Text(.duration(result.duration)), Self.standing(result, context.session), Text(first + more),
            ])
        }
        context.emit(.table(table))
    }

    /// Whether an output holds, in words: `holds`, or `stale: model changed by cell train`.
    static func standing(_ result: CellResult, _ session: Session) -> Text {
        if result.isUndone { return "undone" }
        let changed = session.changedInputs(of: result)
        guard let first = changed.first else { return "holds" }
        let more = changed.count > 1 ? " (and \(changed.count - 1) more)" : ""
        return "stale: \(first.title) changed\(first.cell.map { " by cell \($0)" } ?? "")\(more)"
    }
}

/// `history`: what was typed.
struct HistoryCommand: Command {
    static let name = "history"
    static let summary = "show what was typed in this session"
    static let examples = ["history", "history --last 5"]

    @Option("only this many, from the end", in: 1...1_000_000) var last = 1_000_000

    mutating func run(_ context: CommandContext) throws {
        let cells = context.session.cells.suffix(last)
        guard !cells.isEmpty else {
            context.say("nothing was typed before this")
            return
        }
        var fields = Fields()
        for result in cells { fields.add(result.cell.id, Text(result.cell.source)) }
        context.emit(.fields(fields))
    }
}
