import Files
import FoundationEssentials
import Glibc
import Images

/// The folder of a data set, and safe ways to what lies in it.
struct DatasetFolder {
    /// The folder's path, without symbolic links.
    let root: String

    /// Opens a folder that exists.
    init(_ path: String) throws(DatasetError) {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder,
            let root = Self.resolved(path)
        else { throw DatasetError(file: path, problem: .noFolder) }
        self.root = root
    }

    /// Whether a file or folder of this name is there.
    func has(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: root + "/" + name)
    }

    /// The bytes of a file in the folder.
    func bytes(of name: String) throws(DatasetError) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: root + "/" + name)))
        } catch {
            throw DatasetError(file: name, problem: .unreadable(SystemReason.of(error)))
        }
    }

    /// The names of the files below a folder that end in one of `endings`, in order; none where there is no such folder.
    func files(in name: String, endings: [String]) -> [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + name)) ?? []
        return all.filter { file in endings.contains { file.lowercased().hasSuffix($0) } }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { name + "/" + $0 }
    }

    /// A picture's path without links, which must lie in the folder, whatever links lead there.
    func imagePath(_ image: String) throws(DatasetError.Problem) -> String {
        guard !image.isEmpty else { throw .unsafePath(image: image, reason: .empty) }
        guard !image.hasPrefix("/") else { throw .unsafePath(image: image, reason: .absolute) }
        guard !image.utf8.contains(0) else { throw .missingImage(image) }
        let isInside = { (path: String) in path.hasPrefix(root == "/" ? "/" : root + "/") }
        guard let path = Self.resolved(root + "/" + image) else {
            let written = FilePath.standardized(root + "/" + image)
            throw isInside(written) ? .missingImage(image) : .unsafePath(image: image, reason: .leavesFolder)
        }
        guard isInside(path) else { throw .unsafePath(image: image, reason: .leavesFolder) }
        return path
    }

    /// A path without symbolic links and dots, or nil where nothing is there.
    static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The last part of a folder's path, as a name for the data set.
    static func name(of path: String) -> String {
        FilePath.standardized(path).split(separator: "/").last.map(String.init) ?? path
    }
}

/// The sizes of pictures, each read once from its header.
struct ImageSizes {
    private var sizes: [String: Result<ImageHeader, ImageError>] = [:]

    /// The size of the picture at a path; `name` is what errors call it.
    mutating func size(of path: String, name: String) throws(DatasetError.Problem) -> ImageHeader {
        let result = sizes[path] ?? Result { () throws(ImageError) in try ImageHeader(contentsOf: path, name: name) }
        sizes[path] = result
        switch result {
        case .success(let size): return size
        case .failure(let error): throw .badImage(error)
        }
    }
}
