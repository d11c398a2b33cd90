import Console
import Hub
import Images

/// Pictures of a session that have no digest, are not there, or are not what their digest says.
struct PictureRules {
    let opened: OpenedSession
    let secrets: SecretStore

    /// Everything found.
    var findings: [LintFinding] {
        var line = 1 + (opened.file.header.lines.map { $0.count + 2 } ?? 0)
        var findings: [LintFinding] = []
        var isBehindCell = false
        for element in opened.file.elements {
            switch element {
            case .prose(let lines):
                findings += withoutDigest(lines, from: line, isBehindCell: isBehindCell)
                line += lines.count
                isBehindCell = false
            case .cell(let cell):
                findings += recorded(cell)
                line += cell.lines.count
                isBehindCell = true
            }
        }
        return findings + unnamed
    }

    /// A picture may differ by noise of a few levels; beyond this one sees another picture.
    private static let widestTileLimit = 32.0

    /// Pictures in prose that belong to a cell, by their place or their folder.
    private func withoutDigest(_ lines: [String], from first: Int, isBehindCell: Bool) -> [LintFinding] {
        var mayBelong = isBehindCell
        return lines.enumerated().compactMap { index, line in
            defer { mayBelong = mayBelong && line.trimmed.isEmpty }
            guard let path = Self.picturePath(in: line) else { return nil }
            guard mayBelong || path.hasPrefix(opened.assetsName + "/") else { return nil }
            return LintFinding(
                line: first + index,
                message: "the picture \(path) has no digest, so that no replay compares it; record the file anew")
        }
    }

    /// The path of a Markdown picture that fills a line.
    private static func picturePath(in line: String) -> String? {
        let text = line.trimmed
        guard text.hasPrefix("!["), text.hasSuffix(")"), let bracket = text.firstRange(of: "](") else { return nil }
        return text[bracket.upperBound...].dropLast().split(separator: " ").first.map(String.init)
    }

    private func recorded(_ cell: SessionCell) -> [LintFinding] {
        var line = cell.line + cell.source.lines.count
        var findings: [LintFinding] = []
        for (index, block) in cell.outputs.enumerated() {
            defer { line += block.lines.count }
            guard case .picture(let reference, _) = block else { continue }
            let next = cell.outputs[(index + 1)...].first { !$0.isBlank }
            findings += problems(of: reference, boxes: next).map { LintFinding(line: line, message: $0) }
        }
        return findings
    }

    private func problems(of reference: PictureReference, boxes next: OutputBlock?) -> [String] {
        var problems: [String] = []
        if reference.tileLimit > Self.widestTileLimit {
            problems.append(
                "tile<=\(NumberStyle.shortest.text(reference.tileLimit)) lets another picture pass; noise needs 2 to 4")
        }
        var count = 0
        if case .boxes(let block)? = next { count = block.content.count }
        if count != reference.boxCount ?? 0 {
            problems.append(
                "the title says boxes:\(reference.boxCount ?? 0), \(count.counting("box", plural: "boxes")) listed behind the picture; record the file anew"
            )
        }
        do {
            let path = Paths.resolve(reference.path, in: opened.folder)
            let bytes = try FileAccess.read(path)
            problems += metadataProblems(bytes, reference.path)
            let image = try ImageBuffer(decoding: bytes, name: reference.path)
            if (image.width, image.height) != (reference.width, reference.height) {
                problems.append(
                    "\(reference.path) has \(image.width)x\(image.height) pixels, the title says \(reference.width)x\(reference.height); restore the file or record anew"
                )
            } else if !image.pixelDigest.hasPrefix(reference.digest) {
                problems.append(
                    "\(reference.path) has pixels sha256:\(image.pixelDigest.prefix(12)), the title says \(reference.digest); restore the file or record anew"
                )
            }
        } catch {
            problems.append("\(error); restore the file or record anew")
        }
        return problems
    }

    private func metadataProblems(_ bytes: [UInt8], _ name: String) -> [String] {
        let kinds = PNGChunks.metadata(of: bytes).map(\.kind)
        guard !kinds.isEmpty else { return [] }
        return [
            "\(name) holds more than pixels (\(kinds.joined(separator: ", "))), which may tell secrets; record it anew"
        ]
    }

    /// Files in the asset folder that the text does not name.
    private var unnamed: [LintFinding] {
        let names = (try? FileAccess.names(in: opened.assetsFolder)) ?? []
        let text = opened.file.text
        return names.filter { !text.contains("\(opened.assetsName)/\($0)") }.map { name in
            LintFinding(
                line: nil, message: "no cell shows \(opened.assetsName)/\(secrets.redact(name)); remove the file")
        }
    }
}
