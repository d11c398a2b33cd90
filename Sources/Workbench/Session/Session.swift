import Console
import Hub

/// A notebook's kernel: it runs cells one after the other and keeps what they load.
///
/// Shell, command line, replay and Jupyter are front ends over `execute`. A session lives on one thread, never throws
/// out of a cell, and survives every mistake in one.
package final class Session {
    /// Every command.
    package let registry: CommandRegistry<CommandContext>
    /// What the front end handed in.
    package var surroundings: SessionSurroundings
    /// What the session was told.
    package var settings: SessionSettings
    /// What the session was told at its start.
    package let settingsAtStart: SessionSettings
    /// What cells have loaded.
    package var workspace: Workspace
    /// Variables set by `name = literal`.
    package var variables: [String: Literal] = [:]
    /// The wish to stop the running cell.
    package let interrupt: Interrupt
    /// The user's secrets; their values are hidden in everything the session says or keeps.
    package var secrets: SecretStore
    /// Knows which cell read and wrote what.
    let tracker: EffectTracker
    /// The states after each cell, to go back to.
    var history = StateHistory()
    /// What cells that the running one runs again ended in.
    private var pending: [CellResult] = []
    /// Whether each cell's result holds a digest of the state; replay and recording want it.
    package var tracksState = false
    /// What writes cells down so that a cut session can be brought back; nil while nothing does.
    package internal(set) var journal: SessionJournal?
    /// What writes finished cells into a session file, while `record` is on.
    package private(set) var recorder: SessionRecorder?

    /// Makes a session in which nothing is loaded.
    package init(
        surroundings: SessionSurroundings, settings: SessionSettings = SessionSettings(), secrets: SecretStore? = nil,
        interrupt: Interrupt = Interrupt(), registry: CommandRegistry<CommandContext> = .standard
    ) {
        self.surroundings = surroundings
        self.secrets = secrets ?? SecretStore(environment: surroundings.environment)
        self.settings = settings
        settingsAtStart = settings
        self.interrupt = interrupt
        self.registry = registry
        tracker = EffectTracker()
        workspace = Workspace(tracker: tracker)
    }

    /// Runs a cell's statements until one fails or somebody asks to stop.
    ///
    /// Asked twice, it takes back what the cell did.
    @discardableResult
    package func execute(_ cell: Cell) -> CellResult {
        interrupt.clear()
        let recorderBefore = recorder
        pending = []
        noteBeginning(of: cell)
        tracker.refresh(observations)
        history.setPresent(savedState)
        let before = history.present
        var result = perform(cell, in: CommandContext(session: self, cell: cell)) { context in
            let isRolledBack = interrupt.isRollback && rollBack(to: before, context)
            if isRolledBack { pending = [] }
            history.add(savedState, after: cell.id)
            trimHistory(context)
            return isRolledBack
        }
        result.state = tracksState ? stateDigest : nil
        history.setResults(pending + [result])
        pending = []
        noteEnd(of: result)
        if let recorder, recorder === recorderBefore { record(result, with: recorder) }
        return result
    }

    /// Runs a cell that needs no name of its own: it gets its number.
    @discardableResult
    package func execute(_ source: String) -> CellResult {
        execute(Cell(id: nextCellID, source: source))
    }

    /// Runs a cell again inside a running one: what it says is said by both, and its result takes the old one's place.
    func executeAgain(_ cell: Cell, in context: CommandContext) -> CellResult {
        let result = perform(cell, in: CommandContext(session: self, cell: cell, parent: context)) { _ in false }
        pending.append(result)
        return result
    }

    /// The cells executed, in order, each with its last result; those that the session went back behind are marked.
    package var cells: [CellResult] { history.cells(adding: pending) }

    /// The name for the next cell that has none: its number, counted from 1.
    package var nextCellID: String {
        var number = max(1, history.points.count)
        while history.place(named: String(number)) != nil { number += 1 }
        return String(number)
    }

    /// The inputs of a cell that changed since it ran; its output is true of the present state if there are none.
    package func changedInputs(of result: CellResult) -> [ChangedInput] {
        tracker.changedInputs(since: result.effects)
    }

    /// The state that a replay must find equal: settings, variables, and every filled slot.
    ///
    /// Secrets take part by their names: their values may change, and nobody may try values against a digest.
    package var stateDigest: StateDigest {
        let names = variables.keys.sorted()
        let lines = names.map { "\($0)=\(variables[$0] ?? .none)\n" }.joined()
        let own = [
            StatePart(name: "seed", content: String(settings.seed).utf8),
            StatePart(name: "variables", content: secrets.redact(lines).utf8),
        ]
        return StateDigest(own + workspace.stateParts)
    }
}

