import Console
import Detection
import JSON

/// The values in a JSONL file that a tool is asked about.
struct ToolLines {
    /// One value and where it stands.
    struct Line {
        let value: JSON
        let place: String

        /// An error about this line.
        func fault(_ problem: String) -> Failure {
            Failure(code: "BadLine", message: "\(place): \(problem)")
        }

        /// The text under a key, or the line itself if it is a string.
        func text(_ key: String) throws -> String {
            if let text = value.string ?? value[key]?.string { return text }
            throw fault("the line has no string under \"\(key)\", and is no string itself")
        }

        /// The whole number under a key, or what the command line says.
        func integer(_ key: String, default ownValue: Int?) throws -> Int {
            if let found = value[key] {
                guard let number = found.integer else { throw fault("\"\(key)\" is \(found.kind), not a whole number") }
                return number
            }
            guard let ownValue else { throw fault("the line has no \"\(key)\", and the command line has none either") }
            return ownValue
        }

        /// The strings under a key, or nil where there is no such key.
        func texts(_ key: String) throws -> [String]? {
            guard let found = value[key], !found.isNull else { return nil }
            let texts = found.array?.compactMap(\.string) ?? []
            guard let count = found.array?.count, count == texts.count else {
                throw fault("\"\(key)\" is no array of strings")
            }
            return texts
        }
    }

    private let lines: JSONLines
    private let name: String

    /// Reads a file whole.
    init(_ path: Path, _ context: CommandContext) throws {
        lines = JSONLines(try FileAccess.read(context.resolveInput(path)))
        name = path.text
    }

    /// Says one JSON object for each line, on a line of its own; the first bad line is the error.
    func answer(_ context: CommandContext, _ makeAnswer: (Line) throws -> JSON) throws {
        try forEach(context) { context.say(Text(try makeAnswer($0).text(.compact))) }
    }

    /// Goes through the lines.
    func forEach(_ context: CommandContext, _ body: (Line) throws -> Void) throws {
        for line in lines {
            try context.interrupt.check()
            let place = "\(name):\(line.number)"
            switch line.json() {
            case .success(let value): try body(Line(value: value, place: place))
            case .failure(let error):
                throw Failure(
                    code: "BadLine", message: "\(place): the line is no JSON (column \(error.column): \(error.problem))"
                )
            }
        }
    }
}

extension Failure {
    /// A command got neither, or both, of what it can work on.
    static func oneOf(_ what: String, in command: String) -> Failure {
        Failure(code: "MissingOption", message: "\(command) needs \(what)", next: "help \(command)")
    }
}
