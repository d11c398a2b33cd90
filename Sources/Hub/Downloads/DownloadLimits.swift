/// How long and far a download may go.
package struct DownloadLimits: Sendable, Equatable {
    /// The most bytes that are taken.
    package var byteCount = 64 << 20
    /// The most redirects that are followed.
    package var redirectCount = 5
    /// The most time to reach the server.
    package var connecting = Duration.seconds(10)
    /// The most time for all of it.
    package var total = Duration.seconds(120)
    /// The most time without a byte, in whole seconds.
    package var stalledSeconds = 20
    /// Beginnings of the content types that are taken; empty for any. An answer that states none is taken.
    package var contentTypes: [String] = []
    /// Whether plain HTTP is allowed beside HTTPS.
    package var allowsPlainHTTP = true

    /// The defaults.
    package init() {}

    /// Pictures.
    package static var pictures: DownloadLimits {
        var limits = DownloadLimits()
        limits.contentTypes = ["image/", "application/octet-stream", "binary/octet-stream"]
        return limits
    }
}

/// How the network is reached.
package struct DownloadRoute: Sendable, Equatable {
    /// What the program calls itself.
    package var userAgent: String
    /// The proxies of HTTP and HTTPS, as URLs; nil for none.
    package var httpProxy: String?
    package var httpsProxy: String?
    /// Hosts that are reached without a proxy: their names, or the ends of them.
    package var direct: [String] = []
    /// A file of certificates to trust, in place of the system's.
    package var certificates: String?

    /// The route that environment variables describe, in the words of curl.
    package init(userAgent: String, environment: [String: String]) {
        func value(_ names: String...) -> String? { names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } }
        self.userAgent = userAgent
        httpProxy = value("http_proxy", "all_proxy", "ALL_PROXY")
        httpsProxy = value("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        direct = (value("no_proxy", "NO_PROXY") ?? "").split(whereSeparator: { $0 == "," || $0 == " " })
            .map { $0.lowercased() }
        certificates = value("CURL_CA_BUNDLE", "SSL_CERT_FILE")
    }

    /// The proxy for a URL; an empty text for none.
    func proxy(for url: DownloadURL) -> String {
        let isDirect = direct.contains { name in
            let bare = name.hasPrefix(".") ? String(name.dropFirst()) : name
            return name == "*" || url.host == bare || url.host.hasSuffix("." + bare)
        }
        return isDirect ? "" : (url.isSecure ? httpsProxy : httpProxy) ?? ""
    }
}
