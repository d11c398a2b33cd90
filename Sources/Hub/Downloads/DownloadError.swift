/// Why something was not downloaded.
package enum DownloadError: Error, Equatable, CustomStringConvertible {
    /// An address that is none, or not allowed.
    case address(url: String, reason: String)
    /// libcurl is not there.
    case unavailable(reason: String)
    /// The server could not be reached, or the transfer ended before its time.
    case transfer(url: String, reason: String)
    /// The server's answer is an error.
    case status(url: String, code: Int)
    /// The answer is of another kind than was asked for.
    case contentType(url: String, found: String, expected: [String])
    /// The answer is larger than allowed.
    case tooLarge(url: String, limit: Int)
    /// The file could not be written.
    case unwritable(file: String, reason: String)
    /// The user stopped it.
    case stopped(url: String)

    package var description: String {
        switch self {
        case .address(let url, let reason): "\(url): \(reason)"
        case .unavailable(let reason): "downloads need libcurl (Debian: apt-get install libcurl4): \(reason)"
        case .transfer(let url, let reason): "\(url): \(reason)"
        case .status(let url, let code): "\(url): the server answers \(code)\(Self.words(code))"
        case .contentType(let url, let found, let expected):
            "\(url): it is \(found), expected \(expected.joined(separator: " or ")); does the address lead to a page?"
        case .tooLarge(let url, let limit): "\(url): it is larger than \(limit >> 20) MiB, the most that is taken"
        case .unwritable(let file, let reason): "\(file): \(reason)"
        case .stopped(let url): "\(url): the download was stopped"
        }
    }

    /// What a status means, and what to do.
    private static func words(_ code: Int) -> String {
        switch code {
        case 401, 403: ": it wants somebody who is allowed; download it yourself and name the file"
        case 404, 410: ": there is nothing at this address"
        case 429: ": too many requests; wait a while"
        case 500...: ": the fault is the server's; try again later"
        default: ""
        }
    }
}
