import Testing

@testable import JSON

@Suite("Reading JSON")
struct JSONParsingTests {
    @Test(
        "values of every kind are read",
        arguments: [
            ("null", JSON.null), ("true", true), (" false\n", false), ("0", 0), ("-0", 0), ("-17", -17),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            ("1000000000000000019884624838656", .number(1e30)),
            ("1.5", 1.5), ("2E-05", 2e-5), ("1e2", .number(100)), ("-Infinity", .number(-.infinity)),
            ("\"\"", ""), ("[]", []), ("{}", [:]), ("[1, [2], {\"a\": null}]", [1, [2], ["a": nil]]),
            ("\u{FEFF}[1]", [1]),
        ] as [(String, JSON)])
    func readsValues(text: String, expected: JSON) throws {
        #expect(try JSON(parsing: text) == expected)
    }

    @Test(
        "escapes and scripts in strings are read",
        arguments: [
            (#""a\"b\\c\/d\b\f\n\r\t""#, "a\"b\\c/d\u{08}\u{0C}\n\r\t"),
            (#""\u00e9\uD83D\uDE00x""#, "é😀x"), ("\"黑桃 🂡\"", "黑桃 🂡"), (#""\u0000""#, "\0"),
        ])
    func readsStrings(text: String, expected: String) throws {
        let read = try #require(try JSON(parsing: text).string)
        #expect(Array(read.utf8) == Array(expected.utf8))
    }

    @Test(
        "a mistake is named with line and column",
        arguments: [
            ("", 1, 1, .endOfText(expected: "a value")),
            ("  \n x", 2, 2, .unexpected(found: "\"x\"", expected: "a value")),
            ("[1,\n 2", 2, 3, .endOfText(expected: "a comma or ]")),
            ("[1,]", 1, 4, .unexpected(found: "\"]\"", expected: "a value")),
            ("[1 2]", 1, 4, .unexpected(found: "\"2\"", expected: "a comma or ]")),
            ("{\"a\" 1}", 1, 6, .unexpected(found: "\"1\"", expected: "a colon after the key \"a\"")),
            ("{a: 1}", 1, 2, .unexpected(found: "\"a\"", expected: "a string in double quotes")),
            ("{\"a\": 1,\n\"a\": 2}", 2, 1, .duplicateKey("a")),
            ("1 1", 1, 3, .trailingText(found: "\"1\"")),
            ("01", 1, 1, .unexpected(found: "a number that starts with 0", expected: "no leading zeros")),
            ("1.", 1, 3, .endOfText(expected: "a digit")), ("-", 1, 2, .endOfText(expected: "a digit")),
            ("1e999", 1, 1, .numberTooLarge("1e999")), ("nul", 1, 1, .unexpected(found: "\"n\"", expected: "a value")),
            ("\"a", 1, 3, .endOfText(expected: "the end of a string")), ("\"a\n\"", 1, 3, .controlCharacter(10)),
            (#""\x""#, 1, 2, .invalidEscape(#"\x"#)), (#""\u12g4""#, 1, 2, .invalidEscape(#"\u12"#)),
            (#""\ud83dx""#, 1, 2, .loneSurrogate(#"\ud83d"#)), (#""\ude00""#, 1, 2, .loneSurrogate(#"\ude00"#)),
            (#""\ud83d\u0041""#, 1, 2, .loneSurrogate(#"\ud83d\u0041"#)),
            (#""\"#, 1, 3, .endOfText(expected: "an escape")),
            (String(repeating: "[", count: 300), 1, 257, .tooDeep(limit: 256)),
        ] as [(String, Int, Int, JSONError.Problem)])
    func namesMistakes(text: String, line: Int, column: Int, problem: JSONError.Problem) {
        let expected = JSONError(name: "x.json", line: line, column: column, problem: problem)
        #expect(throws: expected) { try JSON(parsing: text, name: "x.json") }
        #expect(expected.description.hasPrefix("x.json:\(line):\(column): "))
    }

    @Test("bytes that are not UTF-8 are refused")
    func refusesInvalidUTF8() {
        let bytes: [UInt8] = [0x22, 0x61, 0xFF, 0x22]
        #expect(throws: JSONError(name: "JSON", line: 1, column: 2, problem: .invalidUTF8)) { try JSON(parsing: bytes) }
    }

    @Test("every prefix of a text and every changed byte is read or refused, never a trap")
    func survivesDamage() throws {
        let text = Array(#"{"a\u00e9": [1, -2.5e3, "\ud83d\ude00é", null, true], "b": {"c": {}}}"#.utf8)
        var refused = 0
        for length in 0..<text.count {
            #expect(throws: JSONError.self) { try JSON(parsing: text[..<length]) }
            for byte in [0x00, 0x22, 0x5C, 0x7B, 0x80, 0xFF] as [UInt8] {
                var changed = text
                changed[length] = byte
                do { _ = try JSON(parsing: changed) } catch { refused += 1 }
            }
        }
        #expect(refused > text.count)
    }
}

@Suite("Objects in JSON")
struct JSONObjectTests {
    @Test("keys keep their order, are found, replaced and taken out", arguments: [3, 40])
    func keepsOrder(count: Int) throws {
        let names = (0..<count).map { "key \($0 * 7 % count)" }
        var object = JSONObject()
        for (index, name) in names.enumerated() { object[name] = .integer(Int64(index)) }
        object[names[1]] = "new"
        #expect(object.keys == names)
        #expect(object[names[1]]?.string == "new" && object[names[count - 1]]?.integer == count - 1)
        object[names[0]] = nil
        #expect(object.keys == Array(names.dropFirst()) && object[names[0]] == nil && object[names[2]]?.integer == 2)
        #expect(object["absent"] == nil)
    }

    @Test("keys that differ only in how an accent is composed are two keys")
    func comparesBytes() throws {
        let value = try JSON(parsing: "{\"\u{E9}\": 1, \"e\u{301}\": 2}")
        #expect(value["\u{E9}"]?.integer == 1)
        #expect(value["e\u{301}"]?.integer == 2)
    }

    @Test("a second use of a key is noticed in a large object too")
    func noticesDuplicates() {
        let members = (0..<20).map { "\"k\($0)\": 0" }.joined(separator: ", ")
        #expect(throws: JSONError.self) { try JSON(parsing: "{\(members), \"k7\": 1}") }
    }

    @Test("accessors answer nil for other kinds")
    func accessorsAreOptional() throws {
        let value = try JSON(parsing: #"{"list": [1, 2.0], "text": "t"}"#)
        #expect(value["list"]?[0]?.integer == 1 && value["list"]?[1]?.integer == nil && value["list"]?[1]?.double == 2)
        #expect(value["list"]?[2] == nil && value["list"]?[-1] == nil && value["text"]?[0] == nil && value[0] == nil)
        #expect(value["text"]?.integer == nil && value.string == nil && value.bool == nil && value.array == nil)
    }
}
