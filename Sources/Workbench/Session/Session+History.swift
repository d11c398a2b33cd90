import Console
import Tensors

/// A cell that was run again did not end well; it has said why itself.
struct RepeatedCellEnd: Error {
    let status: CellStatus
}

extension Session {
    /// Everything that cells change, as it is now.
    var savedState: SavedState {
        let (kept, keys) = workspace.kept(since: history.points.isEmpty ? nil : history.points[history.present].saved)
        return SavedState(
            variables: variables, settings: settings, workspace: workspace, ledger: tracker.ledger, kept: kept,
            keys: keys)
    }

    /// Goes to a state of the history.
    ///
    /// - Throws: `Failure` if the state had to go.
    func goBack(to place: Int) throws(Failure) {
        guard let saved = history.points[place].saved else {
            throw Failure(
                code: "StateGone",
                message: """
                    the state \(history.title(of: place)) is gone: states besides the present one may take \
                    \(settings.undoBudget.grouped) MiB
                    """, suggestions: history.reachable, next: "set --undo-budget \(max(1024, 4 * settings.undoBudget))"
            )
        }
        let present = (settings: settings, workspace: workspace)
        variables = saved.variables
        settings = saved.settings.keepingFrontEnd(of: present.settings)
        workspace =
            settings.hasSameDevice(as: present.settings)
            ? saved.workspace.keepingUntracked(of: present.workspace) : saved.workspace
        tracker.ledger = saved.ledger
        for value in saved.kept.values { value.restore() }
        tracker.refresh(observations)
        history.move(to: place)
    }

    /// Takes back the running cell; returns whether that could be done.
    func rollBack(to place: Int, _ context: CommandContext) -> Bool {
        do {
            try goBack(to: place)
            context.warn("rolled back: the session is as it was before this cell")
            return true
        } catch {
            context.warn("cannot roll back: \(error.message)")
            return false
        }
    }

    /// Lets old states go that are over the budget, and says so.
    func trimHistory(_ context: CommandContext) {
        let gone = history.trim(to: settings.undoBudget << 20)
        if let last = gone.max() { sayGone(last, context) }
    }

    /// Makes room for copies of memory that is about to be written to and that states still name.
    ///
    /// - Returns: whether such copies must be made; if not, no state is left that needs them.
    func makeRoom(overwriting storages: [any Storage], _ context: CommandContext) -> Bool {
        guard history.names(storages) else { return false }
        let gone = history.trim(to: settings.undoBudget << 20, overwriting: storages, keepsPresent: false)
        if gone.contains(history.present) {
            context.warn(
                """
                this cell cannot be undone: a copy of what it changes is over the undo budget of \
                \(settings.undoBudget.grouped) MiB
                """)
        } else if let last = gone.max() {
            sayGone(last, context)
        }
        return history.names(storages)
    }

    private func sayGone(_ place: Int, _ context: CommandContext) {
        context.warn(
            """
            the state \(history.title(of: place)), and older ones, went over the undo budget of \
            \(settings.undoBudget.grouped) MiB and are gone
            """)
    }
}
