/// A session to be converted, with what its file alone does not hold.
struct ConversionSource {
    /// The session.
    var file: SessionFile
    /// The name without folder and ending, for a title.
    var name: String
    /// For each cell the values that its masks stand for, block by block; empty where only the recording is known.
    var concrete: [Int: [OutputBlock]] = [:]
    /// The bytes of a picture by the path that the session names; nil when it is not there.
    var picture: (String) -> [UInt8]?

    /// A session file that was opened.
    init(_ opened: OpenedSession) {
        file = opened.file
        name = opened.stem
        let folder = opened.folder
        picture = { try? FileAccess.read(Paths.resolve($0, in: folder)) }
    }

    /// A session and where its pictures come from.
    init(file: SessionFile, name: String, picture: @escaping (String) -> [UInt8]? = { _ in nil }) {
        self.file = file
        self.name = name
        self.picture = picture
    }

    /// The title: the header's, else the first heading, else the name.
    var title: String {
        if let title = file.header[.title] { return title }
        for case .prose(let lines) in file.elements {
            if let heading = lines.first(where: { $0.hasPrefix("# ") }) { return heading.dropFirst(2).trimmed }
        }
        return name
    }
}
