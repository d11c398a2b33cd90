import Console

/// `undo`: takes the last change back.
struct UndoCommand: Command {
    static let name = "undo"
    static let summary = "go back to the state before the last cell that changed something"
    static let discussion = """
        Variables, settings, and what is loaded become exactly what they were: weights, optimizer, adapter. Files stay as
        they are. Cells that only looked are passed over. undo once more goes further back; rewind goes anywhere, also
        forward to what was undone. States besides the present one may take the undo budget (set --undo-budget).
        """
    static let examples = ["undo"]

    mutating func run(_ context: CommandContext) throws {
        let session = context.session
        guard let last = session.history.lastChange, let before = session.history.points[last].parent else {
            throw Failure(code: "NothingToUndo", message: "no cell has changed anything yet", next: "cells")
        }
        let point = session.history.points[last]
        try session.goBack(to: before)
        let names = point.changes.sorted().map { ChangedInput(name: $0, cell: nil).title }
        context.say("undone: cell \(point.cell ?? ""), which changed \(names.joined(separator: ", "))")
    }
}

/// `rewind ID`: goes to any state.
struct RewindCommand: Command {
    static let name = "rewind"
    static let summary = "go to the state right after a cell, to a branch, or to start"
    static let discussion = """
        The state is the one when the cell had just ended; with --before, the one when it began. Cells behind it are marked
        as undone, and can be rewound to again while their states are kept.
        """
    static let examples = ["rewind start", "rewind 1", "rewind 1 --before"]

    @Argument("a cell, a branch, or start", completion: .live(.cells)) var name: String
    @Flag("to the state before that cell") var before = false

    mutating func run(_ context: CommandContext) throws {
        let history = context.session.history
        guard var place = history.place(named: name) else {
            let names = history.points.compactMap(\.cell) + history.branches.keys
            throw Failure(
                code: "NoSuchCell", message: "no cell or branch is called \(name)",
                suggestions: Suggestions.nearest(to: name, among: names), next: "cells")
        }
        if before { place = history.points[place].parent ?? place }
        try context.session.goBack(to: place)
        context.say("the state is that \(history.title(of: place))")
    }
}

/// `branch NAME`: names a state.
struct BranchCommand: Command {
    static let name = "branch"
    static let summary = "name the present state, to come back to it with rewind NAME; or list the names"
    static let discussion = "States that have names go last when the undo budget is used up."
    static let examples = ["branch", "branch first"]

    @Argument("the name") var name: String?

    mutating func run(_ context: CommandContext) throws {
        guard let name else { return list(context) }
        let allowed = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
        guard allowed, (1...64).contains(name.count), !name.allSatisfy(\.isNumber), name != "start",
            context.session.history.points.allSatisfy({ $0.cell != name })
        else {
            throw Failure(
                code: "UsageError",
                message: """
                    \(name) cannot be a branch's name: 1 to 64 letters, digits, - or _, not digits alone, and not the name of \
                    a cell
                    """)
        }
        let history = context.session.history
        context.session.history.name(history.present, name)
        context.say("\(name) is the state \(history.title(of: history.present)); rewind \(name) comes back to it")
    }

    private func list(_ context: CommandContext) {
        let history = context.session.history
        guard !history.branches.isEmpty else {
            context.say("no state has a name; branch NAME gives one")
            return
        }
        var table = Table("branch", "state", "kept")
        for (name, place) in history.branches.sorted(by: { $0.key < $1.key }) {
            let isKept = history.points[place].saved != nil
            table.add([Text(name), Text(history.title(of: place)), isKept ? "yes" : "no, over the undo budget"])
        }
        context.emit(.table(table))
    }
}
