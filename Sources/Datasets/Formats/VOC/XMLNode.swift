/// An element of a small XML file: enough for Pascal VOC. Attributes, comments and processing instructions are passed over.
struct XMLNode {
    /// The element's name.
    let name: String
    /// The elements inside.
    private(set) var children: [XMLNode] = []
    /// The text inside, without white space at its ends.
    private(set) var text = ""

    private static let deepest = 64

    /// The first element of a name inside this one.
    subscript(name: String) -> XMLNode? { children.first { $0.name == name } }

    /// Reads a file whose one outermost element this becomes.
    init(parsing bytes: [UInt8]) throws(DatasetError.Problem) {
        var scanner = Scanner(Array(String(decoding: bytes, as: UTF8.self).unicodeScalars))
        guard case .opening(let name, let isEmpty) = try scanner.nextMark().mark else {
            throw .badFile("there is no element; the file is no XML")
        }
        self.init(name: name)
        if !isEmpty { try fill(from: &scanner, depth: 1) }
    }

    private init(name: String) { self.name = name }

    /// Reads up to the closing mark.
    private mutating func fill(from scanner: inout Scanner, depth: Int) throws(DatasetError.Problem) {
        guard depth < Self.deepest else { throw .badFile("elements are nested more than \(Self.deepest) deep") }
        var characters = ""
        while true {
            let (before, mark) = try scanner.nextMark()
            characters += before
            switch mark {
            case .opening(let name, let isEmpty):
                var child = XMLNode(name: name)
                if !isEmpty { try child.fill(from: &scanner, depth: depth + 1) }
                children.append(child)
            case .closing(let name):
                guard name == self.name else { throw .badFile("</\(name)> where </\(self.name)> should be") }
                text = String(characters[...].trimmingSpaces)
                return
            case .end:
                throw .badFile("the file ends inside <\(name)>; it may be cut short")
            }
        }
    }
}

extension XMLNode {
    private enum Mark {
        case opening(String, isEmpty: Bool)
        case closing(String)
        case end
    }

    private struct Scanner {
        private let scalars: [Unicode.Scalar]
        private var position = 0

        init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

        /// The text before the next element's mark, and the mark.
        mutating func nextMark() throws(DatasetError.Problem) -> (before: String, mark: Mark) {
            var before = ""
            while position < scalars.count {
                before += Self.decoded(take(until: "<"))
                if position >= scalars.count { break }
                if skip("<!--") {
                    _ = take(past: "-->")
                } else if skip("<![CDATA[") {
                    before += take(past: "]]>")
                } else if skip("<?") || skip("<!") {
                    _ = take(past: ">")
                } else if skip("</") {
                    return (before, .closing(String(take(past: ">")[...].trimmingSpaces)))
                } else if skip("<") {
                    let inside = take(past: ">")
                    let name = inside.prefix { !$0.isWhitespace && $0 != "/" }
                    guard !name.isEmpty else { throw .badFile("there is a < without a name") }
                    return (before, .opening(String(name), isEmpty: inside.hasSuffix("/")))
                }
            }
            return (before, .end)
        }

        private mutating func skip(_ text: String) -> Bool {
            let expected = Array(text.unicodeScalars)
            guard scalars[position...].starts(with: expected) else { return false }
            position += expected.count
            return true
        }

        private mutating func take(until end: Unicode.Scalar) -> String {
            let start = position
            position = scalars[position...].firstIndex(of: end) ?? scalars.count
            return String(String.UnicodeScalarView(scalars[start..<position]))
        }

        /// The text up to an end mark, which is taken too; all the rest where there is none.
        private mutating func take(past end: String) -> String {
            let mark = Array(end.unicodeScalars)
            let start = position
            while position < scalars.count, !scalars[position...].starts(with: mark) { position += 1 }
            let text = String(String.UnicodeScalarView(scalars[start..<position]))
            position = min(position + mark.count, scalars.count)
            return text
        }

        /// Text with the five named entities and numbered characters put in.
        private static func decoded(_ text: String) -> String {
            guard text.contains("&") else { return text }
            var result = ""
            var rest = text[...]
            while let start = rest.firstIndex(of: "&") {
                result += rest[..<start]
                rest = rest[start...]
                guard let end = rest.prefix(12).firstIndex(of: ";"),
                    let character = character(rest[rest.index(after: start)..<end])
                else {
                    result.append("&")
                    rest = rest.dropFirst()
                    continue
                }
                result.append(character)
                rest = rest[rest.index(after: end)...]
            }
            return result + rest
        }

        private static func character(_ entity: Substring) -> Character? {
            let named: [Substring: Character] = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"]
            if let character = named[entity] { return character }
            guard entity.hasPrefix("#") else { return nil }
            let isHexadecimal = entity.dropFirst().hasPrefix("x")
            let digits = entity.dropFirst(isHexadecimal ? 2 : 1)
            return UInt32(digits, radix: isHexadecimal ? 16 : 10).flatMap(Unicode.Scalar.init).map(Character.init)
        }
    }
}