extension Session {
    /// Runs a cell and notes what it touched; `conclude` may say something at its end, and tells whether it was undone.
    private func perform(
        _ cell: Cell, in context: CommandContext, conclude: (CommandContext) -> Bool
    ) -> CellResult {
        let start = surroundings.now()
        tracker.begin(cell.id)
        var status = run(cell, in: context)
        var effects = tracker.end()
        let isRolledBack = conclude(context)
        if isRolledBack { (status, effects) = (.interrupted, CellEffects()) }
        return CellResult(
            cell: Cell(id: cell.id, source: secrets.redact(cell.source)), status: status, outputs: context.outputs,
            state: nil, duration: surroundings.now() - start, effects: effects, isRolledBack: isRolledBack)
    }

    private func run(_ cell: Cell, in context: CommandContext) -> CellStatus {
        do {
            for statement in try StatementReader.statements(of: cell.source) {
                try interrupt.check()
                try run(statement, in: context)
            }
            return .ok
        } catch let end as RepeatedCellEnd {
            return end.status
        } catch let error as Interrupted {
            context.emit(.failure(Failure(code: "Interrupted", message: Text(error.description))))
            return .interrupted
        } catch {
            context.emit(.failure(failure(of: error, in: cell.source)))
            return .failed
        }
    }

    /// Every piece of state as it is now.
    var observations: [String: EffectTracker.Observation] {
        var present: [String: EffectTracker.Observation] = [:]
        for (name, value) in variables {
            let text = value.description
            present["variable:\(name)"] = .init(key: text) { StateVersion(text) }
        }
        for (name, value) in settings.values { present["setting:\(name)"] = .init(key: value) { StateVersion(value) } }
        for (name, slot) in workspace.observations(digestLimit: tracksState ? .max : Self.quickDigest) {
            present[name] = slot
        }
        return present
    }

    /// Bytes that are digested at each change just to tell contents apart.
    private static let quickDigest = 1 << 20

    private func run(_ statement: Statement, in context: CommandContext) throws {
        defer { tracker.endStatement(observations) }
        switch statement.kind {
        case .assignment(let name, let value): variables[name] = value
        case .command(let words):
            var expanded: [ExpandedWord] = []
            for word in words {
                for name in word.variableNames { tracker.noteRead("variable:\(name)") }
                expanded += try word.expanded(with: variables)
            }
            let invocation = try registry.parse(HelpMark.rewritten(expanded))
            do {
                try invocation.run(context)
            } catch let error as any CommandFault {
                throw PlacedFailure(Failure(error), at: error.word(in: expanded))
            } catch let error where !(error is Interrupted || error is RepeatedCellEnd) {
                throw PlacedFailure(Failure(error), at: nil)
            }
        }
    }

    /// An error with the line and column it came from.
    private func failure(of error: any Error, in source: String) -> Failure {
        var failure: Failure
        var position: SourcePosition?
        switch error {
        case let error as PlacedFailure: (failure, position) = (error.failure, error.position)
        case let error as CommandLineError: (failure, position) = (Failure(error), error.position)
        case let error as LineError: (failure, position) = (Failure(error), error.position)
        default: failure = Failure(error)
        }
        if let position, failure.caret == nil {
            let lines = source.split(omittingEmptySubsequences: false) { $0.isNewline }
            if position.line <= lines.count {
                failure.caret = Failure.Caret(line: String(lines[position.line - 1]), position: position)
            }
        }
        return failure
    }
}

extension Session {
    /// Lets the cells after the running one be recorded.
    package func beginRecording(_ recorder: SessionRecorder) { self.recorder = recorder }

    /// Ends the recording before the running cell.
    package func endRecording() {
        recorder?.finish(self)
        recorder = nil
    }

    private func record(_ result: CellResult, with recorder: SessionRecorder) {
        do {
            try recorder.add(result, of: self)
        } catch {
            endRecording()
            var failure = Failure(error)
            failure.message = failure.message + "; the recording ends before this cell"
            surroundings.receive(.failure(failure))
        }
    }
}

/// A failure and where its cause stands in the cell.
private struct PlacedFailure: Error {
    let failure: Failure
    let position: SourcePosition?

    init(_ failure: Failure, at word: ExpandedWord?) {
        self.failure = failure
        position = word?.position
    }
}

/// An error of a running command that knows which of its words is at fault.
package protocol CommandFault: Error {
    /// The text of the word.
    var faultyWord: String { get }
}

extension CommandFault {
    func word(in words: [ExpandedWord]) -> ExpandedWord? { words.last { $0.text == faultyWord } }
}

/// `?CMD` and `CMD?` stand for `help CMD`.
enum HelpMark {
    static func rewritten(_ words: [ExpandedWord]) -> [ExpandedWord] {
        guard var first = words.first, let last = words.last, !first.isQuoted else { return words }
        let help = ExpandedWord(text: "help", position: first.position)
        if first.text.hasPrefix("?") {
            first.text.removeFirst()
            return [help] + (first.text.isEmpty ? [] : [first]) + words.dropFirst()
        }
        if last.text.hasSuffix("?"), !last.isQuoted, words.count <= 2 {
            var named = last
            named.text.removeLast()
            return [help] + words.dropLast() + (named.text.isEmpty ? [] : [named])
        }
        return words
    }
}
