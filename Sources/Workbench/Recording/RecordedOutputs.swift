import Console

/// Turns what a cell said into the blocks of a session file.
struct RecordedOutputs {
    /// The folder that commands start from: paths in it are written relative to it.
    let folder: String
    /// The user's home, written `~`.
    let home: String?
    /// Whether masks stand for what varies; otherwise the lines are those that a person saw.
    let masksValues: Bool

    init(_ surroundings: SessionSurroundings, masksValues: Bool = true) {
        folder = surroundings.folder
        home = surroundings.home
        self.masksValues = masksValues
    }

    /// The blocks of a cell: the first is always an `out`, which has the return code and the state.
    func blocks(_ result: CellResult, stateBefore: StateDigest?) -> [OutputBlock] {
        var blocks: [OutputBlock] = []
        for output in result.outputs { append(output, to: &blocks) }
        if case .out? = blocks.first {
        } else {
            blocks.insert(.out(OutAttributes(), FencedBlock(info: "out", content: [])), at: 0)
        }
        if case .out(_, let block) = blocks[0] {
            let attributes = OutAttributes(
                code: result.code, state: result.state?.text,
                parts: result.state.map { StateSummary.parts(of: $0, since: stateBefore) } ?? [])
            blocks[0] = .out(attributes, FencedBlock(info: attributes.info, content: block.content))
        }
        return blocks
    }
}

extension RecordedOutputs {
    private func append(_ output: Output, to blocks: inout [OutputBlock]) {
        switch output {
        case .progress: break
        case .image(let image): append(image, to: &blocks)
        case .chart(var chart):
            let image = chart.image
            chart.image = nil
            appendText(lines(.chart(chart)), to: &blocks)
            if let image { append(image, to: &blocks) }
        case .warning(let text):
            blocks.append(.err(FencedBlock(info: "err", content: lines(.text(text)))))
        case .failure(let failure):
            let code = failure.code.filter { !$0.isWhitespace }
            blocks.append(.error(code: code, FencedBlock(info: "error \(code)", content: lines(output))))
        case .text, .fields, .table: appendText(lines(output), to: &blocks)
        }
    }

    private func appendText(_ lines: [String], to blocks: inout [OutputBlock]) {
        if case .out(let attributes, let block)? = blocks.last {
            blocks[blocks.count - 1] = .out(attributes, FencedBlock(info: "out", content: block.content + lines))
        } else {
            blocks.append(.out(OutAttributes(), FencedBlock(info: "out", content: lines)))
        }
    }

    private func append(_ image: ImageOutput, to blocks: inout [OutputBlock]) {
        let reference = PictureReference(image)
        blocks.append(.picture(reference, line: reference.markdown))
        guard !image.boxes.isEmpty else { return }
        let boxes = image.boxes.map { box in
            (box.corners.map { NumberStyle.fixed(1).text($0) } + [box.label]).joined(separator: " ")
        }
        blocks.append(.boxes(FencedBlock(info: "boxes", content: boxes)))
    }

    private func lines(_ output: Output) -> [String] {
        guard masksValues else { return Renderer().lines(output.mapText(relative)).flatMap(\.linesOfText) }
        return Renderer.recording.lines(output.mapText { Mask.escaped(relative($0)) }).flatMap(\.linesOfText).map(
            TextMatcher.escaped)
    }

    /// A text without this place's folders.
    private func relative(_ text: String) -> String {
        guard text.contains("/") else { return text }
        var result = folder.hasPrefix("/") && folder != "/" ? text.replacing(folder + "/", with: "") : text
        if let home, home != "/" { result = result.replacing(home + "/", with: "~/") }
        return result
    }
}

/// The state's parts as a session file keeps them: few, and short.
enum StateSummary {
    /// Digits kept of a part's digest.
    static let digitCount = 8
    /// When a slot has more parts than this that changed, it is one part in the file.
    static let mostPartsOfSlot = 4

    /// The digest of a slot that was emptied.
    static let emptied = "none"

    /// The parts that changed since an earlier state; all of them when there is none, as in front of a first cell.
    static func parts(of state: StateDigest, since earlier: StateDigest?) -> [StatePart] {
        var groups = Dictionary(grouping: state.changes(since: earlier), by: slot)
        let slots = Set(state.parts.map(slot))
        for slot in Set((earlier?.parts ?? []).map(slot)).subtracting(slots) { groups[slot] = [] }
        return groups.sorted { $0.key < $1.key }.flatMap { slot, parts in
            if parts.isEmpty { return [StatePart(name: slot + ".*", digest: emptied)] }
            return parts.count > mostPartsOfSlot ? [whole(slot, of: state)] : parts.map(short)
        }
    }

    /// The part of a state that has a name of the file's: one of the state's own, or a slot's as a whole.
    static func part(named name: String, in state: StateDigest) -> StatePart? {
        if name.hasSuffix(".*") {
            let slot = String(name.dropLast(2))
            let isThere = state.parts.contains { self.slot($0) == slot }
            return isThere ? whole(slot, of: state) : StatePart(name: name, digest: emptied)
        }
        return state.parts.first { $0.name == name }.map(short)
    }

    private static func short(_ part: StatePart) -> StatePart {
        StatePart(name: part.name, digest: String(part.digest.prefix(digitCount)))
    }

    private static func whole(_ slot: String, of state: StateDigest) -> StatePart {
        let parts = state.parts.filter { self.slot($0) == slot }
        return StatePart(name: slot + ".*", digest: String(StateDigest(parts).text.prefix(digitCount)))
    }

    /// The slot of a part: what stands before the first point of its name.
    static func slot(_ part: StatePart) -> String {
        part.name.split(separator: ".").first.map(String.init) ?? part.name
    }
}
