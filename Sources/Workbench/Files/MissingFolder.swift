import Console

/// A folder that a command was told to read and that is not there; it knows the folders beside it that are spelled alike.
struct MissingFolder: CommandFault, FailureConvertible {
    /// The path as it was typed.
    let typed: String
    private let near: [String]

    /// Looks beside the place where the folder would be.
    init(typed: String, resolved: String) {
        self.typed = typed
        let neighbours = (try? FileAccess.entries(in: Paths.folder(of: resolved))) ?? []
        let names = neighbours.filter(\.isFolder).map(\.name).sorted()
        let folder = typed.contains("/") ? Paths.folder(of: typed) : nil
        near = Suggestions.nearest(to: Paths.name(of: resolved), among: names)
            .map { name in folder.map { Paths.join($0, name) } ?? name }
    }

    var faultyWord: String { typed }

    var failure: Failure {
        let found = typed.isEmpty ? "a folder needs a name" : "there is no folder \(typed)"
        return Failure(code: "NoFolder", message: Text(found), suggestions: near)
    }
}

extension CommandContext {
    /// Where the path of a folder leads that must be there; `samples/…` may be the program's own.
    func existingFolder(_ path: Path) throws(MissingFolder) -> String {
        let resolved = resolveSample(path)
        guard FileAccess.isFolder(resolved) else { throw MissingFolder(typed: path.text, resolved: resolved) }
        return resolved
    }
}
