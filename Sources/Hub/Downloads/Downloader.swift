import CTransfer
import Glibc

/// Something that was downloaded.
package struct Download: Sendable, Equatable {
    /// Where it lies.
    package let path: String
    package let byteCount: Int
    /// As the server states it; empty where it does not.
    package let contentType: String
}

/// Downloads one address after another by libcurl: a single connection, no more tries than one, within limits.
package struct Downloader {
    private let library: OpaquePointer
    private let route: DownloadRoute
    private let limits: DownloadLimits

    /// Opens libcurl.
    ///
    /// - Throws: `DownloadError.unavailable` where it is not there.
    package init(_ route: DownloadRoute, _ limits: DownloadLimits) throws(DownloadError) {
        var reason = [CChar](repeating: 0, count: 256)
        guard let library = ctransfer_open(&reason, reason.count) else {
            throw .unavailable(
                reason: String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        (self.library, self.route, self.limits) = (library, route, limits)
    }

    /// Writes what lies at an address to a file, which is there whole or not at all.
    ///
    /// - Parameter shouldStop: is asked as the bytes come.
    package func download(
        _ text: String, to path: String, shouldStop: () -> Bool = { false }
    ) throws(DownloadError) -> Download {
        let url = try DownloadURL(text)
        guard limits.allowsPlainHTTP || url.isSecure else { throw .address(url: text, reason: "only https:// is read") }
        let partial = path + ".partial"
        let file = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .unwritable(file: partial, reason: Self.systemWords) }
        var isPlaced = false
        defer {
            close(file)
            if !isPlaced { unlink(partial) }
        }
        let writing = Writing(file: file, limits: limits)
        let answer = withoutActuallyEscaping(shouldStop) { shouldStop in
            writing.shouldStop = shouldStop
            defer { writing.shouldStop = nil }
            return read(url, writing)
        }
        try check(answer, writing, url)
        guard rename(partial, path) == 0 else { throw .unwritable(file: path, reason: Self.systemWords) }
        isPlaced = true
        return Download(path: path, byteCount: writing.byteCount, contentType: Self.text(answer.content_type))
    }

    /// Where the bytes of a transfer go.
    private final class Writing {
        let file: Int32
        let limits: DownloadLimits
        var byteCount = 0
        var shouldStop: (() -> Bool)?
        var failure: Failure?

        enum Failure {
            case contentType(String)
            case unwritable(String)
        }

        init(file: Int32, limits: DownloadLimits) { (self.file, self.limits) = (file, limits) }

        /// Takes a piece; false ends the transfer.
        func take(_ bytes: UnsafeRawBufferPointer, of type: String) -> Bool {
            let isExpected =
                limits.contentTypes.isEmpty || type.isEmpty
                || limits.contentTypes.contains { type.lowercased().hasPrefix($0) }
            guard isExpected else {
                failure = .contentType(type)
                return false
            }
            var rest = bytes
            while !rest.isEmpty {
                let written = write(file, rest.baseAddress, rest.count)
                if written < 0, errno == EINTR { continue }
                guard written > 0 else {
                    failure = .unwritable(Downloader.systemWords)
                    return false
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
            byteCount += bytes.count
            return true
        }
    }

    private func read(_ url: DownloadURL, _ writing: Writing) -> ctransfer_answer {
        url.text.withCString { address in
            route.userAgent.withCString { agent in
                route.proxy(for: url).withCString { proxy in
                    let certificates = route.certificates.map { strdup($0) } ?? nil
                    defer { free(certificates) }
                    var request = ctransfer_request()
                    (request.url, request.user_agent, request.proxy) = (address, agent, proxy)
                    request.certificates = certificates.map { UnsafePointer($0) }
                    request.allows_plain = limits.allowsPlainHTTP
                    request.most_redirects = limits.redirectCount
                    request.connect_milliseconds = limits.connecting.milliseconds
                    request.total_milliseconds = limits.total.milliseconds
                    request.stalled_seconds = limits.stalledSeconds
                    request.most_bytes = Int64(limits.byteCount)
                    return ctransfer_read(
                        library, &request,
                        { context, answer, bytes, count in
                            guard let context, let answer else { return false }
                            let writing = Unmanaged<Writing>.fromOpaque(context).takeUnretainedValue()
                            return writing.take(
                                UnsafeRawBufferPointer(start: bytes, count: count),
                                of: Downloader.text(answer.pointee.content_type))
                        },
                        { context in
                            guard let context else { return false }
                            return Unmanaged<Writing>.fromOpaque(context).takeUnretainedValue().shouldStop?() != true
                        }, Unmanaged.passUnretained(writing).toOpaque())
                }
            }
        }
    }

    private func check(
        _ answer: ctransfer_answer, _ writing: Writing, _ url: DownloadURL
    ) throws(DownloadError) {
        let place = url.text
        switch writing.failure {
        case .contentType(let found): throw .contentType(url: place, found: found, expected: limits.contentTypes)
        case .unwritable(let reason): throw .unwritable(file: "the download", reason: reason)
        case nil: break
        }
        let words = Self.text(answer.message)
        switch answer.end {
        case CTRANSFER_DONE:
            guard (200..<300).contains(answer.status) else { throw .status(url: place, code: answer.status) }
        case CTRANSFER_STOPPED: throw .stopped(url: place)
        case CTRANSFER_TOO_LARGE: throw .tooLarge(url: place, limit: limits.byteCount)
        case CTRANSFER_BAD_ADDRESS: throw .address(url: place, reason: "it is no address that libcurl understands")
        case CTRANSFER_REFUSED_PROTOCOL:
            throw .transfer(
                url: place, reason: "it leads to another protocol than https\(url.isSecure ? "" : " and http")")
        case CTRANSFER_TOO_MANY_REDIRECTS:
            throw .transfer(url: place, reason: "it is redirected more than \(limits.redirectCount) times")
        case CTRANSFER_NO_HOST: throw .transfer(url: place, reason: "there is no host \(url.host), or no network")
        case CTRANSFER_NO_CONNECTION: throw .transfer(url: place, reason: "\(url.host) does not answer (\(words))")
        case CTRANSFER_NOT_TRUSTED:
            throw .transfer(
                url: place, reason: "the certificate of \(url.host) is not trusted; install ca-certificates (\(words))")
        case CTRANSFER_TOO_SLOW: throw .transfer(url: place, reason: "it takes too long (\(words))")
        case CTRANSFER_CUT: throw .transfer(url: place, reason: "the server ended it too early (\(words))")
        default: throw .transfer(url: place, reason: words.isEmpty ? "libcurl gave up" : words)
        }
    }

    /// The text of a fixed array of C characters.
    private static func text<Characters>(_ characters: Characters) -> String {
        withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    fileprivate static var systemWords: String { String(cString: strerror(errno)).lowercased() }
}

extension Duration {
    fileprivate var milliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(clamping: seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}
