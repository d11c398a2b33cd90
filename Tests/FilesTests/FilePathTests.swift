import Files
import Testing

@Suite("paths as text")
struct FilePathTests {
    @Test(
        "dots, doubled slashes and a slash at the end go",
        arguments: [
            ("samples/cards/", "samples/cards"), ("./a//b/.", "a/b"), ("a/b/../c", "a/c"), ("/a/../../b", "/b"),
            ("../a", "../a"), ("../../a", "../../a"), ("a/..", "."), ("", "."), (".", "."), ("/", "/"), ("/..", "/"),
        ])
    func standardized(path: String, expected: String) {
        #expect(FilePath.standardized(path) == expected)
    }

    @Test(
        "a path lies in a folder",
        arguments: [("a/b", "a"), ("/a", "/"), ("a", "."), ("/a/b/c", "/a/b"), ("", "."), ("a/", "a")])
    func folder(path: String, expected: String) {
        #expect(FilePath.folder(of: path) == expected)
    }
}
