import CSystem
import Glibc
import TestSupport

/// A program in a terminal of its own, driven as a person would: type, look, type.
final class Terminal {
    private let controller: Int32
    private let process: pid_t
    /// What came since the last look.
    private(set) var seen = ""
    /// What came since the start.
    private(set) var everything = ""
    private var pending: [UInt8] = []

    /// Starts `palinote` in a terminal.
    init(folder: String, arguments: [String] = [], columns: Int = 80, environment: [String: String] = [:]) throws {
        var controller: Int32 = -1
        var terminal: Int32 = -1
        guard csystem_open_terminal(Int32(columns), 24, &controller, &terminal) == 0 else { throw Problem.noTerminal }
        let variables = [
            "TERM": "xterm", "LC_ALL": "C.UTF-8", "HOME": folder, "XDG_STATE_HOME": folder, "NO_COLOR": "1",
        ].merging(environment) { $1 }
        var process: pid_t = 0
        let status = Self.withStrings([Self.program] + arguments) { words in
            Self.withStrings(variables.map { "\($0.key)=\($0.value)" }) { variables in
                csystem_spawn_on_terminal(Self.program, words, variables, folder, terminal, &process)
            }
        }
        close(terminal)
        guard status == 0 else { throw Problem.notStarted }
        self.controller = controller
        self.process = process
    }

    deinit {
        kill(process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        close(controller)
    }

    /// What can go wrong before or while looking at a terminal.
    enum Problem: Error {
        case noTerminal
        case notStarted
        /// A text did not come; what came instead.
        case notSeen(String, screen: String)
    }

    /// Types keys.
    func type(_ keys: String) {
        let bytes = Array(keys.utf8)
        _ = bytes.withUnsafeBytes { write(controller, $0.baseAddress, $0.count) }
    }

    /// Reads until a text has come since the last look; throws with the screen after ten seconds without it.
    func look(for text: String) throws {
        let deadline = csystem_monotonic_seconds() + 10
        while true {
            if let range = seen.firstRange(of: text) {
                seen = String(seen[range.upperBound...])
                return
            }
            guard csystem_monotonic_seconds() < deadline, readSome() else {
                throw Problem.notSeen(text, screen: seen)
            }
        }
    }

    /// Types a line and looks for a text that answers it.
    func type(_ keys: String, look text: String) throws {
        type(keys)
        try look(for: text)
    }

    /// Changes the window's width.
    func resize(columns: Int) { _ = csystem_resize_terminal(controller, Int32(columns), 24) }

    /// Waits for the program's end and returns its code.
    func exitCode() -> Int32 {
        while readSome() {}
        var status: Int32 = 0
        guard waitpid(process, &status, 0) == process else { return -1 }
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    }

    /// Reads what there is, waiting a little; false at the end.
    private func readSome() -> Bool {
        var input = pollfd(fd: controller, events: Int16(POLLIN), revents: 0)
        guard poll(&input, 1, 500) > 0 else { return true }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(controller, &buffer, buffer.count)
        guard count > 0 else { return false }
        pending += buffer[..<count]
        // A character that is not whole yet waits for its rest.
        var whole = pending.count
        while whole > 0, String(validating: pending[..<whole], as: UTF8.self) == nil, pending.count - whole < 4 {
            whole -= 1
        }
        let text = String(decoding: pending[..<whole], as: UTF8.self)
        seen += text
        everything += text
        pending.removeFirst(whole)
        return true
    }

    /// The program beside the test bundle.
    static var program: String {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
        let folder = bundle.map { String($0[..<($0.lastIndex(of: "/") ?? $0.startIndex)]) }
        return (folder ?? Folders.package.path + "/.build/debug") + "/palinote"
    }

    private static func withStrings<T>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> T
    ) -> T {
        var pointers = strings.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        return body(&pointers)
    }
}
