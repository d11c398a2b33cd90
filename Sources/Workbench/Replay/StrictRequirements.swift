import Console

/// What a strict replay needs to be as it was when the session was recorded.
struct StrictRequirements {
    let header: SessionHeader
    let settings: SessionSettings
    /// What decides the bits of results here.
    let deviceSignature: String
    /// The folder that the session's paths start from.
    let root: String

    /// What differs about the place: device, versions, seed. A replay that may choose turns tolerant then.
    var placeDifferences: [String] {
        var differences: [String] = []
        if let device = header[.device], device != deviceSignature {
            differences.append("recorded on device \(device), this is \(deviceSignature)")
        }
        if header[.device] == nil { differences.append("the front matter names no device") }
        for (name, version) in header.pairs(.versions) where name == "palinote" && version != Program.version {
            differences.append("recorded with palinote \(version), this is \(Program.version)")
        }
        if let seed = header.seed, seed != settings.seed {
            differences.append("recorded with seed \(seed), told to use \(settings.seed)")
        }
        return differences
    }

    /// Inputs that are not the files of the recording.
    func inputDifferences() -> [String] {
        header.pairs(.inputs).compactMap { name, expected in
            do {
                let found = try InputDigest.text(of: Paths.resolve(name, in: root))
                let digits = expected.dropFirst("sha256:".count)
                return found.hasPrefix(digits)
                    ? nil : "input \(name) is \(found.prefix(12)), recorded as \(digits.prefix(12))"
            } catch {
                return "input \(name): \(error)"
            }
        }
    }
}

/// A digest of a file, or of all files in a folder with their names.
enum InputDigest {
    /// SHA-256 in hexadecimal.
    static func text(of path: String) throws(FileError) -> String {
        guard FileAccess.isFolder(path) else { return SHA256.hexDigest(of: try FileAccess.read(path)) }
        var digest = SHA256()
        try add(path, named: "", to: &digest)
        return digest.hexDigest()
    }

    private static func add(_ folder: String, named prefix: String, to digest: inout SHA256) throws(FileError) {
        for name in try FileAccess.names(in: folder) {
            let path = Paths.join(folder, name)
            if FileAccess.isFolder(path) {
                try add(path, named: prefix + name + "/", to: &digest)
            } else {
                let file = SHA256.hexDigest(of: try FileAccess.read(path))
                digest.update(Array("\(prefix)\(name) \(file)\n".utf8))
            }
        }
    }
}
