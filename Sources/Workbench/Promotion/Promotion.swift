import Console
import Images

/// Turns cells that were typed into a session file that replays as a test.
struct Promotion {
    /// What was kept and left out.
    let slice: CellSlice
    /// How often each kind of mask stands for a value, by its word.
    private(set) var maskCounts: [String: Int] = [:]
    private let session: Session
    private let path: String
    private let assetsName: String
    private var file: SessionFile
    /// Where each picture lies now, and the name it gets.
    private var pictures: [(from: String, name: String)] = []

    /// Gathers what the file will hold; nothing is written yet.
    /// - Throws: `PromotionError` when no cell is left, or a cell that is needed cannot be replayed.
    init(_ named: Range<Int>, of session: Session, to path: String, title: String) throws {
        self.session = session
        self.path = path
        let stem = SessionPlace.stem(of: Paths.name(of: path))
        assetsName = stem + ".assets"
        slice = CellSlice(of: session.cells, named: named)
        let title = session.secrets.redact(title)
        let header = SessionRecorder.header(
            of: session, settings: session.settingsAtStart, path: path, title: title, assets: assetsName)
        file = SessionFile(header: SessionHeader(header), elements: [.prose(["# \(title)", ""])])
        guard !slice.kept.isEmpty else { throw PromotionError.nothingLeft }
        for place in slice.kept { try add(session.cells[place]) }
    }

    /// Writes the pictures, then the file.
    func write() throws {
        guard !FileAccess.exists(path) else { throw RecordingError.exists(path) }
        let folder = Paths.join(Paths.folder(of: path), assetsName)
        for picture in pictures {
            try SessionPlace.write(
                try FileAccess.read(picture.from), to: Paths.join(folder, picture.name), secrets: session.secrets)
        }
        try SessionPlace.write(file, to: path, secrets: session.secrets)
    }

    /// The ids of the cells in the file.
    var cellIDs: [String] { file.cells.compactMap(\.attributes.id) }
}

extension Promotion {
    private mutating func add(_ result: CellResult) throws {
        if result.status == .interrupted { throw PromotionError.interrupted(cell: result.cell.id) }
        var cell = SessionCell(id: result.cell.id, source: result.cell.source)
        var pictureCount = 0
        var stateless = result
        // The state of the whole session is not that of the cells kept.
        stateless.state = nil
        cell.outputs = try RecordedOutputs(session.surroundings).blocks(stateless, stateBefore: nil).map { block in
            guard case .picture(var reference, _) = block else { return block }
            let name = Paths.name(of: reference.path)
            let stem = CommandContext.pictureStem(of: result.cell.id)
            // A cell that another one ran again has pictures with that one's name.
            pictureCount += 1
            let ending = name.hasPrefix(stem + "-") ? String(name.dropFirst(stem.count)) : "-\(pictureCount).png"
            pictures.append((try place(of: reference, cell: result.cell.id), stem + ending))
            reference.path = Paths.join(assetsName, stem + ending)
            return .picture(reference, line: reference.markdown)
        }
        for block in cell.outputs { countMasks(in: block) }
        file.elements += [.cell(cell), .prose([""])]
    }

    /// Where a picture of an earlier cell lies.
    private func place(of reference: PictureReference, cell: String) throws(PromotionError) -> String {
        let surroundings = session.surroundings
        let name = Paths.name(of: reference.path)
        let places = [
            Paths.join(surroundings.assets.path, name), Paths.resolve(reference.path, in: surroundings.folder),
        ]
        let found = places.first { path in
            (try? ImageBuffer(contentsOf: path))?.pixelDigest.hasPrefix(reference.digest) ?? false
        }
        guard let found else { throw .pictureGone(path: reference.path, cell: cell) }
        return found
    }

    private mutating func countMasks(in block: OutputBlock) {
        switch block {
        case .out(_, let text), .err(let text), .error(_, let text):
            for token in text.content.flatMap({ LineTokens($0).tokens }) {
                if case .mask(let mask, _) = token { maskCounts[mask.word, default: 0] += 1 }
            }
        case .picture, .boxes, .blank: break
        }
    }
}

extension Mask {
    /// The first word of the mask.
    fileprivate var word: String {
        switch self {
        case .value(let kind): kind.rawValue
        case .any: "any"
        case .secret: "secret"
        case .number: "num"
        }
    }
}

/// Why cells cannot become a test.
enum PromotionError: Error, Equatable, CustomStringConvertible {
    /// No cell that was named can be kept.
    case nothingLeft
    /// A cell that is needed was stopped by hand.
    case interrupted(cell: String)
    /// A picture is not what the cell showed.
    case pictureGone(path: String, cell: String)

    /// One sentence.
    var description: String {
        switch self {
        case .nothingLeft:
            "none of these cells can be a test; name cells that did their work, such as promote 3..7 > FILE"
        case .interrupted(let cell):
            "cell \(cell) was interrupted, and what it had done by then is needed; run it again to its end, then promote"
        case .pictureGone(let path, let cell):
            "the picture \(path) of cell \(cell) is not there any more; run the cell again, then promote"
        }
    }
}
