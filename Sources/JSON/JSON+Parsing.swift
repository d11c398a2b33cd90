extension JSON {
    /// How deep arrays and objects may be nested before a text is refused.
    package static let depthLimit = 256

    /// Reads one JSON value that fills the text.
    ///
    /// Strict, but for two things that Python's reader and common editors do: `NaN`, `Infinity` and `-Infinity` are numbers,
    /// and a byte order mark at the start is passed over. A key that occurs twice in one object is an error.
    /// - Parameters:
    ///   - text: the JSON.
    ///   - name: what errors call the text, such as a file's name.
    package init(parsing text: String, name: String = "JSON") throws(JSONError) {
        var text = text
        let parsed = text.withUTF8 { bytes in Self.parse(bytes, name: name) }
        self = try parsed.get()
    }

    /// Reads one JSON value that fills the bytes, which are UTF-8.
    package init(parsing bytes: some Sequence<UInt8>, name: String = "JSON") throws(JSONError) {
        let parsed =
            bytes.withContiguousStorageIfAvailable { Self.parse($0, name: name) }
            ?? Array(bytes).withUnsafeBufferPointer { Self.parse($0, name: name) }
        self = try parsed.get()
    }

    private static func parse(_ bytes: UnsafeBufferPointer<UInt8>, name: String) -> Result<JSON, JSONError> {
        var scanner = JSONScanner(bytes: bytes, name: name)
        do {
            return .success(try scanner.wholeText())
        } catch {
            return .failure(error)
        }
    }
}

extension JSONScanner {
    /// Reads the only value of the text.
    mutating func wholeText() throws(JSONError) -> JSON {
        skipByteOrderMark()
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw error(.trailingText(found: describeByte())) }
        return value
    }

    /// Reads any value; `depth` counts the arrays and objects around it.
    private mutating func value(depth: Int) throws(JSONError) -> JSON {
        skipSpace()
        guard let byte = peek() else { throw error(.endOfText(expected: "a value")) }
        switch byte {
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "N"): return try word("NaN", .number(.nan))
        case UInt8(ascii: "I"): return try word("Infinity", .number(.infinity))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error(.unexpected(found: describeByte(), expected: "a value"))
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSON] {
        try open(depth: depth)
        var elements: [JSON] = []
        if take(UInt8(ascii: "]")) { return elements }
        repeat {
            elements.append(try value(depth: depth))
        } while try separator(closing: UInt8(ascii: "]"))
        return elements
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        try open(depth: depth)
        var members = JSONObject()
        if take(UInt8(ascii: "}")) { return members }
        repeat {
            skipSpace()
            let start = position
            let key = try string()
            guard take(UInt8(ascii: ":")) else { throw unexpected(expected: "a colon after the key \"\(key)\"") }
            let value = try value(depth: depth)
            guard members.insert(value, forKey: key) else { throw error(.duplicateKey(key), at: start) }
        } while try separator(closing: UInt8(ascii: "}"))
        return members
    }

    private mutating func open(depth: Int) throws(JSONError) {
        guard depth <= JSON.depthLimit else { throw error(.tooDeep(limit: JSON.depthLimit)) }
        position += 1
    }

    /// Takes a comma (true: another element follows) or the closing bracket (false).
    private mutating func separator(closing: UInt8) throws(JSONError) -> Bool {
        if take(UInt8(ascii: ",")) { return true }
        if take(closing) { return false }
        throw unexpected(expected: "a comma or \(closing == UInt8(ascii: "]") ? "]" : "}")")
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        guard take(word: word) else { throw unexpected(expected: "a value") }
        return value
    }
}
