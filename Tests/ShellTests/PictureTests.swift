import Images
import TestSupport
import Testing
import Workbench

@testable import Shell

@Suite("Pictures in a terminal")
struct PictureTests {
    @Test(
        "the way is chosen by the environment",
        arguments: [
            ([:], .off), (["TERM": "dumb"], .off), (["TERM": "linux"], .off), (["TERM": "xterm"], .off),
            (["TERM": "xterm-kitty"], .kitty), (["TERM": "xterm-kitty", "NO_COLOR": "1"], .off),
            (["TERM": "xterm-ghostty"], .kitty), (["TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"], .kitty),
            (["TERM": "xterm-256color", "KONSOLE_VERSION": "230804"], .kitty),
            (["TERM": "xterm-256color", "KONSOLE_VERSION": "211200", "COLORTERM": "truecolor"], .blocks),
            (["TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"], .iterm),
            (["TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"], .iterm),
            (["TERM": "xterm-256color", "TERM_PROGRAM": "vscode"], .iterm),
            (["TERM": "foot"], .sixel), (["TERM": "foot-extra"], .sixel), (["TERM": "mlterm"], .sixel),
            (["TERM": "xterm-256color", "MLTERM": "3.9.3"], .sixel),
            (["TERM": "xterm-256color"], .coarseBlocks), (["TERM": "xterm-256color", "NO_COLOR": ""], .coarseBlocks),
            (["TERM": "xterm-256color", "NO_COLOR": "1"], .off),
            (["TERM": "tmux-256color", "TMUX": "x", "KITTY_WINDOW_ID": "1"], .blocks),
            (["TERM": "screen-256color", "TERM_PROGRAM": "iTerm.app"], .coarseBlocks),
            (["TERM": "xterm", "COLORTERM": "truecolor"], .blocks),
        ] as [([String: String], PictureProtocol)])
    func detection(environment: [String: String], expected: PictureProtocol) {
        #expect(SessionSettings.Pictures.auto.way(in: environment) == expected)
    }

    @Test(
        "a way that was set is taken, with the colors that the terminal has",
        arguments: [
            (.kitty, .kitty), (.iterm, .iterm), (.sixel, .sixel), (.blocks, .coarseBlocks), (.off, .off),
        ] as [(SessionSettings.Pictures, PictureProtocol)])
    func choice(pictures: SessionSettings.Pictures, expected: PictureProtocol) {
        #expect(pictures.way(in: ["TERM": "xterm"]) == expected)
    }

    @Test(
        "base64 as in RFC 4648, section 10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(text: String, expected: String) {
        #expect(Base64.text(Array(text.utf8)) == expected)
    }

    @Test(
        "the nearest of xterm's colors, from its table 256colres.h",
        arguments: [
            (SIMD3(0, 0, 0), 16), (SIMD3(255, 255, 255), 231), (SIMD3(255, 0, 0), 196), (SIMD3(95, 135, 175), 67),
            (SIMD3(128, 128, 128), 244), (SIMD3(9, 8, 8), 232), (SIMD3(238, 238, 239), 255),
        ] as [(SIMD3<UInt8>, Int)])
    func xterm(color: SIMD3<UInt8>, expected: Int) {
        #expect(XtermColor.nearest(color) == expected)
    }
}

@Suite("TerminalPicture")
struct TerminalPictureTests {
    private let image: ImageBuffer = {
        var image = ImageBuffer(width: 4, height: 4, fill: .white)
        for index in 0..<4 * 2 * 3 { image.pixels[index] = 0 }
        return image
    }()

    @Test("half-blocks show two rows of pixels in one line, in the colors there are")
    func blocks() {
        let text = TerminalPicture.text(image, png: [], with: .blocks, columns: 3)
        #expect(text == String(repeating: "\u{1B}[38;2;0;0;0;48;2;255;255;255m▀", count: 2) + "\u{1B}[0m\n")
        let coarse = TerminalPicture.text(image, png: [], with: .coarseBlocks, columns: 3)
        #expect(coarse == String(repeating: "\u{1B}[38;5;16;48;5;231m▀", count: 2) + "\u{1B}[0m\n")
    }

    @Test("kitty gets pieces of at most 4096 characters, iTerm2 one piece, and off nothing")
    func protocols() {
        let png = [UInt8](repeating: 7, count: 5000)
        let kitty = TerminalPicture.text(image, png: png, with: .kitty, columns: 80) ?? ""
        #expect(kitty.hasPrefix("\u{1B}_Ga=T,f=100,q=2,m=1;"))
        #expect(kitty.split(separator: "\u{1B}_G").count == 2)
        #expect(kitty.hasSuffix("\u{1B}\\\n"))
        #expect(
            TerminalPicture.text(image, png: [7], with: .iterm, columns: 80)
                == "\u{1B}]1337;File=inline=1;size=1:Bw==\u{7}\n")
        #expect(TerminalPicture.text(image, png: png, with: .off, columns: 80) == nil)
    }

    @Test("a picture wider than the window is fitted to it")
    func wide() {
        let wide = ImageBuffer(width: 1000, height: 10, fill: .white)
        #expect(TerminalPicture.text(wide, png: [7], with: .kitty, columns: 80)?.contains(",c=80,") == true)
        #expect(TerminalPicture.text(wide, png: [7], with: .iterm, columns: 80)?.contains(";width=80:") == true)
        #expect(TerminalPicture.text(wide, png: [], with: .sixel, columns: 80)?.contains("\"1;1;640;6#") == true)
    }
}

