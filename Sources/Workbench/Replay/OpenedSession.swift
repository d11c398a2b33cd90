import Console
import Hub

/// A session file that was read, and where its things are.
struct OpenedSession {
    /// The file as the user named it.
    let path: String
    /// The file's contents.
    var file: SessionFile
    /// The folder the file is in, whole.
    let folder: String
    /// The folder its commands start from, whole.
    let root: String

    /// Makes a session of a file that was read.
    init(path: String, file: SessionFile, folder: String, root: String) {
        self.path = path
        self.file = file
        self.folder = folder
        self.root = root
    }

    /// Reads a session file.
    init(_ path: String, _ surroundings: ProcessSurroundings) throws {
        self.path = path
        let whole = Paths.resolve(path, in: surroundings.folder, home: surroundings.home)
        file = try SessionFile(parsing: try FileAccess.readText(whole), file: path)
        folder = Paths.folder(of: whole)
        root = Paths.normalized(Paths.resolve(file.header[.root] ?? ".", in: folder))
    }

    /// The file's name without folder and ending.
    var stem: String { SessionPlace.stem(of: Paths.name(of: path)) }

    /// How the file names the folder of its pictures.
    var assetsName: String { file.header[.assets] ?? stem + ".assets" }

    /// The folder of its pictures, whole.
    var assetsFolder: String { Paths.resolve(assetsName, in: folder) }

    /// The session's cells with the names they run under: their ids, else their numbers.
    var cells: [(cell: SessionCell, id: String)] {
        file.cells.enumerated().map { ($1, $1.attributes.id ?? String($0 + 1)) }
    }

    /// What the session needs and is not there.
    func missingRequirements(_ secrets: SecretStore, environment: [String: String]) -> [String] {
        (file.header[.requires] ?? "").split(separator: " ").compactMap { word in
            let name = String(word.drop { $0 != ":" }.dropFirst())
            if word.hasPrefix("secret:") {
                return secrets.contains(name)
                    ? nil : "the secret \(name) (secret set \(name), or set it in the environment)"
            }
            return environment[name] == nil ? "the environment variable \(name)" : nil
        }
    }

    /// Whether a cell is to be left out here.
    func isSkipped(_ cell: SessionCell, environment: [String: String]) -> Bool {
        switch cell.attributes.skipCondition {
        case .missing(let path): !FileAccess.exists(Paths.resolve(path, in: root))
        case .unset(let name): environment[name] == nil
        case nil: false
        }
    }

    /// The settings the session was recorded with, where the user did not say otherwise.
    func settings(_ options: GlobalOptions) -> SessionSettings {
        var settings = options.settings
        if !options.$seed, let seed = file.header.seed { settings.seed = seed }
        if !options.$device, let device = file.header[.device].flatMap(DeviceChoice.init(signature:)) {
            settings.device = device
        }
        return settings
    }
}
