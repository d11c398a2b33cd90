import Foundation
import TestSupport
import Testing

@testable import Hub

/// Whether libcurl is here.
private let hasCurl = (try? Downloader(DownloadRoute(userAgent: "test", environment: [:]), DownloadLimits())) != nil

@Suite("Downloading", .enabled(if: hasCurl, "libcurl4 is not installed"))
struct DownloaderTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    private func download(
        _ url: String, _ limits: DownloadLimits = DownloadLimits(), shouldStop: () -> Bool = { false }
    ) throws -> Download {
        let route = DownloadRoute(userAgent: "palinote/test", environment: [:])
        return try Downloader(route, limits).download(url, to: "\(scratch.path)/file", shouldStop: shouldStop)
    }

    /// The sentence of a download that must fail, and leave no file behind.
    private func error(
        _ url: String, _ limits: DownloadLimits = DownloadLimits(), shouldStop: () -> Bool = { false }
    ) throws -> String {
        let error = #expect(throws: DownloadError.self) { try download(url, limits, shouldStop: shouldStop) }
        #expect(try scratch.names().isEmpty)
        return error.map { "\($0)" } ?? ""
    }

    @Test("bytes come as they are, over redirects; the server learns who asks, and no more")
    func whole() throws {
        let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let server = try LocalServer { path in
            switch path {
            case "/a.png": .ok("image/png", body)
            case "/empty": .ok("image/png", [])
            default: .redirect("/a.png")
            }
        }
        defer { server.stop() }
        let found = try download(server.url("/moved"), .pictures)
        #expect(found.byteCount == body.count && found.contentType == "image/png")
        #expect(try Data(contentsOf: URL(fileURLWithPath: found.path)) == Data(body))
        #expect(try scratch.names() == ["file"])
        #expect(server.requests.count == 2)
        let head = try #require(server.requests.last)
        #expect(head.hasPrefix("GET /a.png HTTP/1.1\r\n") && head.contains("User-Agent: palinote/test\r\n"))
        #expect(!head.contains("Cookie") && !head.contains("Authorization") && !head.contains("Referer"))
        #expect(try download(server.url("/empty")).byteCount == 0)
    }

    @Test("statuses, types, sizes, redirects without end, other protocols and cut answers are refused by name")
    func refusals() throws {
        let server = try LocalServer { path in
            switch path {
            case "/page": .ok("text/html; charset=utf-8", Array("<html>".utf8))
            case "/large": .ok("image/png", Array(repeating: 1, count: 5000))
            case "/endless":
                LocalServer.Answer(
                    head: "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n", body: Array(repeating: 1, count: 1000),
                    repeats: 100_000)
            case "/cut": .ok("image/png", [1, 2, 3], length: 400)
            case "/loop": .redirect("/loop")
            case "/local": .redirect("file:///etc/passwd")
            case "/broken": LocalServer.Answer(head: "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n")
            default:
                LocalServer.Answer(head: "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n", body: Array("none".utf8))
            }
        }
        defer { server.stop() }
        var small = DownloadLimits.pictures
        small.byteCount = 4000
        for (path, limits, words) in [
            ("/none", small, "answers 404: there is nothing"), ("/broken", small, "answers 503: the fault is"),
            ("/page", small, "it is text/html; charset=utf-8, expected image/"), ("/large", small, "is larger than"),
            ("/endless", small, "is larger than"), ("/cut", small, "ended it too early"),
            ("/loop", small, "redirected more than 5 times"), ("/local", small, "another protocol"),
        ] {
            let text = try error(server.url(path), limits)
            #expect(text.contains(words) && text.hasPrefix(server.url(path)), "\(path): \(text)")
        }
        #expect(
            server.requests.count { $0.hasPrefix("GET /loop ") } == 6, "no more requests than redirects are allowed")
    }

    @Test("silence ends a download, and so does the user, at once")
    func time() throws {
        let server = try LocalServer { path in
            LocalServer.Answer(
                head: "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n", body: [1], repeats: 1000,
                pause: path == "/silent" ? 60 : 0.05)
        }
        defer { server.stop() }
        var limits = DownloadLimits()
        limits.total = .milliseconds(400)
        let start = ContinuousClock.now
        #expect(try error(server.url("/silent"), limits).contains("takes too long"))
        var asked = 0
        let stopped = try error(server.url("/drops")) {
            asked += 1
            return asked > 3
        }
        #expect(stopped.contains("was stopped"))
        #expect(ContinuousClock.now - start < .seconds(30), "both end long before the server does")
    }

    @Test("a port where nobody listens, hosts that are none, and addresses that are none")
    func nowhere() throws {
        let server = try LocalServer { _ in .redirect("/") }
        server.stop()
        Thread.sleep(forTimeInterval: 0.2)
        #expect(try error(server.url("/")).contains("127.0.0.1"))
        #expect(try error("http://nowhere.invalid/a.png").contains("no host nowhere.invalid"))
        for (text, words) in [
            ("ftp://host/a", "only http:// and https://"), ("file:///etc/passwd", "only http:// and https://"),
            ("http://", "names no host"), ("http://a b/", "space"), ("https://me:secret@host/a", "password"),
            ("https://host/ä", "letter"),
        ] {
            #expect(try error(text).contains(words), "\(text)")
        }
        var secure = DownloadLimits()
        secure.allowsPlainHTTP = false
        #expect(try error("http://host/a", secure).contains("only https://"))
    }

    @Test("names of files, and proxies by protocol and host")
    func routes() throws {
        for (text, name) in [
            ("http://host/a/b.jpg?size=3#x", "b.jpg"), ("https://host", "host"), ("https://host/", "host"),
            ("http://host:80/x%20y.png", "x%20y.png"),
        ] {
            #expect(try DownloadURL(text).fileName == name)
        }
        let route = DownloadRoute(
            userAgent: "",
            environment: [
                "http_proxy": "http://p:1", "HTTPS_PROXY": "http://q:2", "no_proxy": "localhost, .inside.org",
                "SSL_CERT_FILE": "/certificates",
            ])
        #expect(route.certificates == "/certificates")
        for (text, proxy) in [
            ("http://far.org/a", "http://p:1"), ("https://far.org/a", "http://q:2"), ("http://localhost:8000/", ""),
            ("https://a.inside.org/", ""), ("https://inside.org/", ""), ("https://notinside.org/", "http://q:2"),
        ] {
            #expect(try route.proxy(for: DownloadURL(text)) == proxy, "\(text)")
        }
        #expect(DownloadRoute(userAgent: "", environment: [:]).httpProxy == nil)
    }
}
