import Glibc

/// A new folder for files of one run, removed with what is in it.
struct TemporaryFolder {
    /// Where it is.
    let path: String

    /// Makes a folder below `TMPDIR`, or `/tmp`.
    init(_ environment: [String: String]) throws(FileError) {
        let parent = environment["TMPDIR"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
        var template = Array(Paths.join(parent, "palinote-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw FileError(operation: .makeFolder, path: parent, reason: String(cString: strerror(errno)).lowercased())
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes the folder and its files; one that somebody else removed already is fine.
    func remove() {
        for name in (try? FileAccess.names(in: path)) ?? [] { unlink(Paths.join(path, name)) }
        rmdir(path)
    }
}
