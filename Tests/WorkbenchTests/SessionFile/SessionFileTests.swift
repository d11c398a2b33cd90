import Testing

@testable import Workbench

@Suite("SessionFile")
struct SessionFileTests {
    @Test("printing what was read gives the same bytes, for 500 generated files")
    func roundTrip() throws {
        for seed in 0..<500 {
            let text = GeneratedSession.text(seed: UInt64(seed))
            let file = try SessionFile(parsing: text, file: "\(seed)")
            #expect(Array(file.text.utf8) == Array(text.utf8), "seed \(seed)")
        }
    }

    @Test("a file made of parts reads back as those parts")
    func parts() throws {
        var cell = SessionCell(id: "look", source: "show 1\n```\nend")
        cell.outputs = [
            .out(
                OutAttributes(code: 1, state: "0123456789ab"),
                FencedBlock(info: "out rc=1 state=0123456789ab", content: ["````", "x"])),
            .error(code: "X", FencedBlock(info: "error X", content: [])),
        ]
        let file = SessionFile(
            header: SessionHeader([(.session, "1"), (.seed, "7")]), elements: [.prose(["# T", ""]), .cell(cell)])
        let read = try SessionFile(parsing: file.text, file: "x")
        #expect(read.cells.first?.sourceText == "show 1\n```\nend")
        #expect(read.cells.first?.outputs == cell.outputs)
        #expect(read.header.seed == 7)
    }

    @Test("cells, attributes, outputs and pictures are found; code blocks in prose are not cells")
    func reading() throws {
        let text = """
            ---
            inputs: samples/cards=sha256:44e0c7d1be02
            match: tolerant rtol=1e-2
            ---
            ````markdown
            ```nb
            ````
            ```nb id=a tags=x,y rtol=1e-3
            one
            two
            ```

            ```out rc=0 state=5d0c91aa3b7e parts=model.weights:1a2b3c4d
            [[dur]]
            ```
            ![A picture](f.assets/a-1.png "sha256:c01d6a7f22e9 224x112 tile<=2.5")

            prose
            ```nb
            ```
            """
        let file = try SessionFile(parsing: text, file: "f")
        #expect(file.cells.count == 2)
        let cell = try #require(file.cells.first)
        #expect(cell.line == 8)
        #expect(cell.attributes.tags == ["x", "y"])
        #expect(cell.attributes.relativeTolerance == 1e-3)
        #expect(
            cell.recordedEnd
                == OutAttributes(
                    code: 0, state: "5d0c91aa3b7e", parts: [.init(name: "model.weights", digest: "1a2b3c4d")]))
        #expect(cell.outputs.map(\.kindName) == ["blank", "out", "picture"])
        guard case .picture(let picture, _) = cell.outputs[2] else { return }
        #expect([picture.width, picture.height] == [224, 112])
        #expect(picture.tileLimit == 2.5)
        #expect(picture.markdown == "![A picture](f.assets/a-1.png \"sha256:c01d6a7f22e9 224x112 tile<=2.5\")")
        #expect(file.header.tolerance == NumberTolerance(relative: 1e-2, absolute: 1e-6))
        #expect(file.header.pairs(.inputs).map(\.value) == ["sha256:44e0c7d1be02"])
    }

    @Test(
        "what is no session file says line and cause",
        arguments: [
            ("---\nseed: 1\n", 1, .unclosedHeader),
            ("---\nseeed: 1\n---\n", 2, .unknownKey("seeed", place: "the front matter", suggestions: ["seed"])),
            ("---\nseed: -1\n---", 2, .badValue(key: "seed", found: "-1", expected: "a whole number from 0")),
            ("---\nseed: 1\nseed: 2\n---", 3, .repeatedKey("seed")), ("---\nhello\n---", 2, .badHeaderLine("hello")),
            ("---\nsession: 2\n---", 2, .unknownFormat("2")),
            (
                "---\nmatch: rtol=-1\n---", 2,
                .badValue(key: "match", found: "rtol=-1", expected: "auto, strict or tolerant, rtol=X, atol=X")
            ),
            ("x\n```nb\nhelp", 2, .unclosedFence("```nb")), ("```python\n", 1, .unclosedFence("```python")),
            ("```out\n```", 1, .outputWithoutCell("out")),
            ("```nb id=a\n```\n```nb id=a\n```", 3, .repeatedID("a", firstLine: 1)),
            ("```nb idd=a\n```", 1, .unknownKey("idd", place: "a cell", suggestions: ["id"])),
            ("```nb id=a.b\n```", 1, .badValue(key: "id", found: "a.b", expected: "1 to 64 letters, digits, _ or -")),
            ("```nb rtol=nan\n```", 1, .badValue(key: "rtol", found: "nan", expected: "a number from 0")),
            (
                "```nb\n```\n```out state=12\n```", 3,
                .badValue(key: "state", found: "12", expected: "twelve hexadecimal digits")
            ),
            (
                "```nb\n```\n```out\n[[num ±2%]]\n```", 4,
                .badMask("[[num ±2%]]", reason: "± needs the recorded number before it")
            ),
            ("```nb\n```\n![a](b.png \"sha256:12 2x3\")", 3, .badPicture("the digest is not there")),
        ] as [(String, Int, SessionFileError.Problem)])
    func mistakes(text: String, line: Int, problem: SessionFileError.Problem) {
        let error = #expect(throws: SessionFileError.self) { try SessionFile(parsing: text, file: "f.md") }
        #expect(error == SessionFileError(file: "f.md", line: line, problem: problem))
    }
}
