import Testing

@testable import Console

@Suite("StatementReader")
struct StatementReaderTests {
    private func words(_ line: String, _ variables: [String: Literal] = [:]) throws -> [String] {
        var result: [String] = []
        for statement in try StatementReader.statements(of: line) {
            guard case .command(let words) = statement.kind else { continue }
            for word in words { result += try word.expanded(with: variables).map(\.text) }
        }
        return result
    }

    @Test(
        "words are split and unquoted as in a shell",
        arguments: [
            ("", []),
            ("   \n\t\n", []),
            ("# only a comment", []),
            ("infer a.jpg # why not", ["infer", "a.jpg"]),
            ("show a#b", ["show", "a#b"]),
            ("infer 'two words.jpg'", ["infer", "two words.jpg"]),
            (#"infer "a \"quoted\" one""#, ["infer", #"a "quoted" one"#]),
            (#"infer two\ words C:\temp"#, ["infer", "two words", #"C:\temp"#]),
            ("infer a'b'\"c\"d", ["infer", "abcd"]),
            ("infer ''", ["infer", ""]),
            ("infer \\\n  --top 3", ["infer", "--top", "3"]),
            ("detect 梅花 ; 10 of clubs", ["detect", "梅花", ";", "10", "of", "clubs"]),
            ("a '$x' $ ${ $5", ["a", "$x", "$", "${", "$5"]),
            ("one\r\ntwo", ["one", "two"]),
        ])
    func splitting(line: String, expected: [String]) throws {
        #expect(try words(line) == expected)
    }

    @Test("variables are read alone, inside words, in braces, and lists give several words")
    func variables() throws {
        let variables: [String: Literal] = [
            "x": .integer(3), "l": .list([.string("a b"), .number(2)]), "名": .string("v"),
        ]
        #expect(
            try words("f $x a${x}b \"$x\" $l --m=$l $名", variables) == [
                "f", "3", "a3b", "3", "a b", "2.0", "--m=a b,2.0", "v",
            ])
        #expect(
            throws: LineError(
                .unknownVariable(name: "y", suggestions: []), at: SourcePosition(line: 2, column: 3, length: 2))
        ) {
            try words("f\nf $y", variables)
        }
    }

    @Test(
        "literals are read as Python reads them",
        arguments: [
            ("x = 5", .integer(5)), ("x=-1_000", .integer(-1000)), ("x = 2e-5  # rate", .number(2e-5)),
            ("x = True", .boolean(true)), ("x = None", .none), (#"x = 'it\'s'"#, .string("it's")),
            ("x = \"a\\nb\\u4e2d\"", .string("a\nb中")), ("x = '''two\nlines'''", .string("two\nlines")),
            ("x = []", .list([])), ("x = (1, 2,)", .list([.integer(1), .integer(2)])),
            ("x = [1,\n  # inside\n 'b',]", .list([.integer(1), .string("b")])),
            (
                "x = {'a': [1.5], \"b\": {}}",
                .dictionary([.init(key: "a", value: .list([.number(1.5)])), .init(key: "b", value: .dictionary([]))])
            ),
        ] as [(String, Literal)])
    func literals(line: String, expected: Literal) throws {
        let statements = try StatementReader.statements(of: line)
        #expect(statements.map(\.kind) == [.assignment(name: "x", value: expected)])
    }

    @Test("a literal's description reads back as the same literal")
    func literalRoundTrip() throws {
        let value = Literal.dictionary([
            .init(
                key: "a \"b\"\n", value: .list([.none, .boolean(false), .number(-0.1), .integer(7), .string("中\t\\")]))
        ])
        let statements = try StatementReader.statements(of: "x = \(value)")
        #expect(statements.map(\.kind) == [.assignment(name: "x", value: value)])
    }

    @Test(
        "what cannot be read says where",
        arguments: [
            ("infer 'abc", .unclosedQuote("'"), 1, 7), ("x = [1, [2]", .unclosedBracket("["), 1, 5),
            ("ok\nx = foo", .notALiteral(found: "foo"), 2, 5), ("x = ", .notALiteral(found: ""), 1, 5),
            ("x = 1 2", .textAfterLiteral(found: "2"), 1, 7), ("x = {1: 2}", .keyIsNotAString, 1, 6),
            ("x = 1e999", .numberOutOfRange("1e999"), 1, 5), ("go \\", .endsInContinuation, 1, 4),
        ] as [(String, LineError.Reason, Int, Int)])
    func unreadable(source: String, reason: LineError.Reason, line: Int, column: Int) {
        let error = #expect(throws: LineError.self) { try StatementReader.statements(of: source) }
        #expect(error?.reason == reason)
        #expect(error?.position.line == line)
        #expect(error?.position.column == column)
    }

    @Test("deep nesting is an error, not a crash")
    func nesting() {
        let error = #expect(throws: LineError.self) {
            try StatementReader.statements(of: "x = " + String(repeating: "[", count: 100_000))
        }
        #expect(error?.reason == .nestedTooDeep)
    }

    @Test(
        "the shell asks for more while a quote, bracket or line is open",
        arguments: [("x = [1,", true), ("a \\", true), ("a 'b", true), ("a b", false), ("x = ]", false), ("", false)])
    func unfinished(source: String, expected: Bool) {
        #expect(StatementReader.isUnfinished(source) == expected)
    }
}
