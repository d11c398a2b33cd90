import Testing

@testable import Console

@Suite("Aliases")
struct AliasesTests {
    private let aliases = Aliases(["t": "train --steps 2", "tt": "t --fast", "a": "b", "b": "a x", "名": "seed"])

    @Test(
        "the first word of each command is written out, and nothing else",
        arguments: [
            ("t", "train --steps 2"), ("t --lr 1 # t", "train --steps 2 --lr 1 # t"), ("tt", "train --steps 2 --fast"),
            ("seed t", "seed t"), ("'t'", "'t'"), ("t = 3", "t = 3"),
            ("x = [1,\n2]\n  t\nt", "x = [1,\n2]\n  train --steps 2\ntrain --steps 2"),
            ("t \\\n  --lr 1", "train --steps 2 \\\n  --lr 1"), ("a", "a x"), ("名 5", "seed 5"),
            ("t 'open", "t 'open"), ("", ""),
            ("t\r\nt", "train --steps 2\ntrain --steps 2"),
        ])
    func expansion(source: String, expected: String) {
        #expect(aliases.expanded(source) == expected)
    }
}
