import CLibEdit
import CSystem
import Console
import Glibc

/// The prompt's line editor: libedit, with completion, history, several lines and paste.
final class LineEditor {
    /// What ended an input.
    enum Event: Equatable {
        /// The user finished it.
        case text(String)
        /// The user left.
        case end
        /// The user pressed Ctrl-C.
        case interrupted
        /// The terminal failed, with the system's reason.
        case failed(String)
    }

    /// What the editor asks of its owner.
    struct Questions {
        /// What could stand at the end of a text.
        var complete: (String) -> CompletionResult
        /// Whether Enter begins another line.
        var isUnfinished: (String) -> Bool
        /// A paste as it is to be inserted.
        var cleanPaste: (String) -> String
        /// Whether Ctrl-C was pressed since the last question; asking forgets it.
        var takeInterrupt: () -> Bool
        /// Prints candidates below the input.
        var list: ([String]) -> Void
    }

    private let questions: Questions
    private var editor: OpaquePointer?

    /// Makes an editor on standard input and output.
    /// - Returns: nil when the terminal cannot be used.
    init?(_ questions: Questions) {
        self.questions = questions
        _ = csystem_watch_resize()
        let callbacks = clibedit_callbacks(
            context: Unmanaged.passUnretained(self).toOpaque(),
            complete: { context, text in LineEditor.owner(context).complete(LineEditor.string(text)) },
            is_unfinished: { context, text in
                LineEditor.owner(context).questions.isUnfinished(LineEditor.string(text))
            },
            clean_paste: { context, text in
                strdup(LineEditor.owner(context).questions.cleanPaste(LineEditor.string(text)))
            },
            take_signal: { context in LineEditor.owner(context).takeSignal() })
        editor = clibedit_make("palinote", callbacks)
        if editor == nil { return nil }
    }

    deinit { clibedit_free(editor) }

    /// Reads one input.
    /// - Parameter prompt: may hold escape sequences between `\u{1}` marks.
    func read(prompt: String) -> Event {
        var text: UnsafeMutablePointer<CChar>?
        defer { free(text) }
        switch clibedit_read(editor, prompt, &text) {
        case CLIBEDIT_LINE: return .text(text.map { String(cString: $0) } ?? "")
        case CLIBEDIT_END: return .end
        case CLIBEDIT_INTERRUPTED: return .interrupted
        default: return .failed(String(cString: strerror(errno)))
        }
    }

    /// Adds an input to what the arrow keys and Ctrl-R find.
    func remember(_ text: String) { clibedit_remember(editor, text) }

    /// Asks for a line without showing it.
    static func readHidden(prompt: String) -> String? {
        guard let text = clibedit_read_hidden(prompt) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }
}

extension LineEditor {
    /// The editor that a callback belongs to: libedit hands back what `init` gave, and `deinit` ends libedit first.
    private static func owner(_ context: UnsafeMutableRawPointer?) -> LineEditor {
        guard let context else { preconditionFailure("libedit lost its owner") }
        return Unmanaged<LineEditor>.fromOpaque(context).takeUnretainedValue()
    }

    private static func string(_ text: UnsafePointer<CChar>?) -> String { text.map { String(cString: $0) } ?? "" }

    private func complete(_ text: String) -> clibedit_completion {
        let result = questions.complete(text)
        if result.candidates.isEmpty { return CLIBEDIT_NOTHING }
        if let insertion = result.insertion {
            replace(result.replacedCount, in: text, by: insertion)
            return CLIBEDIT_CHANGED
        }
        questions.list(result.candidates)
        return CLIBEDIT_PRINTED
    }

    /// libedit counts scalars where Swift counts characters.
    private func replace(_ count: Int, in text: String, by replacement: String) {
        let scalarCount = text.suffix(count).unicodeScalars.count
        clibedit_replace(editor, Int32(scalarCount), replacement)
    }

    private func takeSignal() -> clibedit_signal {
        if questions.takeInterrupt() { return CLIBEDIT_WAS_INTERRUPTED }
        return csystem_take_resize() ? CLIBEDIT_RESIZED : CLIBEDIT_NO_SIGNAL
    }
}
