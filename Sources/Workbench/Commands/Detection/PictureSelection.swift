import Console
import Detection
import Glibc
import Hub
import Images
import Training

/// The pictures that a person names: files, folders, patterns, addresses, examples of the data set.
struct PictureSelection {
    /// A picture to look at, with the name that outputs give it.
    struct Picture {
        let name: String
        let query: DetectionQuery
    }

    /// The pictures, in the order of the words and, in folders and patterns, of their names.
    private(set) var pictures: [Picture] = []
    /// Pictures of addresses, which are there as long as the selection is.
    private var downloads: DownloadedPictures?
    private let prefix: String?
    private let context: CommandContext

    private static let endings = [".jpg", ".jpeg", ".png"]

    /// Finds the pictures of some words.
    ///
    /// - Throws: `Failure` for a word that leads to no picture.
    init(_ words: [String], prefix: String?, listedOnly: Bool, _ context: CommandContext) throws {
        (self.prefix, self.context) = (prefix, context)
        for word in words { try add(word) }
        guard listedOnly else { return }
        pictures = pictures.map { picture in
            var query = picture.query
            query.classes = LocationText.classes(inPrefix: query.prompt)
            return Picture(name: picture.name, query: query)
        }
    }

    private mutating func add(_ word: String) throws {
        if let reference = ExampleReference(word) {
            let example = try context.example(reference)
            var query = DetectionQuery(example, classes: nil)
            if let prefix { query.prompt = prefix }
            return pictures.append(Picture(name: example.imageName, query: query))
        }
        if DownloadURL.isAddress(word) { return try addAddress(word) }
        let path = context.resolveSample(Path(word))
        if FileAccess.isFolder(path) {
            let names = try FileAccess.names(in: path).filter(Self.isPicture)
            guard !names.isEmpty else {
                throw Failure(code: "NoPictures", message: "\(word) holds no .jpg, .jpeg or .png file")
            }
            for name in names { try addFile(Paths.join(path, name)) }
        } else if FileAccess.exists(path) || !word.contains(where: { "*?[".contains($0) }) {
            try addFile(path)
        } else {
            let found = Self.matches(of: path).filter(Self.isPicture)
            guard !found.isEmpty else {
                throw Failure(code: "NoPictures", message: "no .jpg, .jpeg or .png file matches \(word)")
            }
            for file in found { try addFile(file) }
        }
    }

    private mutating func addAddress(_ word: String) throws {
        let url = try DownloadURL(word)
        try checkPrefix()
        let downloads = try self.downloads ?? DownloadedPictures(context)
        self.downloads = downloads
        let path: String
        do {
            path = try downloads.path(of: word, context)
        } catch DownloadError.stopped(let url) {
            try context.interrupt.check()
            throw DownloadError.stopped(url: url)
        }
        do {
            try addFile(path, name: url.fileName)
        } catch let error as ImageError {
            throw Failure(code: "NoPicture", message: "\("\(error)".replacing(path, with: word))")
        }
    }

    private func checkPrefix() throws {
        guard prefix == nil else { return }
        throw Failure(code: "MissingOption", message: "an image file needs --prefix", next: "help infer")
    }

    private mutating func addFile(_ path: String, name: String? = nil) throws {
        guard let prefix else { return try checkPrefix() }
        let picture = try ImageBuffer(contentsOf: path, exif: try context.loadedProcessor().exif)
        pictures.append(
            Picture(
                name: name ?? Paths.name(of: path),
                query: DetectionQuery(
                    imagePath: path, width: picture.width, height: picture.height, prompt: prefix, classes: nil)))
    }

    private static func isPicture(_ path: String) -> Bool {
        let name = path.lowercased()
        return endings.contains { name.hasSuffix($0) }
    }

    /// The files that a shell pattern means, in order.
    private static func matches(of pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
    }
}
