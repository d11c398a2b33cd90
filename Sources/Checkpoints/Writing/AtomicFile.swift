import Files
import Glibc
import Synchronization

/// Writing that leaves either the old file or the whole new one, also after a crash.
///
/// Bytes go to a temporary file in the same folder, which is flushed to the disk, renamed over the target, and made
/// durable by flushing the folder. What is not committed is removed.
package final class AtomicFile {
    /// Where the bytes will be found after `commit`.
    package let path: String
    private let temporaryPath: String
    private let descriptor: Int32
    private var isFinished = false

    private static let counter = Atomic<Int>(0)

    /// Writes all bytes to a path, replacing what is there.
    package static func write(_ bytes: some Collection<UInt8>, to path: String) throws(CheckpointError) {
        let file = try AtomicFile(path: path)
        try file.write(Array(bytes))
        try file.commit()
    }

    /// Writes a text as UTF-8 to a path, replacing what is there.
    package static func write(_ text: String, to path: String) throws(CheckpointError) {
        try write(text.utf8, to: path)
    }

    /// Starts a file; nothing is seen at the path before `commit`.
    package init(path: String) throws(CheckpointError) {
        let (folder, name) = Self.split(path)
        let number = Self.counter.add(1, ordering: .relaxed).newValue
        let temporaryPath = "\(folder)/.\(name).\(getpid())-\(number).partial"
        let descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .unwritable(file: path, reason: SystemReason.last) }
        self.path = path
        self.temporaryPath = temporaryPath
        self.descriptor = descriptor
    }

    deinit {
        if !isFinished { abandon() }
    }

    /// Appends bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw .unwritable(file: path, reason: SystemReason.last)
            }
        }
    }

    /// Appends the bytes of an array.
    package func write(_ bytes: [UInt8]) throws(CheckpointError) {
        try bytes.withUnsafeBufferPointer { bytes throws(CheckpointError) in try write(UnsafeRawBufferPointer(bytes)) }
    }

    /// Puts the finished file in its place; the object is of no use afterwards.
    package func commit() throws(CheckpointError) {
        guard fsync(descriptor) == 0, rename(temporaryPath, path) == 0 else {
            let reason = SystemReason.last
            abandon()
            throw .unwritable(file: path, reason: reason)
        }
        isFinished = true
        close(descriptor)
        try Self.flushFolder(Self.split(path).folder, file: path)
    }

    private func abandon() {
        isFinished = true
        close(descriptor)
        unlink(temporaryPath)
    }

    /// Makes renames in a folder durable; `file` names what an error is about.
    package static func flushFolder(_ folder: String, file: String) throws(CheckpointError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unwritable(file: file, reason: SystemReason.last) }
        defer { close(descriptor) }
        // Some file systems cannot flush a folder (EINVAL); there the rename alone has to do.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw .unwritable(file: file, reason: SystemReason.last)
        }
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
}
