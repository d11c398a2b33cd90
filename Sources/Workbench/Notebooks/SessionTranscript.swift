import Console
import Hub
import Images

/// The cells run so far as a session file: what a recording of them would hold.
struct SessionTranscript {
    /// The session, its file and the values behind its masks.
    private(set) var source: ConversionSource
    /// Pictures that were overwritten since, or are not there any more.
    private(set) var missingPictures: [String] = []
    /// Cells that only wrote or read files of sessions; they are left out.
    private(set) var leftOutCount = 0

    private var pictures: [String: [UInt8]] = [:]
    private var ids = UniqueNames()

    /// Gathers the cells.
    /// - Parameters:
    ///   - path: the file that is to be written; its pictures are named as lying beside it.
    ///   - title: what the session is about; the file's name without one.
    init(of session: Session, for path: String, title: String?) {
        let name = SessionPlace.stem(of: Paths.name(of: path))
        let assets = name + ".assets"
        var file = SessionFile(
            header: SessionHeader(
                SessionRecorder.header(
                    of: session, settings: session.settingsAtStart, path: path, title: title ?? name, assets: assets)))
        file.elements = [.prose(["# \(title ?? name)", ""])]
        source = ConversionSource(file: file, name: name)
        let masked = RecordedOutputs(session.surroundings)
        let concrete = RecordedOutputs(session.surroundings, masksValues: false)
        var state: StateDigest?
        for result in session.cells {
            guard !Self.isBookkeeping(result.cell.source) else {
                leftOutCount += 1
                continue
            }
            var named = result
            named.cell.id = ids.make(result.cell.id)
            named.outputs = moved(named, to: assets, of: session)
            var cell = SessionCell(id: named.cell.id, source: named.cell.source)
            cell.outputs = masked.blocks(named, stateBefore: state)
            source.concrete[source.file.cells.count] = concrete.blocks(named, stateBefore: state)
            source.file.elements += [.cell(cell), .prose([""])]
            state = result.state
        }
        let pictures = pictures
        source.picture = { pictures[$0] }
    }

    /// How many cells there are.
    var cellCount: Int { source.file.cells.count }

    /// Writes the pictures beside the session file.
    func writePictures(beside path: String, secrets: SecretStore) throws {
        for (name, bytes) in pictures.sorted(by: { $0.key < $1.key }) {
            let target = Paths.join(Paths.folder(of: path), name)
            try SessionPlace.write(bytes, to: target, secrets: secrets)
        }
    }
}

extension SessionTranscript {
    private static let bookkeepingCommands: Set = ["save", "export", "import", "record"]

    /// Whether every command of a cell is about files of sessions.
    private static func isBookkeeping(_ source: String) -> Bool {
        let lines = source.split(whereSeparator: \.isNewline).map(\.trimmed).filter {
            !$0.isEmpty && !$0.hasPrefix("#")
        }
        return !lines.isEmpty
            && lines.allSatisfy { line in
                bookkeepingCommands.contains(String(line.prefix { !$0.isWhitespace }))
            }
    }

    /// The outputs with their pictures under the names that they have beside the file.
    private mutating func moved(_ result: CellResult, to assets: String, of session: Session) -> [Output] {
        var count = 0
        var outputs: [Output] = []
        for output in result.outputs {
            switch output {
            case .image(let image):
                count += 1
                outputs.append(.image(moved(image, count, result.cell.id, assets, session)))
            case .chart(var chart):
                if let image = chart.image {
                    count += 1
                    chart.image = moved(image, count, result.cell.id, assets, session)
                }
                outputs.append(.chart(chart))
            default: outputs.append(output)
            }
        }
        return outputs
    }

    private mutating func moved(
        _ image: ImageOutput, _ number: Int, _ id: String, _ assets: String, _ session: Session
    ) -> ImageOutput {
        var moved = image
        let stem = id.allSatisfy(\.isNumber) ? "cell-\(id)" : id
        moved.path = Paths.join(assets, "\(stem)-\(number).png")
        let surroundings = session.surroundings
        let places = [
            Paths.resolve(image.path, in: surroundings.folder, home: surroundings.home),
            Paths.join(surroundings.assets.path, Paths.name(of: image.path)),
            session.recorder.map { Paths.join(Paths.folder(of: $0.path), image.path) },
        ]
        for place in places.compactMap({ $0 }) {
            guard let bytes = try? FileAccess.read(place),
                let found = try? ImageBuffer(decoding: bytes, name: place), found.pixelDigest == image.digest
            else { continue }
            pictures[moved.path] = bytes
            return moved
        }
        missingPictures.append(image.path)
        return moved
    }
}
