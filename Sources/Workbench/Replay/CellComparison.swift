import Console
import Images

/// Compares what a cell said with what is recorded.
struct CellComparison {
    /// Whether bytes count; else numbers within the tolerance.
    let isStrict: Bool
    /// What numbers may be off by in a tolerant comparison.
    let tolerance: NumberTolerance
    /// The folder the recorded pictures' paths start from.
    let recordedFolder: String
    /// Where a picture that came now lies, by its recorded path.
    let foundPath: (String) -> String

    /// Every difference of a cell, text first.
    /// - Parameter part: names the part of the state that differs first; asked only when the states differ.
    func differences(
        _ cell: SessionCell, _ blocks: [OutputBlock], _ result: CellResult, part: () -> String?
    ) -> [CellDifference] {
        guard let end = cell.recordedEnd else { return [.notRecorded] }
        var differences: [CellDifference] = []
        if let code = end.code, code != result.code { differences.append(.code(expected: code, found: result.code)) }
        differences += blockDifferences(cell, blocks)
        if isStrict, let expected = end.state, let found = result.state?.text, expected != found {
            differences.append(.state(expected: expected, found: found, part: part()))
        }
        if let limit = cell.attributes.timeout, result.duration > limit {
            differences.append(.timeout(limit: limit, duration: result.duration))
        }
        return differences
    }

    private func blockDifferences(_ cell: SessionCell, _ found: [OutputBlock]) -> [CellDifference] {
        let matcher = TextMatcher(lines: LineMatcher(mode: isStrict ? .strict : .tolerant(tolerance(of: cell))))
        var line = cell.line + cell.source.lines.count
        var next = found[...]
        var differences: [CellDifference] = []
        for block in cell.outputs {
            defer { line += block.lines.count }
            if block.isBlank { continue }
            guard let other = next.first, other.kindName == block.kindName else {
                return differences + [.block(line: line, expected: block, found: next.first)]
            }
            next.removeFirst()
            differences += compare(block, other, line, matcher)
        }
        if let extra = next.first { differences.append(.block(line: line, expected: nil, found: extra)) }
        return differences
    }

    /// The tolerance of a cell: its own where it has one.
    func tolerance(of cell: SessionCell) -> NumberTolerance {
        NumberTolerance(
            relative: cell.attributes.relativeTolerance ?? tolerance.relative,
            absolute: cell.attributes.absoluteTolerance ?? tolerance.absolute)
    }
}

extension CellComparison {
    private func compare(
        _ expected: OutputBlock, _ found: OutputBlock, _ line: Int, _ matcher: TextMatcher
    ) -> [CellDifference] {
        switch (expected, found) {
        case (.out(_, let old), .out(_, let new)), (.err(let old), .err(let new)), (.boxes(let old), .boxes(let new)):
            return text(old, new, line, expected.isBoxes ? TextMatcher(lines: LineMatcher(mode: .strict)) : matcher)
        case (.error(let code, let old), .error(let other, let new)):
            let codes: [CellDifference] = code == other ? [] : [.errorCode(expected: code, found: other)]
            return codes + text(old, new, line, matcher)
        case (.picture(let old, _), .picture(let new, _)): return picture(old, new)
        default: return []
        }
    }

    private func text(_ old: FencedBlock, _ new: FencedBlock, _ line: Int, _ matcher: TextMatcher) -> [CellDifference] {
        guard let difference = matcher.difference(expected: old.content, found: new.content) else { return [] }
        return [.line(line + 1 + difference.expectedIndex, difference)]
    }

    private func picture(_ old: PictureReference, _ new: PictureReference) -> [CellDifference] {
        if Paths.name(of: old.path) != Paths.name(of: new.path) {
            return [.picture(path: old.path, .unreadable("another picture came: \(new.path)"))]
        }
        let digits = min(old.digest.count, new.digest.count)
        if old.digest.prefix(digits) == new.digest.prefix(digits) { return [] }
        let tiles = tileDifference(old, new, limit: isStrict ? 0 : old.tileLimit)
        if isStrict { return [.pictureDigest(path: old.path, expected: old.digest, found: new.digest, tiles)] }
        return tiles.map { [.picture(path: old.path, $0)] } ?? []
    }

    private func tileDifference(
        _ old: PictureReference, _ new: PictureReference, limit: Double
    ) -> PictureMatcher.Difference? {
        do {
            let expected = try ImageBuffer(contentsOf: Paths.resolve(old.path, in: recordedFolder))
            let recorded = expected.pixelDigest.prefix(old.digest.count)
            guard recorded == old.digest else {
                return .unreadable("the file beside the session has pixels sha256:\(recorded), not \(old.digest)")
            }
            let found = try ImageBuffer(contentsOf: foundPath(new.path))
            return PictureMatcher.difference(expected: expected, found: found, limit: limit)
        } catch {
            return .unreadable(error.description)
        }
    }
}

extension OutputBlock {
    /// The word that begins its fence, or `picture`.
    var kindName: String {
        switch self {
        case .out: "out"
        case .err: "err"
        case .error: "error"
        case .picture: "picture"
        case .boxes: "boxes"
        case .blank: "blank"
        }
    }

    var isBoxes: Bool {
        if case .boxes = self { return true }
        return false
    }
}
