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
        guard line.utf8.contains(UInt8(ascii: "!")) else { return nil }
        let text = line.trimmed
        guard text.utf8.starts(with: "![".utf8), text.utf8.last == UInt8(ascii: ")"),
            let bracket = text.firstByteRange(of: "](")
        else { return nil }
        alt = String(text[text.utf8.index(text.startIndex, offsetBy: 2)..<bracket.lowerBound])
        let inside = Substring(text[bracket.upperBound...].utf8.dropLast())
        guard let quote = inside.firstByteRange(of: " \"sha256:"), inside.utf8.last == UInt8(ascii: "\"") else {
            return nil
        }
        path = String(inside[..<quote.lowerBound])
        digest = ""
        width = 0
        height = 0
        try read(title: "sha256:" + Substring(inside[quote.upperBound...].utf8.dropLast()))
    }

    /// The Markdown line.
    package var markdown: String {
        var words = ["sha256:\(digest)", "\(width)x\(height)"]
        words.append("tile<=\(NumberStyle.shortest.text(tileLimit).withoutTrailingZero)")
        if let boxCount { words.append("boxes:\(boxCount)") }
        return "![\(alt)](\(path) \"\(words.joined(separator: " "))\")"
    }

    private mutating func read(title: String) throws(InfoProblem) {
        for word in title.words {
            if let digits = word.text(behind: "sha256:") {
                digest = String(digits)
            } else if let limit = word.text(behind: "tile<=").flatMap({ Double($0) }), limit >= 0 {
                tileLimit = limit
            } else if let count = word.text(behind: "boxes:").flatMap({ Int($0) }) {
                boxCount = count
            } else {
                let pieces = word.utf8.split(separator: UInt8(ascii: "x"), omittingEmptySubsequences: false)
                let sides = pieces.compactMap { Int(Substring($0)) }
                guard sides.count == 2 else { throw InfoProblem(problem: .badPicture("\"\(word)\" is unknown")) }
                (width, height) = (sides[0], sides[1])
            }
        }
        guard digest.utf8.count >= 12, digest.utf8.allSatisfy(\.isHexDigitByte) else {
            throw InfoProblem(problem: .badPicture("the digest is not there"))
        }
        guard width > 0, height > 0 else { throw InfoProblem(problem: .badPicture("the size is not there")) }
    }
}

extension Substring {
    /// What stands behind a beginning; nil where the text begins otherwise.
    fileprivate func text(behind beginning: String) -> Substring? {
        utf8.starts(with: beginning.utf8) ? Substring(utf8.dropFirst(beginning.utf8.count)) : nil
    }
}

extension String {
    /// A number's text without `.0`.
    var withoutTrailingZero: String { hasSuffix(".0") ? String(dropLast(2)) : self }
}
