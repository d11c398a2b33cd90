import Checkpoints
import FoundationEssentials
import Glibc

/// The folders of a run's checkpoints: `checkpoint-N`, and the names they have while they are written, replaced or removed.
enum CheckpointFolders {
    static let prefix = "checkpoint-"
    /// The ending while a folder is written.
    static let partial = ".partial"
    /// The ending of a whole folder that another one takes the place of.
    static let replaced = ".replaced"
    /// The ending while a folder is deleted.
    static let removed = ".removed"

    /// The whole checkpoints, oldest first; one that was about to be replaced counts until the new one is there.
    static func all(under folder: String) -> [(step: Int, folder: String)] {
        var found: [Int: String] = [:]
        for name in names(under: folder) {
            if let step = Int(name.dropFirst(prefix.count)) {
                found[step] = name
            } else if name.hasSuffix(replaced), let step = Int(name.dropFirst(prefix.count).dropLast(replaced.count)) {
                found[step] = found[step] ?? name
            }
        }
        return found.sorted { $0.key < $1.key }.map { ($0.key, "\(folder)/\($0.value)") }
    }

    /// Clears up after a program that was killed: halves go, and what was about to be replaced gets its name back.
    static func tidy(under folder: String) {
        let files = FileManager.default
        for name in names(under: folder) {
            let path = "\(folder)/\(name)"
            if name.hasSuffix(partial) || name.hasSuffix(removed) {
                try? files.removeItem(atPath: path)
            } else if name.hasSuffix(replaced), rename(path, String(path.dropLast(replaced.count))) != 0 {
                // The new one is there.
                try? files.removeItem(atPath: path)
            }
        }
    }

    /// Gives a finished folder its name; a whole one that has the name is kept under another until then.
    static func place(_ folder: String, at target: String) throws(CheckpointError) {
        let old = target + replaced
        let isReplacing = rename(target, old) == 0
        guard rename(folder, target) == 0 else {
            let reason = String(cString: strerror(errno))
            if isReplacing { rename(old, target) }
            throw .unwritable(file: target, reason: reason)
        }
        if isReplacing { try? FileManager.default.removeItem(atPath: old) }
    }

    /// Deletes a checkpoint; false if it is still there.
    static func remove(_ folder: String) -> Bool {
        guard rename(folder, folder + removed) == 0 else { return false }
        return (try? FileManager.default.removeItem(atPath: folder + removed)) != nil
    }

    private static func names(under folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasPrefix(prefix) }
    }
}
