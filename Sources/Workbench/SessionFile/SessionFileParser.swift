/// Reads a session file's text, line by line.
struct SessionFileParser {
    /// What was wrong, when the parser goes on after mistakes.
    private(set) var problems: [SessionFileError] = []
    private let goesOn: Bool
    private let file: String
    private let lines: [String]
    private var index = 0
    private var lineOfID: [String: Int] = [:]
    private var prose: [String] = []
    private var elements: [SessionFile.Element] = []

    /// Makes a parser.
    /// - Parameter goesOn: whether to gather mistakes and read on; else the first one is thrown.
    init(_ text: String, file: String, goesOn: Bool = false) {
        self.file = file
        self.goesOn = goesOn
        lines = text.linesOfText
    }

    mutating func parse(endsInNewline: Bool) throws(SessionFileError) -> SessionFile {
        let header = try readHeader()
        while index < lines.count {
            guard let fence = Fence(lines[index]) else {
                prose.append(lines[index])
                index += 1
                continue
            }
            switch fence.kind {
            case "nb": try readCell(fence)
            case "out", "err", "error", "boxes":
                try note(.outputWithoutCell(fence.kind), line: index + 1)
                prose += try readBlock(fence).lines
            default:
                let block = try readBlock(fence)
                prose += block.lines
            }
        }
        flushProse()
        var result = SessionFile(header: header, elements: elements)
        result.endsInNewline = endsInNewline
        return result
    }
}

extension SessionFile {
    /// Reads a session file.
    /// - Parameter file: the name that errors mention.
    package init(parsing text: String, file: String) throws(SessionFileError) {
        var parser = SessionFileParser(text, file: file)
        self = try parser.parse(endsInNewline: text.utf8.last == UInt8(ascii: "\n"))
    }
}

extension SessionFileParser {
    private mutating func readHeader() throws(SessionFileError) -> SessionHeader {
        guard let opening = lines.first, opening.trimmed == "---" else { return SessionHeader(lines: nil) }
        var seen: Set<String> = []
        var found: [String] = []
        for place in 1..<max(1, lines.count) {
            if lines[place].trimmed == "---" {
                index = place + 1
                return SessionHeader(lines: found, opening: opening, closing: lines[place])
            }
            if let problem = SessionHeader.problem(in: lines[place], seen: &seen) { try note(problem, line: place + 1) }
            found.append(lines[place])
        }
        try note(.unclosedHeader, line: 1)
        index = lines.count
        return SessionHeader(lines: found)
    }

    private mutating func readCell(_ fence: Fence) throws(SessionFileError) {
        flushProse()
        let line = index + 1
        let read = try located(line) { () throws(InfoProblem) in try CellAttributes(info: fence.rest) }
        let attributes = read ?? CellAttributes()
        if let id = attributes.id {
            if let first = lineOfID[id] { try note(.repeatedID(id, firstLine: first), line: line) }
            lineOfID[id] = line
        }
        let source = try readBlock(fence)
        elements.append(
            .cell(SessionCell(line: line, attributes: attributes, source: source, outputs: try readOutputs())))
    }

    /// Reads the blocks behind a cell; blank lines belong to it only when another of its blocks follows.
    private mutating func readOutputs() throws(SessionFileError) -> [OutputBlock] {
        var outputs: [OutputBlock] = []
        while true {
            var next = index
            while next < lines.count, lines[next].trimmed.isEmpty { next += 1 }
            guard next < lines.count else { return outputs }
            let start = index
            index = next
            guard let block = try readOutput() else {
                index = start
                return outputs
            }
            outputs += lines[start..<next].map { .blank($0) } + [block]
        }
    }

    private mutating func readOutput() throws(SessionFileError) -> OutputBlock? {
        let line = index + 1
        guard let fence = Fence(lines[index]) else {
            let text = lines[index]
            guard let read = try located(line, { () throws(InfoProblem) in try PictureReference(markdown: text) })
            else {
                index += 1
                return .blank(text)
            }
            guard let picture = read else { return nil }
            index += 1
            return .picture(picture, line: text)
        }
        switch fence.kind {
        case "out":
            let attributes = try located(line) { () throws(InfoProblem) in try OutAttributes(info: fence.rest) }
            return .out(attributes ?? OutAttributes(), try readBlock(fence, checksMasks: true))
        case "err": return .err(try readBlock(fence, checksMasks: true))
        case "error": return .error(code: fence.rest.trimmed, try readBlock(fence, checksMasks: true))
        case "boxes": return .boxes(try readBlock(fence))
        default: return nil
        }
    }

    private mutating func readBlock(_ fence: Fence, checksMasks: Bool = false) throws(SessionFileError) -> FencedBlock {
        let start = index
        index += 1
        while index < lines.count {
            if fence.isClosed(by: lines[index]) {
                let block = FencedBlock(
                    opening: lines[start], content: Array(lines[start + 1..<index]), closing: lines[index])
                if checksMasks { try checkMasks(block, from: start + 2) }
                index += 1
                return block
            }
            index += 1
        }
        try note(.unclosedFence(lines[start].trimmed), line: start + 1)
        return FencedBlock(opening: lines[start], content: Array(lines[(start + 1)...]), closing: "")
    }

    private mutating func checkMasks(_ block: FencedBlock, from line: Int) throws(SessionFileError) {
        for (offset, text) in block.content.enumerated() {
            if let problem = LineTokens.maskProblem(in: text) { try note(problem, line: line + offset) }
        }
    }

    private mutating func flushProse() {
        if !prose.isEmpty { elements.append(.prose(prose)) }
        prose = []
    }

    /// What can be read; nil when it has a mistake that was noted.
    private mutating func located<T>(_ line: Int, _ read: () throws(InfoProblem) -> T) throws(SessionFileError) -> T? {
        do {
            return try read()
        } catch {
            try note(error.problem, line: line)
            return nil
        }
    }

    private mutating func note(_ problem: SessionFileError.Problem, line: Int) throws(SessionFileError) {
        let error = SessionFileError(file: file, line: line, problem: problem)
        guard goesOn else { throw error }
        problems.append(error)
    }
}

/// An opening code fence.
struct Fence {
    /// The first word behind it.
    let kind: String
    /// What follows the first word.
    let rest: String
    private let mark: Character
    private let length: Int

    init?(_ line: String) {
        guard Self.mayBeFence(line) else { return nil }
        let text = line.drop { $0 == " " }
        guard line.count - text.count < 4, let mark = text.first, mark == "`" || mark == "~" else { return nil }
        let length = text.prefix { $0 == mark }.count
        let info = text.dropFirst(length)
        guard length >= 3, mark == "~" || !info.contains("`") else { return nil }
        let word = info.drop(while: \.isWhitespace).prefix { !$0.isWhitespace }
        kind = mark == "`" ? String(word) : ""
        rest = String(info.drop(while: \.isWhitespace).dropFirst(word.count))
        self.mark = mark
        self.length = length
    }

    /// A quick look at the first byte that is no blank: most lines are no fence.
    private static func mayBeFence(_ line: String) -> Bool {
        let first = line.utf8.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        return first == UInt8(ascii: "`") || first == UInt8(ascii: "~")
    }

    func isClosed(by line: String) -> Bool {
        guard Self.mayBeFence(line) else { return false }
        let text = line.trimmed
        return text.count >= length && text.allSatisfy { $0 == mark }
    }
}
