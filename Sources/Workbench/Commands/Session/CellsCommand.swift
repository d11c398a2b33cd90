import Console

/// `cells`: what was run, and how it ended.
struct CellsCommand: Command {
    static let name = "cells"
    static let summary = "list the cells that were run, how each ended and how long it took"
    static let examples = ["cells"]

    mutating func run(_ context: CommandContext) throws {
        guard !context.session.cells.isEmpty else {
            context.say("no cell was run before this one")
            return
        }
        var table = Table("cell", "status", "time", "commands")
        for result in context.session.cells {
            let lines = result.cell.source.split(whereSeparator: \.isNewline)
            let more = lines.count > 1 ? " (and \(lines.count - 1) more)" : ""
            let first = lines.first.map { DisplayWidth.truncate(String($0), to: 60) } ?? ""
            table.add([
                Text(result.cell.id), Text(result.status.rawValue), Text(.duration(result.duration)),
                Text(first + more),
            ])
        }
        context.emit(.table(table))
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
