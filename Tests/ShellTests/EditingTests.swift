import Glibc
import TestSupport
import Testing

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

    @Test("two shells add to one file, and a repeat takes nothing away")
    func twoShells() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/h"
        var first = HistoryFile(path: path)
        var second = HistoryFile(path: path)
        try first.add("a")
        try second.add("b")
        try first.add("c")
        try first.add("a")
        #expect(HistoryFile(path: path).entries == ["b", "c", "a"])
    }

    @Test("a file that others may read is made private; inputs can be taken out")
    func privacy() throws {
        let folder = try ScratchFolder()
        let path = try folder.write("{\"input\":\"keep\"}\n{\"input\":\"drop me\"}\n".utf8, to: "h")
        #expect(chmod(path, 0o644) == 0)
        var history = HistoryFile(path: path)
        try history.add("new")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        try history.remove { $0.contains("drop") }
        #expect(HistoryFile(path: path).entries == ["keep", "new"])
    }

    @Test(
        "inputs that set a secret's value are known by their words",
        arguments: [
            ("secret set A value", true), ("seed 1\nsecret  set A value", true), ("alias s = secret set A value", true),
            ("alias s = 'secret set A v", true), ("secret set A", false), ("secret set A --from-env B", false),
            ("secret list", false), ("set secret A b", false),
        ])
    func secretInputs(input: String, expected: Bool) {
        #expect(HistoryFile.setsSecret(input) == expected)
    }

    @Test("lines that cannot be read are passed over")
    func damaged() throws {
        let folder = try ScratchFolder()
        try folder.write("{\"input\":\"a\"}\nnonsense\n{\"other\":1}\n{\"input\":\"b\"}".utf8, to: "h")
        #expect(HistoryFile(path: folder.path + "/h").entries == ["a", "b"])
    }
}
