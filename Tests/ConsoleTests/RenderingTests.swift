import JSON
import Testing

@testable import Console

@Suite("Renderer")
struct RendererTests {
    private let table: Table = {
        var table = Table(title: "Scores", "class", "AP", "time")
        table.add(["梅花 10", "\(0.5, .fixed(2), tolerance: .relative(0.1))", "\(.duration(0.0012))"])
        table.add(["ace", "\(10.25, .fixed(2))", "\(.duration(75))"])
        return table
    }()

    @Test("tables align words left, numbers right, and count wide characters twice")
    func tables() {
        #expect(
            Renderer().lines(.table(table)) == [
                "Scores", "class       AP        time", "梅花 10   0.50     1.20 ms", "ace      10.25  1 min 15 s",
            ])
    }

    @Test("a recording holds masks, and rules beside the numbers that have one")
    func recording() {
        #expect(
            Renderer.recording.lines(.table(table)) == [
                "Scores", "class                   AP     time", "梅花 10  [[num 0.50 ±10%]]  [[dur]]",
                "ace                  10.25  [[dur]]",
            ])
    }

    @Test("a table that is too wide for the terminal loses the end of its widest words")
    func narrow() {
        var table = Table("n", "words")
        table.add(["1", "a rather long sentence in a narrow window"])
        #expect(Renderer(width: 20).lines(.table(table)) == ["n  words", "1  a rather long se…"])
    }

    @Test("text that is too long is broken at blanks, under its second column; a recording never is")
    func wrapping() {
        let text = Output.text("  seed  show the seed of all random streams\nshort")
        #expect(
            Renderer(width: 24).lines(text) == [
                "  seed  show the seed of", "        all random", "        streams", "short",
            ])
        #expect(Renderer(width: 12).lines(.text("one two three four")) == ["one two", "three four"])
        #expect(Renderer.recording.lines(text).count == 2)
        #expect(Renderer(width: 0).lines(text).count == 2)
    }

    @Test("fields align their values, several lines under each other")
    func fields() {
        let fields = Fields([("a", "1\n2"), ("数据", "3")])
        #expect(Renderer().lines(.fields(fields)) == ["a     1", "      2", "数据  3"])
    }

    @Test("a failure points at its cause, under wide characters too")
    func failure() {
        let failure = Failure(
            code: "X", message: "bad",
            caret: .init(line: "数据 --stpes 3", position: .init(line: 1, column: 4, length: 7)),
            suggestions: ["--steps"], next: "help")
        #expect(
            Renderer().lines(.failure(failure)) == [
                "error: bad", "  数据 --stpes 3", "       ^~~~~~~", "  did you mean --steps?", "  next: help",
            ])
    }

    @Test("color only where it is asked for")
    func color() {
        #expect(Renderer(usesColor: true).lines(.warning("x")) == ["\u{1B}[33mwarning: \u{1B}[0mx"])
        #expect(Renderer().lines(.warning("x")) == ["warning: x"])
    }

    @Test(
        "quantities read well",
        arguments: [
            (.duration(0), "0 µs"), (.duration(0.0012), "1.20 ms"), (.duration(0.99951), "1.00 s"),
            (.duration(59.94), "59.9 s"),
            (.duration(60), "1 min 00 s"), (.duration(3725), "1 h 02 min"), (.duration(.nan), "? s"),
            (.memory(1023), "1023 B"), (.memory(1536), "1.5 KiB"), (.memory(1 << 33), "8.0 GiB"),
            (.rate(12.345, unit: "img/s"), "12.3 img/s"), (.integer(-3), "-3"), (.number(0.123456), "0.1235"),
            (.number(2e-5, .scientific(1)), "2.0e-05"), (.number(0.4213, .percent(1)), "42.1%"),
            (.number(.infinity), "inf"),
        ] as [(Quantity, String)])
    func quantities(quantity: Quantity, expected: String) {
        #expect(quantity.shown == expected)
    }

    @Test("JSON keeps types and full precision, and stays JSON for nan")
    func json() {
        let object = JSONRenderer.object(
            .fields(
                Fields([
                    ("n", "\(3)"), ("x", "\(0.123456789, .fixed(2))"), ("nan", "\(Double.nan, .fixed(1))"),
                    ("w", "a \(1)"),
                ])))
        #expect(object.text() == #"{"output":"fields","fields":{"n":3,"x":0.123456789,"nan":"nan","w":"a 1"}}"#)
    }
}

@Suite("DisplayWidth")
struct DisplayWidthTests {
    @Test(
        "columns by East Asian rules, whatever the locale",
        arguments: [
            ("", 0), ("abc", 3), ("中文", 4), ("ｱ", 1), ("Ａ", 2), ("é", 1), ("e\u{301}", 1), ("한글", 4), ("👍🏽", 2),
            ("❤️", 2),
            ("a\u{200B}b", 2), ("\u{1B}", 0), ("…", 1),
        ])
    func widths(text: String, expected: Int) {
        #expect(DisplayWidth.of(text) == expected)
    }

    @Test("cutting never splits a wide character and never exceeds the width")
    func truncation() {
        #expect(DisplayWidth.truncate("中文字", to: 6) == "中文字")
        #expect(DisplayWidth.truncate("中文字", to: 5) == "中文…")
        #expect(DisplayWidth.truncate("中文字", to: 4) == "中…")
        #expect(DisplayWidth.truncate("abc", to: 0) == "")
    }

    @Test("wrapping breaks at spaces, and inside words that are too long")
    func wrapping() {
        #expect(DisplayWidth.wrap("one two three", to: 7) == ["one two", "three"])
        #expect(DisplayWidth.wrap("中文中文中", to: 4) == ["中文", "中文", "中"])
    }
}

@Suite("Progress")
struct ProgressTests {
    @Test("the line shows bar, facts, rate and time left, and fits the terminal")
    func line() {
        let progress = Progress(
            label: "train", completed: 8, total: 20, facts: "loss \(2.5, .fixed(2))", rate: .rate(2.3, unit: "img/s"),
            elapsed: 4)
        let line = ProgressLine(width: 80).text(progress)
        #expect(line == "train  40% ▕██████████               ▏ 8/20  loss 2.50  2.30 img/s  6.00 s left")
        #expect(DisplayWidth.of(ProgressLine(width: 20).text(progress)) <= 19)
    }

    @Test("the time left of work that was taken up again goes by what was done since")
    func resumed() {
        #expect(Progress(label: "train", completed: 12, after: 10, total: 20, elapsed: 3).remaining == 12)
        #expect(Progress(label: "train", completed: 10, after: 10, total: 20, elapsed: 3).remaining == nil)
    }

    @Test("a terminal is redrawn ten times a second, a log at tenths but not within 30 seconds")
    func pacing() {
        let at = { (step: Int) in Progress(label: "x", completed: step, total: 100, elapsed: 0, isFinished: step == 100)
        }
        var terminal = ProgressPacer(.terminal)
        #expect((0...100).filter { terminal.shouldShow(at($0), at: Double($0) * 0.03) }.count == 26)
        var log = ProgressPacer(.log)
        #expect((0...100).filter { log.shouldShow(at($0), at: Double($0)) } == [0, 30, 60, 90, 100])
    }
}
