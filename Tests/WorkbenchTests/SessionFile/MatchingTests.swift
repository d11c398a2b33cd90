import Images
import Testing

@testable import Workbench

@Suite("LineMatcher")
struct LineMatcherTests {
    private let strict = LineMatcher(mode: .strict)
    private let tolerant = LineMatcher(mode: .tolerant(NumberTolerance(relative: 1e-2, absolute: 0)))

    @Test(
        "lines agree in both modes",
        arguments: [
            ("", ""), ("a b", "a b"), ("loaded in [[dur]]", "loaded in [[dur]]"),
            ("loaded in [[dur]]", "loaded in 1.24 s"),
            ("[[dur]] left", "2 min 05 s left"), ("at [[rate]].", "at 12.3 img/s."), ("[[mem]]", "1.5 GiB"),
            ("in [[path]]!", "in /a/b.txt!"), ("[[version]]", "1.2.3"), ("[[any]]", ""), ("a [[any]] z", "a b c z"),
            ("[[any]]x[[any]]y", "axbxcy"), ("mAP [[num >= 0.80]]", "mAP 0.93"), ("mAP [[num 0.9 >= 0.8]]", "mAP 0.9"),
            ("[[1, 2]]", "[[1, 2]]"), ("[[secret HF_TOKEN]]", "[[secret HF_TOKEN]]"), ("nan inf", "nan inf"),
            ("[[num 0.5 ±2%]]", "[[num 0.5 ±2%]]"),
        ])
    func agreement(expected: String, found: String) {
        #expect(strict.difference(expected: expected, found: found) == nil)
        #expect(tolerant.difference(expected: expected, found: found) == nil)
    }

    @Test(
        "lines differ in both modes",
        arguments: [
            ("a", "b"), ("a", ""), ("", "a"), ("10", "11"), ("box 1 2 3 4", "box 1 2 3 5"), ("<loc0123>", "<loc0124>"),
            ("448x448", "448x449"),
            ("v1.2.3", "v1.2.4"), ("[[dur]]", "soon"), ("[[dur]]", "1.24"), ("[[mem]]", "1.5 s"),
            ("[[num >= 0.80]]", "0.79"), ("[[num >= 0.8]]", "nan"),
            ("[[num <= 1]]", "x"), ("0.5", "nan"), ("[[1, 2]]", "[[1, 3]]"), ("[[secret A]]", "[[secret B]]"),
            ("loss 1.0", "loss 1.1"),
            ("[[num 0.50 ±2%]]", "0.52"), ("a [[any]] z", "a b c"), ("[[dur]] x", "[[rate]] x"), ("1", "1.0"),
        ])
    func disagreement(expected: String, found: String) {
        #expect(strict.difference(expected: expected, found: found) != nil)
        #expect(tolerant.difference(expected: expected, found: found) != nil)
    }

    @Test(
        "lines agree tolerantly but not strictly",
        arguments: [
            ("loss 2.9853", "loss 2.9900"), ("a   1.00", "a  1.01"), ("lr 2.0e-05", "lr 2.01e-05"), ("0.5%", "0.504%"),
            ("[[num 0.50 ±10%]]", "0.54"), ("[[num 0.50 ±10%]]", "[[num 0.54 ±10%]]"), ("-1.000", "-1.009"),
            ("0.001", "0.002"), ("x ", "x"),
        ])
    func tolerance(expected: String, found: String) {
        #expect(tolerant.difference(expected: expected, found: found) == nil)
        #expect(strict.difference(expected: expected, found: found) != nil)
    }

    @Test("a number that is off says by how much, and what was allowed")
    func report() {
        #expect(
            tolerant.difference(expected: "x 2.000", found: "x 2.500")
                == .number(expected: 2, found: 2.5, allowed: 0.021))
        #expect(tolerant.difference(expected: "[[num >= 0.8]]", found: "0.5") == .rule(">= 0.8", found: 0.5))
    }

    @Test("many wildcards take no time")
    func wildcards() {
        let pattern = String(repeating: "[[any]]a", count: 40) + "b"
        #expect(strict.difference(expected: pattern, found: String(repeating: "a ", count: 400)) != nil)
    }
}

@Suite("TextMatcher")
struct TextMatcherTests {
    private let matcher = TextMatcher(lines: LineMatcher(mode: .strict))

    @Test(
        "elided lines do not matter, and more than five must be counted",
        arguments: [
            (["a", "...", "z"], ["a", "b", "c", "z"], true), (["..."], [], true),
            (["..."], ["1", "2", "3", "4", "5"], true),
            (["..."], ["1", "2", "3", "4", "5", "6"], false), (["... (6)"], ["1", "2", "3", "4", "5", "6"], true),
            (["... (6)"], ["1"], false),
            (["...", "x", "...", "y"], ["x", "x", "y"], true), (["\\..."], ["\\..."], true),
            (["a", "b"], ["a"], false), (["a"], ["a", "b"], false),
        ])
    func elision(expected: [String], found: [String], agree: Bool) {
        #expect((matcher.difference(expected: expected, found: found) == nil) == agree)
    }

    @Test("the first line that differs is named")
    func place() {
        let difference = matcher.difference(expected: ["a", "b", "c"], found: ["a", "x", "c"])
        #expect(difference == .init(expectedIndex: 1, expected: "b", found: "x", reason: .text))
    }

    @Test("a printed line that looks like an elision is escaped")
    func escaping() {
        #expect(TextMatcher.escaped("...") == "\\...")
        #expect(TextMatcher.escaped("... (3)") == "\\... (3)")
        #expect(TextMatcher.escaped("\\x") == "\\\\x")
        #expect(TextMatcher.escaped("....") == "....")
    }
}

@Suite("PictureMatcher")
struct PictureMatcherTests {
    private let plain = ImageBuffer(width: 40, height: 33, fill: .white)

    @Test("noise of two levels is within four; a tile that is off is named")
    func tiles() throws {
        var noisy = plain
        for index in noisy.pixels.indices { noisy.pixels[index] -= UInt8(index % 3) }
        #expect(PictureMatcher.difference(expected: plain, found: noisy, limit: 4) == nil)
        var moved = plain
        for y in 16..<32 { for x in 32..<40 { for c in 0..<3 { moved.pixels[(y * 40 + x) * 3 + c] = 200 } } }
        #expect(
            PictureMatcher.difference(expected: plain, found: moved, limit: 4)
                == .tile(x: 2, y: 1, difference: 55, limit: 4))
    }

    @Test("another size is a difference, even the last rows and columns count")
    func edges() {
        #expect(
            PictureMatcher.difference(
                expected: plain, found: ImageBuffer(width: 33, height: 40, fill: .white), limit: 255)
                == .size(expected: "40x33", found: "33x40"))
        var corner = plain
        corner.pixels[corner.pixels.count - 1] = 0
        #expect(PictureMatcher.worstTile(plain, corner).difference == 255.0 / 24)
    }
}
