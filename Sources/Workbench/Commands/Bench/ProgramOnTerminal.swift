import CSystem
import Glibc

/// This program in a terminal of its own, as a person starts it.
final class ProgramOnTerminal {
    private let controller: Int32
    private let process: pid_t
    private var seen: [UInt8] = []

    /// Starts the program in a folder that is its home too; nothing else of the environment is handed on.
    init(_ arguments: [String], folder: String) throws(BenchError) {
        var controller: Int32 = -1
        var terminal: Int32 = -1
        let status = csystem_open_terminal(80, 24, &controller, &terminal)
        guard status == 0 else { throw .system("open a terminal", status) }
        defer { close(terminal) }
        let variables = ["TERM=xterm", "LC_ALL=C.UTF-8", "NO_COLOR=1", "HOME=\(folder)"]
        var words = (["palinote"] + arguments).map { strdup($0) } + [nil]
        var environment = variables.map { strdup($0) } + [nil]
        defer { (words + environment).forEach { free($0) } }
        var process: pid_t = 0
        let spawned = csystem_spawn_on_terminal("/proc/self/exe", &words, &environment, folder, terminal, &process)
        guard spawned == 0 else {
            close(controller)
            throw .system("start the program", spawned)
        }
        self.controller = controller
        self.process = process
    }

    deinit {
        kill(process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        close(controller)
    }

    /// Types keys.
    func type(_ keys: String) {
        let bytes = Array(keys.utf8)
        _ = bytes.withUnsafeBytes { write(controller, $0.baseAddress, $0.count) }
    }

    /// Reads until a text has come, and forgets what came up to it.
    func look(for text: String) throws(BenchError) {
        let wanted = Array(text.utf8)
        while true {
            if let range = seen.firstRange(of: wanted) {
                seen.removeSubrange(..<range.upperBound)
                return
            }
            guard readSome() else { throw .notSeen(text, screen: String(decoding: seen, as: UTF8.self)) }
        }
    }

    /// Reads until the program has ended.
    func readToEnd() { while readSome() {} }

    /// Reads what there is; false at the program's end, or when nothing comes for a minute.
    private func readSome() -> Bool {
        var input = pollfd(fd: controller, events: Int16(POLLIN), revents: 0)
        guard poll(&input, 1, 60_000) > 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(controller, &buffer, buffer.count)
        guard count > 0 else { return false }
        seen += buffer[..<count]
        return true
    }
}

/// Why something could not be measured.
enum BenchError: Error, CustomStringConvertible {
    /// The system refused something, with its error.
    case system(String, Int32)
    /// The program did not show a text; what it showed.
    case notSeen(String, screen: String)

    var description: String {
        switch self {
        case .system(let what, let status): "cannot \(what): \(String(cString: strerror(status)))"
        case .notSeen(let text, let screen): "the program did not show \"\(text)\" but \"\(screen.suffix(200))\""
        }
    }
}
