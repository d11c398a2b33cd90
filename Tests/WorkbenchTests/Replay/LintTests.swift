import Foundation
import Hub
import TestSupport
import Testing

@testable import Workbench

@Suite("lint")
struct LintTests {
    private func findings(_ text: String, secrets: SecretStore = SecretStore()) throws -> [LintFinding] {
        let folder = try ScratchFolder()
        return SessionLinter(path: "t", text: text, wholePath: folder.path + "/t.session.md", secrets: secrets)
            .findings()
    }

    @Test(
        "each mistake is found with its line",
        arguments: [
            ("an unknown key", "---\nsseed: 1\n---\n", 2, "did you mean seed?"),
            ("an unknown word", "```nb idd=a\n```\n", 1, "did you mean id?"),
            ("a repeated id", "```nb id=a\n```\n```nb id=a\n```\n", 3, "line 1; give one of them another"),
            ("a block without end", "text\n```nb id=a\nhelp\n", 2, "never closed"),
            ("an output without cell", "```out\nx\n```\n", 1, "no cell in front"),
            ("a mask in a command", "```nb\nseed [[any]]\n```\n", 2, "where nothing is masked"),
            ("a mask for no line", "```nb\n```\n```out rc=0\na\n... (0)\n```\n", 5, "stands for no line"),
            (
                "two masks for one place", "```nb\n```\n```out rc=0\na b c d [[any]][[any]]\n```\n", 4,
                "nothing left to cover"
            ),
            (
                "a tolerance without numbers", "```nb rtol=0.1\n```\n```out rc=0\n12\n```\n", 1,
                "rtol of this cell meets no number"
            ),
            ("a wide tolerance", "```nb rtol=0.9\n```\n```out rc=0\n1.5\n```\n", 1, "off by 90%"),
            ("a wide rule", "```nb\n```\n```out rc=0\nx [[num 0.5 ±80%]]\n```\n", 4, "nearly any number"),
            ("a wide bound", "```nb\n```\n```out rc=0\nx [[num 0.9 >= 0.01]]\n```\n", 4, "nearly any number"),
            ("a broken rule", "```nb\n```\n```out rc=0\nx [[num 0.5 >= 0.8]]\n```\n", 4, "breaks its own rule >= 0.8"),
            ("a mask over all", "```nb\n```\n```out rc=0\n[[any]]\n```\n", 3, "cover 100%"),
            ("lines left out", "```nb\n```\n```out rc=0\na\n... (4)\n```\n", 3, "cover 80%"),
            ("a picture without digest", "```nb\n```\n```out rc=0\n```\n\n![a](b.png)\n", 6, "has no digest"),
            ("a picture of the session without digest", "text\n![a](t.assets/b.png)\n", 2, "has no digest"),
            (
                "a lost picture", "```nb\n```\n```out rc=0\n```\n![a](b.png \"sha256:0123456789ab 2x3\")\n", 5,
                "cannot read"
            ),
            ("a cell without output", "```nb\n```\n```nb\n```\n```out rc=0\n```\n", 1, "no recorded output"),
            ("a token", "text\nhf_abcdefghijklmnopqrstuvwxyz\n", 2, "[[secret HF_TOKEN]]"),
            ("a key of Amazon", "AKIAIOSFODNN7EXAMPLE\n", 1, "[[secret AWS_ACCESS_KEY_ID]]"),
            ("a token of GitHub", "a ghp_abcdefghijklmnopqrstuvwxyz0123456789\n", 1, "[[secret GITHUB_TOKEN]]"),
            ("a long key", "api_key=0123456789abcdef0123\n", 1, "[[secret API_KEY]]"),
        ] as [(String, String, Int, String)])
    func mistakes(name: String, text: String, line: Int, message: String) throws {
        let found = try findings(text)
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.line == line)
        #expect(found.first?.message.contains(message) == true, "\(found)")
    }

    @Test(
        "what is right is not complained about",
        arguments: [
            "", "# Title\n![a](figures/b.png)\n", "```nb\nhelp\n```\n",
            "```nb rtol=1e-3\n```\n```out rc=0\nloss 2.50 in [[dur]]\n...\nloaded [[any]]\n```\n",
            "```nb\n```\n```out rc=0\n[[num 0.93 >= 0.80]] [[num 0.42 ±10%]] [[num >= 0.8]]\n```\n",
            "~~~\n```nb idd=3\n~~~\n", "```nb\nsecret list\nx = '[[secret HF_TOKEN]]'\n```\n",
        ])
    func clean(text: String) throws { #expect(try findings(text).isEmpty) }

    @Test("all mistakes of a file are found, in the order of the lines")
    func several() throws {
        let found = try findings("---\nx: 1\nseed: a\n---\n```nb id=a b=c\n```\n```out rc=x\n[[num ±1%]]\n```\n```nb\n")
        #expect(found.map(\.line) == [2, 3, 5, 7, 8, 10])
    }

    @Test("known values are found, in one line or over several")
    func knownSecrets() throws {
        var secrets = SecretStore()
        try secrets.set("PLACE", to: "geheim 1234")
        let found = try findings("text\nsee geheim%201234\n", secrets: secrets)
        #expect(found.map(\.line) == [2])
        #expect(found.first?.message.contains("geheim") == false)
        try secrets.set("LINES", to: "first\nlast")
        #expect(try findings("first\nlast\n", secrets: secrets).map(\.line) == [nil])
    }

    @Test("a recorded picture that is other, has text inside, or is shown by no cell is found; the code is 1")
    func pictures() throws {
        let folder = try RecordedFolder()
        #expect(try folder.run("lint", "t.session.md").code == 0)
        let path = folder.folder.path + "/t.assets/look-1.png"
        let bytes = try FileAccess.read(path)
        try FileAccess.write(bytes.addingText("made by me"), to: path)
        try folder.change("boxes:5", to: "boxes:4")
        try FileAccess.write(bytes, to: folder.folder.path + "/t.assets/old.png")
        let run = try folder.run("lint", "t.session.md")
        #expect(run.code == 1)
        #expect(run.output.contains("holds more than pixels (tEXt)"))
        #expect(run.output.contains("the title says boxes:4, 5 boxes listed"))
        #expect(run.output.contains("no cell shows t.assets/old.png"))
        #expect(run.output.hasSuffix("3 findings  t.session.md\n"))
        let other = try RecordedFolder()
        let digest = try #require(other.text.firstRange(of: "\"sha256:"))
        let digits = try other.text[digest.upperBound...].prefix(12)
        try other.change("sha256:\(digits)", to: "sha256:000000000000")
        #expect(try other.run("lint", "t.session.md").output.contains("the title says 000000000000"))
        #expect(try other.run("lint", "none.session.md").code == 3)
        #expect(try other.run("lint").code == 2)
    }
}

extension [UInt8] {
    /// A PNG file with a text behind its header.
    func addingText(_ text: String) -> [UInt8] {
        let content = Array("tEXtComment\0".utf8) + Array(text.utf8)
        let length = content.count - 4
        let chunk = [0, 0, UInt8(length >> 8), UInt8(length & 255)] + content + Self.checksum(content)
        return self[..<33] + chunk + self[33...]
    }

    /// CRC-32 as PNG counts it.
    private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        sum = ~sum
        return (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32($0))) }
    }
}
