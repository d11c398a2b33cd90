import Glibc

/// Why a file or folder could not be used.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was tried.
    package enum Operation: String, Sendable {
        /// Reading.
        case read
        /// Writing.
        case write
        /// Making a folder.
        case makeFolder = "make the folder"
        /// Listing a folder.
        case list
        /// Removing.
        case remove
    }

    /// What was tried.
    package var operation: Operation
    /// The path.
    package var path: String
    /// The system's reason, or ours.
    package var reason: String

    /// One sentence.
    package var description: String { "\(path): cannot \(operation.rawValue): \(reason)" }
}

/// Reading and writing whole files.
package enum FileAccess {
    /// Files longer than this are refused, so that no mistyped path fills the memory.
    package static let largestFile = 1 << 30

    /// The bytes of a file.
    package static func read(_ path: String) throws(FileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError(.read, path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw systemError(.read, path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(operation: .read, path: path, reason: "it is no file")
        }
        guard status.st_size <= largestFile else {
            throw FileError(operation: .read, path: path, reason: "it is larger than 1 GiB")
        }
        return try readAll(descriptor, path)
    }

    /// The text of a file, which must be UTF-8.
    package static func readText(_ path: String) throws(FileError) -> String {
        let bytes = try read(path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw FileError(operation: .read, path: path, reason: "it is not UTF-8 text")
        }
        return text
    }

    /// Writes a whole file or nothing: a new file beside it takes its place once it is on disk.
    /// - Parameter mode: permissions of the new file.
    package static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws(FileError) {
        let temporary = path + ".part-\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw systemError(.write, path) }
        let failure = writeAll(bytes, descriptor) ?? (fsync(descriptor) == 0 ? nil : errno)
        close(descriptor)
        if let failure {
            unlink(temporary)
            throw FileError(operation: .write, path: path, reason: reason(failure))
        }
        guard rename(temporary, path) == 0 else {
            let error = systemError(.write, path)
            unlink(temporary)
            throw error
        }
    }

    /// Adds bytes at the end of a file, made if it is not there.
    package static func append(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws(FileError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw systemError(.write, path) }
        defer { close(descriptor) }
        if let failure = writeAll(bytes, descriptor) {
            throw FileError(operation: .write, path: path, reason: reason(failure))
        }
    }

    /// Whether something is at the path.
    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Removes a file; a file that is not there is no error.
    package static func remove(_ path: String) throws(FileError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw systemError(.remove, path) }
    }

    /// Removes a folder with everything in it; links in it are removed, not followed. One that is not there is no error.
    package static func removeFolder(_ path: String) throws(FileError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else { return try remove(path) }
        for name in try names(in: path) { try removeFolder(Paths.join(path, name)) }
        guard rmdir(path) == 0 || errno == ENOENT else { throw systemError(.remove, path) }
    }

    /// Bytes free for this user where a path is, or the nearest folder above it; nil where the system does not say.
    package static func freeBytes(near path: String) -> Int? {
        var place = path
        var status = statvfs()
        while statvfs(place, &status) != 0 {
            let parent = Paths.folder(of: place)
            if parent == place || place == "." { return nil }
            place = parent
        }
        return Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    }

    /// Lets names that were made or changed in a folder be on disk; a file system that cannot do that is no error.
    static func syncFolder(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// Makes a folder and those above it.
    package static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(FileError) {
        if path.isEmpty || isFolder(path) { return }
        if mkdir(path, mode) == 0 || (errno == EEXIST && isFolder(path)) { return }
        let parent = Paths.folder(of: path)
        guard errno == ENOENT, parent != path else { throw systemError(.makeFolder, path) }
        try makeFolder(parent, mode: mode)
        guard mkdir(path, mode) == 0 || isFolder(path) else { throw systemError(.makeFolder, path) }
    }

    /// Whether the path is a folder.
    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a folder in order, without `.` and `..`.
    package static func names(in folder: String) throws(FileError) -> [String] {
        guard let stream = opendir(folder) else { throw systemError(.list, folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

extension FileAccess {
    private static func readAll(_ descriptor: Int32, _ path: String) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw systemError(.read, path)
            }
            guard bytes.count + count <= largestFile else {
                throw FileError(operation: .read, path: path, reason: "it is larger than 1 GiB")
            }
            bytes += buffer[..<count]
        }
    }

    /// Writes everything; returns the system's error, or nil.
    static func writeAll(_ bytes: [UInt8], _ descriptor: Int32) -> Int32? {
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            offset += count
        }
        return nil
    }

    static func systemError(_ operation: FileError.Operation, _ path: String) -> FileError {
        FileError(operation: operation, path: path, reason: reason(errno))
    }

    static func reason(_ code: Int32) -> String { String(cString: strerror(code)).lowercased() }
}

/// Paths as text.
package enum Paths {
    /// A path seen from a folder: absolute ones stay, `~/` is the home.
    package static func resolve(_ path: String, in folder: String, home: String? = nil) -> String {
        if path.hasPrefix("/") { return path }
        if path == "~" || path.hasPrefix("~/"), let home { return home + path.dropFirst(1) }
        return folder.isEmpty || folder == "." ? path : join(folder, path)
    }

    /// A folder and a path in it, without `./` between.
    package static func join(_ folder: String, _ path: String) -> String {
        var rest = path
        while rest.hasPrefix("./") { rest.removeFirst(2) }
        if rest == "." || rest.isEmpty { return folder }
        return folder.hasSuffix("/") ? folder + rest : folder + "/" + rest
    }

    /// A path without `.` and `..` in it, as far as its words tell.
    package static func normalized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." {
                parts.removeLast()
            } else if part != ".." || !path.hasPrefix("/") {
                parts.append(part)
            }
        }
        let joined = parts.joined(separator: "/")
        return path.hasPrefix("/") ? "/" + joined : joined.isEmpty ? "." : joined
    }

    /// What stands before the last slash; `.` when there is none.
    package static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// What stands behind the last slash.
    package static func name(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return path }
        return String(path[path.index(after: slash)...])
    }
}
