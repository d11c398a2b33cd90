import Console

/// The cells that a test needs: those it is about, and what they need of what was run before.
struct CellSlice {
    /// Why a cell is left out.
    enum Reason: Equatable {
        /// It failed or was stopped, and a later cell did it.
        case triedAgain(in: String)
        /// It was stopped by hand, which no replay does.
        case interrupted
        /// The session went back behind it.
        case undone
        /// What it changed is changed again, or used by no cell that is kept.
        case notNeeded
        /// It is about the session it was typed in.
        case aboutSession

        /// The reason in words.
        var text: String {
            switch self {
            case .triedAgain(let cell): "failed, and tried again in \(cell)"
            case .interrupted: "interrupted"
            case .undone: "undone"
            case .notNeeded: "nothing later needs it"
            case .aboutSession: "about the session it was typed in"
            }
        }
    }

    /// The cells to keep, by their places, in order.
    private(set) var kept: [Int] = []
    /// The cells left out, by their places, in order, up to the last one that is kept.
    private(set) var dropped: [(place: Int, reason: Reason)] = []

    /// The cells left out, those with one reason together.
    var droppedByReason: [(reason: Reason, places: [Int])] {
        var groups: [(reason: Reason, places: [Int])] = []
        for (place, reason) in dropped {
            if let group = groups.firstIndex(where: { $0.reason == reason }) {
                groups[group].places.append(place)
            } else {
                groups.append((reason, [place]))
            }
        }
        return groups
    }

    /// Commands whose outputs are about the session and not about the work in it.
    static let sessionCommands: Set = [
        "promote", "record", "save", "export", "import", "cells", "history", "run", "rerun", "undo", "rewind", "branch",
    ]

    /// Goes back from the cells that the test is about.
    /// - Parameter named: their places.
    init(of cells: [CellResult], named: Range<Int>) {
        let reasons = cells.indices.map { Self.reason(cells[$0], at: $0, in: cells) }
        var wanted: Set<String> = []
        for place in (0..<named.upperBound).reversed() {
            let effects = cells[place].effects
            let writes = Self.writes(of: cells[place])
            let isUsed = reasons[place] != .undone && !writes.isDisjoint(with: wanted)
            let isAsked = named.contains(place) && reasons[place] == nil
            let isSetting = reasons[place] == nil && !kept.isEmpty && Self.decidesBits(effects)
            guard isUsed || isAsked || isSetting else {
                dropped.append((place, reasons[place] ?? .notNeeded))
                continue
            }
            kept.append(place)
            // What the cell changes in place it reads as well, and so still wants of those before.
            wanted.subtract(writes)
            wanted.formUnion(effects.reads)
        }
        kept.reverse()
        dropped.reverse()
    }

    /// What a cell changed, and the variables that it set to what they were: a second attempt does without the first.
    private static func writes(of cell: CellResult) -> Set<String> {
        guard cell.status == .ok, let statements = try? StatementReader.statements(of: cell.cell.source) else {
            return cell.effects.writes
        }
        let assigned = statements.compactMap { statement in
            if case .assignment(let name, _) = statement.kind { "variable:\(name)" } else { nil }
        }
        return cell.effects.writes.union(assigned)
    }

    /// Why a cell is not kept for its own sake; nil when it may be.
    private static func reason(_ cell: CellResult, at place: Int, in cells: [CellResult]) -> Reason? {
        if cell.isUndone || cell.isRolledBack { return .undone }
        if isAboutSession(cell) { return .aboutSession }
        if cell.status == .ok { return nil }
        let command = firstCommand(of: cell)
        let later = cells[(place + 1)...].first { $0.status == .ok && !$0.isUndone && firstCommand(of: $0) == command }
        if let later { return .triedAgain(in: later.cell.id) }
        return cell.status == .interrupted ? .interrupted : nil
    }

    /// Whether a cell's first command is about the session and not about the work in it.
    static func isAboutSession(_ cell: CellResult) -> Bool {
        firstCommand(of: cell)?.split(separator: " ").first.map { sessionCommands.contains(String($0)) } ?? false
    }

    /// The name of a cell's first command; a word or two, so that `model load` is not `model save`.
    private static func firstCommand(of cell: CellResult) -> String? {
        let statements = (try? StatementReader.statements(of: cell.cell.source)) ?? []
        for statement in statements {
            guard case .command(let words) = statement.kind else { continue }
            let texts = words.compactMap { (try? $0.expanded(with: [:]))?.first?.text }
            let names = texts.prefix { !$0.hasPrefix("-") }
            let registry = CommandRegistry<CommandContext>.standard
            return registry.find(Array(names))?.entry.name ?? texts.first
        }
        return nil
    }

    /// Whether a cell sets what results are computed with, which no cell says that it reads.
    private static func decidesBits(_ effects: CellEffects) -> Bool {
        !effects.writes.isDisjoint(with: ["setting:isa", "setting:device", "setting:gemm"])
    }
}
