import Console
import Images

/// A picture in a session file: `![alt](folder/name.png "sha256:c01d6a7f22e9 224x224 tile<=4 boxes:3")`.
package struct PictureReference: Sendable, Equatable {
    /// What the picture shows.
    package var alt: String
    /// The file, relative to the session file.
    package var path: String
    /// The first digits of the SHA-256 over the decoded pixels.
    package var digest: String
    /// Pixels across.
    package var width: Int
    /// Pixels down.
    package var height: Int
    /// How far a 16x16 tile's mean may be off in a tolerant replay, in levels of 0 to 255.
    package var tileLimit = PictureReference.standardTileLimit
    /// How many boxes are listed behind the picture.
    package var boxCount: Int?

    /// The tile limit of a picture that says none.
    package static let standardTileLimit = 4.0

    /// Makes the reference of a picture that was just saved.
    package init(_ image: ImageOutput) {
        alt = image.alt.replacing("[", with: "(").replacing("]", with: ")").replacing("\n", with: " ")
        path = image.path
        digest = image.shortDigest
        width = image.width
        height = image.height
        boxCount = image.boxes.isEmpty ? nil : image.boxes.count
    }

    /// Makes the reference of a picture that is not of a command.
    init(_ image: ImageBuffer, path: String, alt: String) {
        self.init(
            ImageOutput(
                path: path, width: image.width, height: image.height, digest: image.pixelDigest, alt: alt))
    }

    /// Reads a Markdown line; nil when it is no picture with a digest, and so belongs to the prose.
    init?(markdown line: String) throws(InfoProblem) {
        let text = line.trimmed
        guard text.hasPrefix("!["), text.hasSuffix(")"), let bracket = text.firstRange(of: "](") else { return nil }
        alt = String(text[text.index(text.startIndex, offsetBy: 2)..<bracket.lowerBound])
        let inside = text[bracket.upperBound...].dropLast()
        guard let quote = inside.firstRange(of: " \"sha256:"), inside.hasSuffix("\"") else { return nil }
        path = String(inside[..<quote.lowerBound])
        digest = ""
        width = 0
        height = 0
        try read(title: "sha256:" + inside[quote.upperBound...].dropLast())
    }

    /// The Markdown line.
    package var markdown: String {
        var words = ["sha256:\(digest)", "\(width)x\(height)"]
        words.append("tile<=\(NumberStyle.shortest.text(tileLimit).withoutTrailingZero)")
        if let boxCount { words.append("boxes:\(boxCount)") }
        return "![\(alt)](\(path) \"\(words.joined(separator: " "))\")"
    }

    private mutating func read(title: String) throws(InfoProblem) {
        for word in title.split(separator: " ") {
            if word.hasPrefix("sha256:") {
                digest = String(word.dropFirst(7))
            } else if word.hasPrefix("tile<="), let limit = Double(word.dropFirst(6)), limit >= 0 {
                tileLimit = limit
            } else if word.hasPrefix("boxes:"), let count = Int(word.dropFirst(6)) {
                boxCount = count
            } else {
                let sides = word.split(separator: "x", omittingEmptySubsequences: false).compactMap { Int($0) }
                guard sides.count == 2 else { throw InfoProblem(problem: .badPicture("\"\(word)\" is unknown")) }
                (width, height) = (sides[0], sides[1])
            }
        }
        guard digest.count >= 12, digest.allSatisfy(\.isHexDigit) else {
            throw InfoProblem(problem: .badPicture("the digest is not there"))
        }
        guard width > 0, height > 0 else { throw InfoProblem(problem: .badPicture("the size is not there")) }
    }
}

extension String {
    /// A number's text without `.0`.
    var withoutTrailingZero: String { hasSuffix(".0") ? String(dropLast(2)) : self }
}
