import CSystem
import Glibc

/// The process around the program: its streams, clock, folder and environment.
///
/// Only front ends see it; sessions get what they need of it handed in.
package struct ProcessSurroundings {
    /// Environment variables.
    package var environment: [String: String]
    /// The folder the process was started in.
    package var folder: String
    /// The folder of the samples that come with the program; nil where there is none.
    package var samples: String?
    /// The GPUs of the machine.
    package var gpus = GPUInventory(nil)
    /// Whether standard input is a terminal.
    package var inputIsTerminal: Bool
    /// Whether standard output is a terminal.
    package var outputIsTerminal: Bool
    /// Whether standard error is a terminal.
    package var errorIsTerminal: Bool
    /// Columns of the terminal, now; 0 when there is none.
    package var terminalColumns: () -> Int
    /// Seconds of a clock that never goes back.
    package var now: () -> Double
    /// The date and time of day in UTC, written out.
    package var date: () -> String
    /// Seconds since 1970.
    package var wallTime: () -> Double = { 0 }
    /// Writes to standard output; returns whether somebody still reads it.
    package var writeOutput: (String) -> Bool
    /// Writes to standard error.
    package var writeError: (String) -> Void
    /// The next piece of standard input, empty at its end.
    package var readInput: () -> [UInt8]

    /// The surroundings of this process.
    package static func current() -> ProcessSurroundings {
        let environment = currentEnvironment()
        return ProcessSurroundings(
            environment: environment, folder: currentFolder(), samples: currentSamples(),
            gpus: GPUInventory(environment: environment),
            inputIsTerminal: isatty(0) == 1,
            outputIsTerminal: isatty(1) == 1, errorIsTerminal: isatty(2) == 1,
            terminalColumns: { Int(max(csystem_terminal_columns(1), csystem_terminal_columns(2))) },
            now: csystem_monotonic_seconds, date: { CalendarDate.text(secondsSince1970: csystem_wall_seconds()) },
            wallTime: { Double(csystem_wall_seconds()) },
            writeOutput: { FileAccess.writeAll(Array($0.utf8), 1) == nil },
            writeError: { _ = FileAccess.writeAll(Array($0.utf8), 2) }, readInput: readStandardInput)
    }

    /// Columns to lay out for: the terminal's, else `COLUMNS`, else 80.
    package var columns: Int {
        let terminal = terminalColumns()
        if terminal > 0 { return terminal }
        return environment["COLUMNS"].flatMap(Int.init).flatMap { $0 > 0 ? $0 : nil } ?? 80
    }

    /// The user's home folder.
    package var home: String? { environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } }

    /// A file of the user's settings: `$XDG_CONFIG_HOME/palinote/NAME`, or below `~/.config`.
    package func configurationFile(_ name: String) -> String? {
        let given = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (given ?? home.map { Paths.join($0, ".config") }).map { Paths.join($0, "palinote/\(name)") }
    }
}

extension ProcessSurroundings {
    private static func currentEnvironment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = csystem_environment()
        while let line = entry?.pointee {
            let halves = String(cString: line).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if halves.count == 2 { variables[String(halves[0])] = String(halves[1]) }
            entry = entry?.advanced(by: 1)
        }
        return variables
    }

    private static func currentFolder() -> String {
        guard let path = getcwd(nil, 0) else { return "." }
        defer { free(path) }
        return String(cString: path)
    }

    private static func currentSamples() -> String? {
        guard let program = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(program) }
        return SampleFolders.find(
            program: String(cString: program), environment: currentEnvironment(), folder: currentFolder())
    }

    private static func readStandardInput() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(0, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            return Array(buffer.prefix(max(0, count)))
        }
    }
}

/// Dates in the Gregorian calendar, in UTC, whatever the locale.
enum CalendarDate {
    /// `2026-11-24 00:05:00` of a time since 1970.
    static func text(secondsSince1970: Double) -> String {
        let seconds = Int(secondsSince1970.rounded(.down))
        let day = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
        let (year, month, dayOfMonth) = date(day: day)
        let time = seconds - day * 86400
        let clock = [time / 3600, time / 60 % 60, time % 60].map(twoDigits).joined(separator: ":")
        return "\(year)-\(twoDigits(month))-\(twoDigits(dayOfMonth)) \(clock)"
    }

    /// Year, month and day of a count of days since 1970-01-01; eras of 400 years begin in March.
    private static func date(day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
}
