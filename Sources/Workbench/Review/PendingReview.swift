import Console
import Hub

/// What a replay found to be different and nobody has judged yet: `FILE.new` and its pictures, beside the file.
struct PendingReview {
    /// A cell whose outputs are others now.
    struct Change {
        /// The cell's place in the file, counted from 0.
        let place: Int
        /// The name it runs under.
        let id: String
        /// The cell as recorded.
        let old: SessionCell
        /// The cell with what it said in the replay.
        let new: SessionCell
    }

    /// The session file.
    private(set) var opened: OpenedSession
    /// The file as it was when the session was replayed.
    private(set) var replayed: SessionFile
    private let secrets: SecretStore

    /// Reads the file and what waits beside it.
    /// - Returns: nil when nothing waits.
    init?(_ path: String, _ surroundings: ProcessSurroundings, _ secrets: SecretStore) throws {
        opened = try OpenedSession(path, surroundings)
        self.secrets = secrets
        guard FileAccess.exists(opened.newPath) else { return nil }
        replayed = try SessionFile(parsing: try FileAccess.readText(opened.newPath), file: path + ".new")
        let pairs = zip(opened.file.cells, replayed.cells)
        let isSame = pairs.allSatisfy { $0.attributes.id == $1.attributes.id && $0.sourceText == $1.sourceText }
        guard isSame, opened.file.cells.count == replayed.cells.count else { throw ReviewError.outdated(file: path) }
    }

    /// The cells that are still to be judged, in order.
    var changes: [Change] {
        zip(opened.cells, replayed.cells).enumerated().compactMap { place, pair in
            let (entry, now) = pair
            let updated = entry.cell.updated(with: now.outputs.filter { !$0.isBlank })
            guard updated.outputs != entry.cell.outputs else { return nil }
            return Change(place: place, id: entry.id, old: entry.cell, new: updated)
        }
    }

    /// What is said of a replay in another place than that of the recording; nil when it was the same.
    var placeRemark: String? {
        let keys: [SessionHeader.Key] = [.device, .versions]
        let differing = keys.filter { opened.file.header[$0] != replayed.header[$0] }
        guard !differing.isEmpty else { return nil }
        let place = differing.compactMap { replayed.header[$0] }.joined(separator: ", ")
        return """
            the replay ran on another \(differing.map { $0 == .device ? "device" : "version" }.joined(separator: " and ")) \
            (\(place)); states that are accepted are those of there, so record the file anew before replaying it strictly
            """
    }

    /// The pictures that wait.
    var pictures: PendingPictures { PendingPictures(opened, secrets) }

    /// Takes a change into the file, and its pictures into the file's folder.
    mutating func accept(_ change: Change) throws {
        try pictures.accept(change)
        var file = opened.file
        file.replaceCell(change.place, with: change.new)
        try SessionPlace.write(file, to: opened.wholePath, secrets: secrets)
        opened.file = file
        try pictures.removeUnused(of: change.old)
        try finishIfDone()
    }

    /// Forgets a change: the file keeps what is recorded.
    mutating func reject(_ change: Change) throws {
        replayed.replaceCell(change.place, with: change.old)
        try SessionPlace.write(replayed, to: opened.newPath, secrets: secrets)
        try pictures.reject(change)
        try finishIfDone()
    }

    /// Removes what waited when nothing is left of it.
    func finishIfDone() throws {
        guard changes.isEmpty else { return }
        try opened.removePending()
    }
}

extension OpenedSession {
    /// The file itself, whole.
    var wholePath: String { Paths.join(folder, Paths.name(of: path)) }

    /// The session as a replay found it, whole.
    var newPath: String { wholePath + ".new" }

    /// The folder of that session's pictures, whole.
    var newAssetsFolder: String { assetsFolder + ".new" }

    /// Removes what a replay left beside the file.
    func removePending() throws(FileError) {
        try FileAccess.removeFolder(newAssetsFolder)
        try FileAccess.remove(newPath)
    }
}

/// Why differences cannot be judged.
enum ReviewError: Error, Equatable, CustomStringConvertible {
    /// The file's cells are not those that were replayed.
    case outdated(file: String)
    /// A picture that the replay made is gone, or is another one.
    case pictureGone(path: String)
    /// Nothing is accepted where no person looks.
    case continuousIntegration

    /// One sentence.
    var description: String {
        switch self {
        case .outdated(let file): "\(file) was changed since its replay; run palinote replay \(file) again"
        case .pictureGone(let path): "the picture \(path) of the replay is not there any more; replay the file again"
        case .continuousIntegration:
            "CI is set, and nothing is accepted in continuous integration; look at the differences on your own machine"
        }
    }

    /// Throws where the environment says that no person looks.
    static func check(_ environment: [String: String]) throws(ReviewError) {
        if !(environment["CI"] ?? "").isEmpty { throw .continuousIntegration }
    }
}
