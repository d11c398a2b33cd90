/// A session's pictures inside of a page.
struct PictureHTML {
    private let source: ConversionSource

    init(_ source: ConversionSource) { self.source = source }

    /// A picture of the prose; nil when it is not in a file beside the session.
    func element(_ path: String, _ alt: String) -> String? { element(path, alt: alt, width: nil) }

    /// A picture with its bytes in the page.
    func element(_ path: String, alt: String, width: Int?) -> String? {
        guard !path.contains("://"), let bytes = source.picture(path), let type = PictureType(bytes) else { return nil }
        return "<img src=\"data:\(type.rawValue);base64,\(Base64.text(bytes))\" alt=\"\(HTMLText.escaped(alt))\""
            + (width.map { " width=\"\($0)\"" } ?? "") + ">"
    }
}
