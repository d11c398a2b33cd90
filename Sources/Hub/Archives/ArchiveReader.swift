import CArchive

/// The entries of a zip or tar archive, from front to back.
struct ArchiveReader: ~Copyable {
    /// An entry's path as the archive has it, and what it is.
    struct Entry {
        let name: String
        let kind: carchive_kind
    }

    private let reader: OpaquePointer
    private let path: String

    /// Opens an archive.
    init(path: String) throws(ArchiveError) {
        var opened: OpaquePointer?
        let status = carchive_open(path, &opened)
        guard let opened, status == CARCHIVE_OK else {
            let reason = String(cString: carchive_message(opened))
            carchive_close(opened)
            throw .unreadable(archive: path, reason: reason)
        }
        reader = opened
        self.path = path
    }

    deinit { carchive_close(reader) }

    /// The next entry, or nil at the end.
    mutating func next() throws(ArchiveError) -> Entry? {
        var name: UnsafePointer<CChar>?
        var kind = CARCHIVE_OTHER
        switch carchive_next(reader, &name, &kind) {
        case CARCHIVE_OK: break
        case CARCHIVE_END: return nil
        default: throw failure
        }
        guard let name, let text = String(validatingCString: name) else {
            throw .invalidName(archive: path, reason: "is not UTF-8; pack it again with UTF-8 names")
        }
        return Entry(name: text, kind: kind)
    }

    /// Hands the bytes of the entry on, a buffer at a time.
    mutating func readBytes(
        _ body: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            var count = 0
            switch carchive_read(reader, buffer.baseAddress, buffer.count, &count) {
            case CARCHIVE_OK: try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            case CARCHIVE_END: return
            default: throw failure
            }
        }
    }

    private var failure: ArchiveError {
        .unreadable(archive: path, reason: String(cString: carchive_message(reader)))
    }
}