@Suite("Sixels")
struct SixelTests {
    /// A smooth picture of far more than 256 colors.
    private let photo: ImageBuffer = {
        var image = ImageBuffer(width: 120, height: 83, fill: .white)
        for y in 0..<image.height {
            for x in 0..<image.width {
                let at = (y * image.width + x) * 3
                image.pixels[at] = UInt8(2 * x)
                image.pixels[at + 1] = UInt8(3 * y)
                image.pixels[at + 2] = UInt8((x + y) / 2 + 100 * (x / 60))
            }
        }
        return image
    }()

    @Test("a picture of few colors comes back, but for the rounding of colors to percents")
    func fewColors() throws {
        var image = ImageBuffer(width: 7, height: 13, fill: .white)
        for index in image.pixels.indices where index % 11 < 5 { image.pixels[index] = UInt8(index % 251) }
        let decoded = try DecodedSixels(Sixels.text(image))
        #expect(decoded.width == 7 && decoded.height == 13)
        // Half a percent of 255, and half a level of rounding back.
        #expect(zip(decoded.pixels, image.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 2 })
    }

    @Test("a picture of many colors comes back near, in 256 of them")
    func manyColors() throws {
        let decoded = try DecodedSixels(Sixels.text(photo))
        #expect(decoded.colorCount == 256)
        let errors = zip(decoded.pixels, photo.pixels).map { abs(Int($0) - Int($1)) }
        #expect(Double(errors.reduce(0, +)) / Double(errors.count) < 6)
        #expect(errors.max() ?? 0 < 40)
    }

    @Test("the same picture gives the same bytes, in letters that a terminal takes")
    func determinism() {
        let text = Sixels.text(photo)
        #expect(text == Sixels.text(photo))
        #expect(text.hasPrefix("\u{1B}P0;1;0q\"1;1;120;83#0;2;"))
        #expect(text.hasSuffix("-\u{1B}\\"))
        #expect(text.unicodeScalars.dropFirst().dropLast(2).allSatisfy { $0.value >= 0x20 && $0.value < 0x7F })
    }
}

/// A reader of sixels, written from the VT330/VT340 manual: what a terminal would show.
private struct DecodedSixels {
    private(set) var width = 0
    private(set) var height = 0
    private(set) var pixels: [UInt8] = []
    private(set) var colorCount = 0

    struct Malformed: Error {}

    init(_ text: String) throws {
        var bytes = Array(text.utf8)[...]
        let start = Array("\u{1B}P0;1;0q\"".utf8)
        guard bytes.starts(with: start), bytes.suffix(2).elementsEqual("\u{1B}\\".utf8) else { throw Malformed() }
        bytes = bytes.dropFirst(start.count).dropLast(2)
        let raster = Self.numbers(&bytes)
        guard raster.count == 4 else { throw Malformed() }
        (width, height) = (raster[2], raster[3])
        pixels = [UInt8](repeating: 0, count: 3 * width * height)
        var isDrawn = [Bool](repeating: false, count: width * height)
        var colors: [Int: [UInt8]] = [:]
        var (color, x, top, count) = (0, 0, 0, 1)
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "#"):
                let values = Self.numbers(&bytes)
                color = values[0]
                if values.count == 5 { colors[color] = values[2...].map { UInt8(($0 * 255 + 50) / 100) } }
            case UInt8(ascii: "!"): count = Self.numbers(&bytes)[0]
            case UInt8(ascii: "$"): x = 0
            case UInt8(ascii: "-"): (x, top) = (0, top + 6)
            case 63...126:
                guard let channels = colors[color], x + count <= width else { throw Malformed() }
                for column in x..<x + count {
                    for bit in 0..<6 where (Int(byte) - 63) >> bit & 1 == 1 {
                        let place = (top + bit) * width + column
                        guard top + bit < height, !isDrawn[place] else { throw Malformed() }
                        isDrawn[place] = true
                        pixels.replaceSubrange(3 * place..<3 * place + 3, with: channels)
                    }
                }
                (x, count) = (x + count, 1)
            default: throw Malformed()
            }
        }
        guard isDrawn.allSatisfy({ $0 }) else { throw Malformed() }
        colorCount = colors.count
    }

    private static func numbers(_ bytes: inout ArraySlice<UInt8>) -> [Int] {
        var numbers = [0]
        while let byte = bytes.first, byte == UInt8(ascii: ";") || (48...57).contains(byte) {
            if byte == UInt8(ascii: ";") { numbers.append(0) } else { numbers[numbers.count - 1] *= 10 }
            if byte != UInt8(ascii: ";") { numbers[numbers.count - 1] += Int(byte) - 48 }
            bytes.removeFirst()
        }
        return numbers
    }
}
