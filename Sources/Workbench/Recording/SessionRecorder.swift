import Console
import Hub

/// Writes a session file while its cells are run.
///
/// After each cell the whole file is on disk, or the file of before: a new one takes its place when it is complete.
package final class SessionRecorder {
    /// The session file.
    package let path: String
    private var file: SessionFile
    private var state: StateDigest?
    private let assetsBefore: AssetFolder
    private let trackedStateBefore: Bool

    /// Begins a recording: pictures go beside the file from now on.
    /// - Throws: `RecordingError.exists` when there is a file already.
    package init(path: String, title: String, session: Session) throws {
        guard !FileAccess.exists(path) else { throw RecordingError.exists(path) }
        self.path = path
        let name = Paths.name(of: path)
        let stem = SessionPlace.stem(of: name)
        file = SessionFile(
            header: SessionHeader(
                Self.header(
                    of: session, settings: session.settings, path: path, title: title, assets: stem + ".assets")))
        file.elements = [.prose(["# \(session.secrets.redact(title))", ""])]
        assetsBefore = session.surroundings.assets
        trackedStateBefore = session.tracksState
        session.tracksState = true
        session.surroundings.assets = AssetFolder(
            path: Paths.join(Paths.folder(of: path), stem + ".assets"), shownAs: stem + ".assets")
        try write(file, hiding: session)
    }

    /// How many cells are in the file.
    package var cellCount: Int { file.cells.count }

    /// Adds a finished cell.
    func add(_ result: CellResult, of session: Session) throws {
        var cell = SessionCell(id: result.cell.id, source: result.cell.source)
        cell.outputs = RecordedOutputs(session.surroundings).blocks(result, stateBefore: state)
        var next = file
        next.elements += [.cell(cell), .prose([""])]
        try write(next, hiding: session)
        file = next
        state = result.state
    }

    /// Ends the recording: pictures go where they went before.
    func finish(_ session: Session) {
        session.surroundings.assets = assetsBefore
        session.tracksState = trackedStateBefore
    }

    private func write(_ file: SessionFile, hiding session: Session) throws {
        try SessionPlace.write(file, to: path, secrets: session.secrets)
    }

    /// The front matter of a file whose cells are those of a session.
    static func header(
        of session: Session, settings: SessionSettings, path: String, title: String, assets: String
    ) -> [(SessionHeader.Key, String)] {
        let title = session.secrets.redact(title)
        let root = SessionPlace.relativeRoot(from: Paths.folder(of: path), to: session.surroundings.folder)
        return [
            (.session, "1"), (.title, title), (.seed, String(settings.seed)),
            (.device, settings.deviceSignature(session.surroundings.gpus)), (.versions, Program.versions),
            (.assets, assets),
        ] + (root.map { [(.root, $0)] } ?? [])
    }
}

/// Why a session cannot be recorded.
package enum RecordingError: Error, Equatable, CustomStringConvertible {
    /// There is a file already.
    case exists(String)
    /// Nothing is being recorded.
    case notRecording
    /// Something is being recorded already.
    case alreadyRecording(String)
    /// The bytes to be written hold a secret's value.
    case holdsSecret(file: String)
    /// The file's name holds a secret's value; the name here does not.
    case nameHoldsSecret(file: String)

    /// One sentence.
    package var description: String {
        switch self {
        case .exists(let path): "\(path) exists already; choose another name or remove it first"
        case .notRecording: "nothing is being recorded; begin with record FILE"
        case .alreadyRecording(let path): "\(path) is being recorded already; end it with record off"
        case .holdsSecret(let file):
            "\(file) is not written: a secret's value stands in it; take it out of the text first"
        case .nameHoldsSecret(let file):
            "\(file) is not written: a secret's value stands in its name; choose another name"
        }
    }
}

/// Where a session file's things are.
package enum SessionPlace {
    /// The name without `.session.md`.
    static func stem(of name: String) -> String {
        for ending in [".session.md", ".md"] where name.hasSuffix(ending) && name.count > ending.count {
            return String(name.dropLast(ending.count))
        }
        return name
    }

    /// Writes a session file whole; refuses bytes that hold a secret.
    static func write(_ file: SessionFile, to path: String, secrets: SecretStore) throws {
        try write(Array(file.text.utf8), to: path, secrets: secrets)
    }

    /// Writes a file of a recording whole; refuses bytes, and a name, that hold a secret.
    static func write(_ bytes: [UInt8], to path: String, secrets: SecretStore) throws {
        let name = Paths.name(of: path)
        guard secrets.redact(name) == name else { throw RecordingError.nameHoldsSecret(file: secrets.redact(name)) }
        // Compressed pixels may look like anything; what else is in a picture is looked at.
        let isPicture = name.hasSuffix(".png")
        let texts = isPicture ? PNGChunks.metadata(of: bytes).map(\.content) : [bytes[...]]
        for text in texts.map({ String(decoding: $0, as: UTF8.self) }) where secrets.redact(text) != text {
            throw RecordingError.holdsSecret(file: path)
        }
        try FileAccess.makeFolder(Paths.folder(of: path))
        try FileAccess.write(bytes, to: path)
    }

    /// The way from a file's folder to the folder that commands start from; nil when they are one.
    ///
    /// It is written with `..` where the file lies below that folder, and whole elsewhere.
    static func relativeRoot(from fileFolder: String, to root: String) -> String? {
        let folder = fileFolder.hasPrefix("/") ? fileFolder : Paths.join(root, fileFolder)
        if folder == root { return nil }
        guard folder.hasPrefix(root + "/") else { return root }
        let depth = folder.dropFirst(root.count).split(separator: "/").count
        return Array(repeating: "..", count: depth).joined(separator: "/")
    }
}
