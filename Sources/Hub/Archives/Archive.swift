import CArchive
import Files
import FoundationEssentials
import Glibc

/// Unpacking of zip and tar archives that come from elsewhere.
///
/// Everything is written into a temporary folder beside the target, which takes the target's name at the end: a target is
/// there whole or not at all. Entries whose path leaves the folder, links and devices are refused, and the archive with
/// them; permissions and owners in the archive are not followed.
package struct Archive: Sendable {
    /// How much an archive may unpack to.
    package struct Limits: Sendable {
        /// Bytes of all files together.
        package var byteCount: Int
        /// Files and folders.
        package var entryCount: Int

        /// Limits that no data set of photos comes near by default, and that a hostile archive soon hits.
        package init(byteCount: Int = 64 << 30, entryCount: Int = 2_000_000) {
            self.byteCount = byteCount
            self.entryCount = entryCount
        }
    }

    /// What was unpacked.
    package struct Summary: Sendable, Equatable {
        /// The number of files.
        package var fileCount = 0
        /// Their bytes.
        package var byteCount = 0
    }

    /// The path of the archive.
    package let path: String

    /// An archive by its path.
    package init(path: String) { self.path = path }

    /// Unpacks into a folder that does not exist yet; its parent does.
    /// - Parameter progress: called with what was unpacked so far, after each file.
    @discardableResult
    package func unpack(
        into folder: String, limits: Limits = Limits(), progress: (Summary) -> Void = { _ in }
    ) throws(ArchiveError) -> Summary {
        guard !FileManager.default.fileExists(atPath: folder) else { throw .targetExists(folder: folder) }
        var reader = try ArchiveReader(path: path)
        let temporary = "\(folder).\(UUID().uuidString).partial"
        try Self.attempt(folder) {
            try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: false)
        }
        do {
            let summary = try unpack(&reader, into: temporary, limits, progress)
            try Self.attempt(folder) { try FileManager.default.moveItem(atPath: temporary, toPath: folder) }
            return summary
        } catch {
            // What went wrong first is what the user needs to hear.
            try? FileManager.default.removeItem(atPath: temporary)
            throw error
        }
    }

    private func unpack(
        _ reader: inout ArchiveReader, into folder: String, _ limits: Limits, _ progress: (Summary) -> Void
    ) throws(ArchiveError) -> Summary {
        var summary = Summary()
        var entryCount = 0
        while let entry = try reader.next() {
            entryCount += 1
            guard entryCount <= limits.entryCount else {
                throw .tooManyEntries(archive: path, limit: limits.entryCount)
            }
            let parts = try parts(of: entry)
            if entry.kind == CARCHIVE_FOLDER {
                try makeFolders(parts, in: folder, for: entry)
                continue
            }
            try makeFolders(parts.dropLast(), in: folder, for: entry)
            try writeFile("\(folder)/\(parts.joined(separator: "/"))", from: &reader, entry, limits, &summary)
            progress(summary)
        }
        return summary
    }

    /// The names on the way to an entry, none of which leads upwards.
    private func parts(of entry: ArchiveReader.Entry) throws(ArchiveError) -> [String] {
        if entry.kind == CARCHIVE_LINK { throw .link(archive: path, entry: entry.name) }
        guard entry.kind == CARCHIVE_FILE || entry.kind == CARCHIVE_FOLDER else {
            throw .notAFile(archive: path, entry: entry.name)
        }
        let parts = entry.name.split(separator: "/").filter { $0 != "." }.map(String.init)
        let staysInside =
            !entry.name.hasPrefix("/") && !parts.contains("..") && !entry.name.utf8.contains(UInt8(ascii: "\\"))
        guard staysInside else { throw .leavesFolder(archive: path, entry: entry.name) }
        guard !parts.isEmpty || entry.kind == CARCHIVE_FOLDER else {
            throw .invalidName(archive: path, reason: "is empty")
        }
        return parts
    }

    /// Makes a folder and those on the way to it, as far as they are not there.
    private func makeFolders(_ parts: some Sequence<String>, in folder: String, for entry: ArchiveReader.Entry)
        throws(ArchiveError)
    {
        var target = folder
        for part in parts {
            target += "/\(part)"
            if mkdir(target, 0o777) == 0 { continue }
            guard errno == EEXIST else { throw .unwritable(path: target, reason: SystemReason.last) }
            var status = stat()
            guard lstat(target, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw .repeated(archive: path, entry: entry.name)
            }
        }
    }

    private func writeFile(
        _ target: String, from reader: inout ArchiveReader, _ entry: ArchiveReader.Entry, _ limits: Limits,
        _ summary: inout Summary
    ) throws(ArchiveError) {
        let descriptor = open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            if errno == EEXIST { throw .repeated(archive: path, entry: entry.name) }
            throw .unwritable(path: target, reason: SystemReason.last)
        }
        defer { close(descriptor) }
        var byteCount = summary.byteCount
        try reader.readBytes { bytes throws(ArchiveError) in
            byteCount += bytes.count
            guard byteCount <= limits.byteCount else { throw .tooLarge(archive: path, limit: limits.byteCount) }
            try Self.write(bytes, to: descriptor, target)
        }
        summary.byteCount = byteCount
        summary.fileCount += 1
    }

    private static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ target: String
    ) throws(ArchiveError) {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if count > 0 {
                done += count
            } else if errno != EINTR {
                throw .unwritable(path: target, reason: SystemReason.last)
            }
        }
    }

    private static func attempt(_ folder: String, _ body: () throws -> Void) throws(ArchiveError) {
        do {
            try body()
        } catch {
            throw .unwritable(path: folder, reason: SystemReason.of(error))
        }
    }
}
