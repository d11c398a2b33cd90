import Images
import TestSupport
import Testing
import Workbench

@testable import Shell

@Suite("PastedText")
struct PastedTextTests {
    @Test(
        "prompts and controls go, everything else stays",
        arguments: [
            ("", ""), ("seed 1", "seed 1"), ("seed 1\n", "seed 1"), ("a\r\nb\r", "a\nb"), (">>> a\n... b", "a\nb"),
            ("In [12]: a\n    ...: b", "a\nb"), ("[3]> a\n[4]> b", "a\nb"), ("[1] seed\n", "seed"), ("nb> a", "a"),
            ("  indented", "  indented"),
            ("[1, 2]", "[1, 2]"), ("x = [\n1]", "x = [\n1]"), ("a\u{1B}[31mb\u{7}", "a[31mb"), ("a\tb", "a    b"),
            ("中文\n\n\n", "中文"),
        ])
    func cleaning(text: String, expected: String) {
        #expect(PastedText.cleaned(text) == expected)
    }
}

@Suite("HistoryFile")
struct HistoryFileTests {
    @Test("inputs are kept once, newest last, and read back; blanks before keep a line out")
    func keeping() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/deep/history.jsonl"
        var history = HistoryFile(path: path)
        for input in ["a", "b\n中", "a", " secret", "", "b\n中"] { try history.add(input) }
        #expect(history.entries == ["a", "b\n中"])
        #expect(HistoryFile(path: path).entries == ["a", "b\n中"])
    }

    @Test("lines that cannot be read are passed over")
    func damaged() throws {
        let folder = try ScratchFolder()
        try folder.write("{\"input\":\"a\"}\nnonsense\n{\"other\":1}\n{\"input\":\"b\"}".utf8, to: "h")
        #expect(HistoryFile(path: folder.path + "/h").entries == ["a", "b"])
    }
}

@Suite("Pictures in a terminal")
struct PictureTests {
    @Test(
        "the way is chosen by the environment",
        arguments: [
            ([:], .off), (["TERM": "dumb"], .off), (["TERM": "linux"], .off), (["TERM": "xterm-kitty"], .kitty),
            (["TERM": "xterm-ghostty"], .kitty),
            (["TERM": "xterm-256color"], .blocks), (["TERM": "xterm-256color", "NO_COLOR": "1"], .off),
            (["TERM": "xterm-256color", "NO_COLOR": ""], .blocks),
            (["TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"], .iterm),
            (["TERM": "screen-256color", "TMUX": "x", "KITTY_WINDOW_ID": "1"], .blocks),
            (["TERM": "xterm", "COLORTERM": "truecolor"], .blocks),
        ] as [([String: String], PictureProtocol)])
    func detection(environment: [String: String], expected: PictureProtocol) {
        #expect(PictureProtocol.detected(in: environment) == expected)
    }
}

@Suite("TerminalPicture")
struct TerminalPictureTests {
    private let image: ImageBuffer = {
        var image = ImageBuffer(width: 4, height: 4, fill: .white)
        for index in 0..<4 * 2 * 3 { image.pixels[index] = 0 }
        return image
    }()

    @Test("half-blocks show two rows of pixels in one line")
    func blocks() {
        let text = TerminalPicture.text(image, png: [], with: .blocks, columns: 3)
        let line = String(repeating: "\u{1B}[38;2;0;0;0;48;2;255;255;255m▀", count: 2) + "\u{1B}[0m\n"
        #expect(text == line)
    }

    @Test("kitty gets pieces of at most 4096 characters, iTerm2 one piece, and off nothing")
    func protocols() {
        let png = [UInt8](repeating: 7, count: 5000)
        let kitty = TerminalPicture.text(image, png: png, with: .kitty, columns: 80) ?? ""
        #expect(kitty.hasPrefix("\u{1B}_Ga=T,f=100,m=1;"))
        #expect(kitty.split(separator: "\u{1B}_G").count == 2)
        #expect(kitty.hasSuffix("\u{1B}\\\n"))
        #expect(
            TerminalPicture.text(image, png: [7], with: .iterm, columns: 80)
                == "\u{1B}]1337;File=inline=1;size=1:Bw==\u{7}\n")
        #expect(TerminalPicture.text(image, png: png, with: .off, columns: 80) == nil)
    }
}
