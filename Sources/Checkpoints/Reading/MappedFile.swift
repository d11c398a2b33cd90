import Files
import Glibc

/// A file whose bytes appear in memory and are read from the disk when they are first looked at.
///
/// Replacing the file by renaming another over it, as `AtomicFile` does, leaves a mapping as it was.
package final class MappedFile: Sendable {
    /// What is going to happen to a range of the file.
    package enum Advice: Sendable {
        /// It is read soon: start reading it from the disk.
        case willNeed
        /// It is not read again: its memory may be had back.
        case dontNeed
    }

    /// The path it was opened with.
    package let path: String
    // Proof for `nonisolated(unsafe)`: the pages are read-only, and live until `deinit`.
    nonisolated(unsafe) private let start: UnsafeMutableRawPointer
    /// The length of the file.
    package let byteCount: Int

    /// Maps a file of at least one byte.
    package init(path: String) throws(CheckpointError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(file: path, reason: SystemReason.last) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(file: path, reason: SystemReason.last) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable(file: path, reason: "it is not a file") }
        guard status.st_size > 0 else { throw .empty(file: path) }
        let mapping = mmap(nil, status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let mapping, mapping != MAP_FAILED else { throw .unreadable(file: path, reason: SystemReason.last) }
        self.path = path
        start = mapping
        byteCount = status.st_size
    }

    deinit { munmap(start, byteCount) }

    /// Lends the bytes of the whole file for the time of a call.
    package func withBytes<R, E>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(bytes)
    }

    /// The bytes of the whole file, valid as long as this object lives, which the caller sees to.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: byteCount) }

    /// Tells the system what is going to happen to a range of the file; what lies outside the file is ignored.
    package func advise(_ advice: Advice, _ range: Range<Int>) {
        let range = range.clamped(to: 0..<byteCount)
        guard !range.isEmpty else { return }
        let page = sysconf(Int32(_SC_PAGESIZE))
        let lower = range.lowerBound / page * page
        let value: Int32 =
            switch advice {
            case .willNeed: MADV_WILLNEED
            case .dontNeed: MADV_DONTNEED
            }
        // Advice that the system refuses changes no byte, so its answer does not matter.
        _ = madvise(start + lower, range.upperBound - lower, value)
    }
}
