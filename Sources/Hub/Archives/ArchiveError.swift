/// Why an archive was not unpacked; nothing of it is left behind.
package enum ArchiveError: Error, Equatable {
    case unreadable(archive: String, reason: String)
    case leavesFolder(archive: String, entry: String)
    case invalidName(archive: String, reason: String)
    case link(archive: String, entry: String)
    case notAFile(archive: String, entry: String)
    case repeated(archive: String, entry: String)
    case tooLarge(archive: String, limit: Int)
    case tooManyEntries(archive: String, limit: Int)
    case targetExists(folder: String)
    case unwritable(path: String, reason: String)
}

extension ArchiveError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let archive, let reason):
            "\(archive) cannot be unpacked: \(reason); if it is cut short, download it again"
        case .leavesFolder(let archive, let entry):
            "\(archive): the entry \"\(entry)\" would be written outside of the folder; do not trust this archive"
        case .invalidName(let archive, let reason): "\(archive): an entry's name \(reason)"
        case .link(let archive, let entry):
            "\(archive): the entry \"\(entry)\" is a link, which could lead outside of the folder; pack files instead"
        case .notAFile(let archive, let entry): "\(archive): the entry \"\(entry)\" is neither a file nor a folder"
        case .repeated(let archive, let entry):
            "\(archive): the entry \"\(entry)\" is there twice, or in the way of another"
        case .tooLarge(let archive, let limit):
            "\(archive) unpacks to more than \(limit) bytes; allow more if that is what you expect"
        case .tooManyEntries(let archive, let limit):
            "\(archive) holds more than \(limit) entries; allow more if that is what you expect"
        case .targetExists(let folder): "\(folder) is there already; remove it or choose another folder"
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
        }
    }
}
