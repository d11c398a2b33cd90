import CSystem
import Workbench

/// The program that shows long text page by page: `$PAGER`, or less where it is installed.
struct Pager {
    private let command: String

    /// Finds the pager; nil where there is none, or where the terminal cannot be drawn on.
    init?(_ environment: [String: String]) {
        let term = environment["TERM"] ?? ""
        guard !term.isEmpty, term != "dumb" else { return nil }
        // less must pass colors through, also where PAGER names it without options.
        let options = environment["LESS"] == nil ? "LESS=R; export LESS; " : ""
        if let given = environment["PAGER"] {
            guard !given.allSatisfy(\.isWhitespace) else { return nil }
            command = options + given
        } else {
            let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
            guard folders.contains(where: { FileAccess.exists(Paths.join($0, "less")) }) else { return nil }
            command = options + "less -R"
        }
    }

    /// Shows a text that does not fit on a screen; returns false for one that does, or when the pager cannot be run.
    func show(_ text: String, rows: Int) -> Bool {
        let lineCount = text.utf8.count { $0 == UInt8(ascii: "\n") }
        guard rows > 0, lineCount >= rows else { return false }
        return csystem_page(command, text, text.utf8.count) == 0
    }
}
