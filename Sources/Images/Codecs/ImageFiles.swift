import Glibc

/// Reads a regular file of bounded size.
func readImageFile(_ path: String) throws(ImageError) -> [UInt8] {
    var facts = stat()
    guard stat(path, &facts) == 0 else {
        if errno == ENOENT || errno == ENOTDIR { throw .missing(file: path) }
        throw .unreadable(file: path, reason: systemReason())
    }
    // Looked at before opening: opening a pipe would wait for a writer.
    switch facts.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .notAFile(file: path, found: "a folder")
    default: throw .notAFile(file: path, found: "a device or a pipe")
    }
    let byteCount = Int(facts.st_size)
    guard byteCount > 0 else { throw .empty(file: path) }
    guard byteCount <= ImageLimits.byteCount else {
        throw .tooManyBytes(file: path, byteCount: byteCount, limit: ImageLimits.byteCount)
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .unreadable(file: path, reason: systemReason()) }
    defer { close(descriptor) }
    return try readAll(descriptor, atMost: byteCount, path: path)
}

/// Writes bytes beside `path` under a name of its own, then renames that file to `path`.
func writeImageFile(_ bytes: [UInt8], to path: String) throws(ImageError) {
    let (descriptor, temporaryPath) = try makeTemporaryFile(beside: path)
    let writing = writeAll(descriptor, bytes)
    let closed = close(descriptor) == 0
    guard writing, closed, rename(temporaryPath, path) == 0 else {
        let reason = systemReason()
        unlink(temporaryPath)
        throw .unwritable(file: path, reason: reason)
    }
}

private func readAll(_ descriptor: Int32, atMost byteCount: Int, path: String) throws(ImageError) -> [UInt8] {
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, filled in
        while filled < byteCount, let start = buffer.baseAddress {
            let step = read(descriptor, start + filled, byteCount - filled)
            if step < 0, errno == EINTR { continue }
            failed = step < 0
            if step <= 0 { break }
            filled += step
        }
    }
    if failed { throw .unreadable(file: path, reason: systemReason()) }
    return bytes
}

private func makeTemporaryFile(beside path: String) throws(ImageError) -> (descriptor: Int32, path: String) {
    for attempt in 0..<1000 {
        let temporaryPath = "\(path).\(getpid())-\(attempt).part"
        let descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        if descriptor >= 0 { return (descriptor, temporaryPath) }
        if errno != EEXIST { break }
    }
    throw .unwritable(file: path, reason: systemReason())
}

private func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { raw in
        var rest = raw[...]
        while !rest.isEmpty {
            let step = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if step < 0, errno == EINTR { continue }
            if step <= 0 { return false }
            rest = rest.dropFirst(step)
        }
        return true
    }
}

private func systemReason() -> String {
    String(cString: strerror(errno))
}
