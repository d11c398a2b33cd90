/// Small numbers that are the same in every run.
struct Dice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}

/// Valid session files of every kind of piece, put together at random.
enum GeneratedSession {
    /// A file's text.
    static func text(seed: UInt64) -> String {
        var dice = Dice(state: seed)
        var text = headers.randomElement(using: &dice) ?? ""
        for number in 0..<Int.random(in: 0...8, using: &dice) {
            for _ in 0..<Int.random(in: 0...3, using: &dice) {
                text += (prose.randomElement(using: &dice) ?? "").replacing("ID", with: "c\(number)")
            }
            text += (cells.randomElement(using: &dice) ?? "").replacing("ID", with: "c\(number)")
            for _ in 0..<Int.random(in: 0...3, using: &dice) { text += outputs.randomElement(using: &dice) ?? "" }
        }
        let isCut = Bool.random(using: &dice) && text.hasSuffix("\n") && !text.hasSuffix("\r\n")
        return isCut ? String(text.dropLast()) : text
    }

    private static let headers = [
        "", "---\n---\n",
        "---\nsession: 1\ntitle: A: b\n# remark\n\nseed:   42\nmatch: tolerant rtol=1e-4 atol=0\n---\n",
        "---\r\nsession: 1\r\nassets: x.assets\r\n---\r\n",
        "--- \ntitle: 文字\n  ---\n<!-- notebook {\"colab\":{\"a\":1}} -->\n",
        "<!-- notebook {\"a\":\"-\\u002d\"} -->\n", "<!-- notebook {\"a\": 1} -->\n",
    ]

    private static let prose = [
        "# Title\n", "text 文字 `code`\n", "\n", "  \n", "```swift\nlet x = 1\n```\n", "~~~\n```nb\n~~~\n",
        "````\n```out\n````\n", "![a](b.png)\n", "trailing  \n", "- list\r\n", "\r\n", "\n\n\n", "\\\n", "## 标题 二\n",
        "![alt](y.assets/i.png \"sha256:c01d6a7f22e9 2x3\")\n", "<!-- comment -->\n",
        "<!-- cell m-ID -->\ntext\n", "<!-- cell m-ID -->\n\n\ntext\n", "<!-- cell n-ID -->\n",
        "<!-- cell r-ID {\"as\":\"raw\"} -->\n```raw\nraw\n\n```\n", "<!-- cell s-ID {\"as\":\"raw\"} -->\nraw\n",
        "<!-- cell t-ID {\"as\":\"markdown\",\"metadata\":{\"a\":\"-\\u002d\"}} -->\n````markdown\n```nb\n````\n",
        "<!-- cell u-ID {\"metadata\":{\"tags\":[\"a b\"]}} -->\ntext\n", "<!-- cell ID {\"metadata\":{\"x\":1}} -->\n",
        "````\n<!-- cell m-ID -->\n````\n", "<!-- cell m-c0 -->\n", "<!-- cell c1 -->\n", "text\r\r\n",
        "\u{2028}\u{0B}x\n",
    ]

    private static let cells = [
        "```nb\n```\n",
        "```nb id=ID tags=a,b rtol=1e-3 atol=0 timeout=5 skip-if=unset:X\nhelp\n\nx = '''\n'''\n```\n",
        "````nb id=ID\n```\n````\n", "```nb   id=ID\r\nhelp\r\n```\r\n", "```nb id=ID\n\n```\n",
        "```nb id=ID\nhelp\n```\n", "```nb id=ID tags=b\nhelp 'a\nb'\n# 注\n  ```   \n",
        "   ```nb tags=a,,b id=ID\nx\n`````\n", "``` nb id=ID\n\t``x\n```\n",
    ]

    private static let outputs = [
        "```out rc=0 state=5d0c91aa3b7e parts=a:b,c.*:d\nloss [[num 0.4 ±2%]]\n...\n```\n", "```out\n```\n",
        "\n```err\n!\n```\n", "```error ImageError\nno\n```\n", "```error\n```\n",
        "```error A B\nerror: x\r\n  next: y\n```\n",
        "![alt](x.assets/i.png \"sha256:c01d6a7f22e9 2x3 tile<=4 boxes:1\")\n", "```boxes\n1 2 3 4 coin\n```\n",
        "  \n\n```out rc=1\n\\...\n\\\\x\n\\[[dur]] [[dur]] [[1, 2]]\n\n```\n", "````out\n```\n文字\n````\n",
        "```out\n\\\\[[any]]\n\\ \r\n\u{1B}[1mx\n```\n", "![](../z.png \"sha256:C01D6A7F22E91 2x3  tile<=4.0\")\n",
        "```out\r\nwindows\r\n```\r\n", "```err\n\n\n```\n",
    ]
}
