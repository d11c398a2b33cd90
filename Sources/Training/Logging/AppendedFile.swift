import Files
import FoundationEssentials
import Glibc

/// A file that grows at its end, each piece handed to the system at once.
final class AppendedFile {
    let path: String
    private let descriptor: Int32

    /// Opens a file for appending, with its folders.
    ///
    /// - Parameter content: what it holds from now on; nil to leave what is there.
    init(path: String, replacingBy content: [UInt8]? = nil) throws(TrainingError) {
        do {
            try FileManager.default.createDirectory(
                atPath: FilePath.folder(of: path), withIntermediateDirectories: true)
        } catch {
            throw .log(file: path, reason: SystemReason.of(error))
        }
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (content == nil ? 0 : O_TRUNC)
        descriptor = open(path, flags, 0o666)
        self.path = path
        guard descriptor >= 0 else { throw .log(file: path, reason: SystemReason.last) }
        if let content { try append(content) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    func append(_ bytes: [UInt8]) throws(TrainingError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw .log(file: path, reason: SystemReason.last)
            }
        }
    }

    /// Lets everything that was appended be on disk.
    func flush() throws(TrainingError) {
        guard fsync(descriptor) == 0 else { throw .log(file: path, reason: SystemReason.last) }
    }

    func append(_ text: String) throws(TrainingError) { try append(Array(text.utf8)) }
}
