import Console

/// What to do with a session that was cut.
package enum JournalChoice: String, Sendable, CaseIterable {
    /// Bring it back, and let the cell that was running go on.
    case resume
    /// Bring it back without the cell that was running.
    case rewind
    /// Forget it.
    case discard
}

/// Options about journals: which sessions are journalled, and what becomes of one that was cut.
package struct JournalOptions: OptionGroupContents {
    @Flag("bring back the last session that was cut, and let its running cell go on") var resume = false
    @Flag("bring back the last session that was cut, without the cell that was running") var rewind = false
    @Flag("forget the last session that was cut") var discard = false
    @Flag("journal the session also without a terminal") var journal = false

    /// Makes the options with their defaults.
    package init() {}

    /// The one choice that was made; nil for none.
    /// - Throws: `Failure` for more than one.
    func choice() throws(Failure) -> JournalChoice? {
        let made = [(resume, JournalChoice.resume), (rewind, .rewind), (discard, .discard)].filter(\.0).map(\.1)
        guard made.count < 2 else {
            throw Failure(code: "UsageError", message: "--resume, --rewind and --discard exclude each other")
        }
        return made.first
    }

    /// Whether journals are wanted where there is no terminal.
    var isWanted: Bool { journal || resume || rewind }
}

extension ProgramContext {
    /// Begins to journal a session, after what the user wants of one that was cut; call before its first cell.
    ///
    /// - Parameters:
    ///   - ask: asks the user a question and returns the answer; nil where nobody can be asked.
    ///   - tell: shows a remark.
    /// - Throws: `Failure`, `FileError` or `Interrupted` where a session could not be brought back; its journal stays.
    package func beginJournal(
        _ session: Session, _ options: JournalOptions, ask: ((String) -> String?)?, tell: (Text) -> Void
    ) throws {
        guard let parent = JournalFolder.standardPath(surroundings.environment, home: surroundings.home) else { return }
        let cut = CutSession.all(under: parent)
        if cut.count > 1 { tell("\(cut.count - 1) older sessions that were cut stay for later") }
        if let last = cut.last {
            switch try options.choice() ?? choice(about: last, ask: ask, tell: tell) {
            case .resume: return try session.resume(last, leavesRunning: false, tell: tell)
            case .rewind: return try session.resume(last, leavesRunning: true, tell: tell)
            case .discard:
                try last.folder.remove()
                tell("the session that was cut is forgotten")
            case nil: break
            }
        } else if try options.choice() != nil {
            tell("no session was cut")
        }
        guard ask != nil || options.isWanted else { return }
        session.journal = try SessionJournal.begin(under: parent, of: session)
    }

    private func choice(
        about cut: CutSession, ask: ((String) -> String?)?, tell: (Text) -> Void
    ) -> JournalChoice? {
        tell("\(cut.summary)")
        guard let ask else {
            tell("palinote --resume brings it back, --rewind without the running cell, --discard forgets it")
            return nil
        }
        while true {
            guard let answer = ask("resume, rewind to before the running cell, discard, or later? ") else { return nil }
            let word = answer.lowercased().filter(\.isLetter)
            if word.isEmpty || "later".hasPrefix(word) { return nil }
            // Two letters tell resume from rewind.
            if word.count > 1 || word == "d",
                let choice = JournalChoice.allCases.first(where: { $0.rawValue.hasPrefix(word) }),
                word != "re"
            {
                return choice
            }
        }
    }
}
