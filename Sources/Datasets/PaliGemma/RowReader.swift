import Detection
import Foundation
import Images
import JSON

/// Reads rows of an annotation file.
struct RowReader {
    /// The data set's folder, without symbolic links.
    let folder: String
    /// How many locations span a picture.
    let divisor: LocationTextOptions.Divisor

    /// A row whose class ids are not known yet.
    struct Row {
        let imagePath: String
        let imageName: String
        let size: ImageHeader
        let prefix: String
        let suffix: String
        let detections: Detections
        let line: Int

        /// The row as an example, with class ids looked up in the data set's list.
        func example(classes: [String]) -> DetectionExample {
            DetectionExample(
                imagePath: imagePath, imageName: imageName, width: size.width, height: size.height, prefix: prefix,
                suffix: suffix, detections: detections.withClassIDs(in: classes), line: line)
        }
    }

    /// Reads one row.
    func row(_ line: JSONLines.Line, sizes: inout ImageSizes) throws(DatasetError.Problem) -> Row {
        let json: JSON
        switch line.json() {
        case .success(let value): json = value
        case .failure(let error): throw .notJSON("column \(error.column): \(error.problem)")
        }
        guard json.object != nil else { throw .notAnObject(found: json.kind) }
        let image = try text("image", of: json)
        let prefix = try text("prefix", of: json)
        let suffix = try text("suffix", of: json)
        let path = try imagePath(image)
        let size = try sizes.size(of: path, name: image)
        let (detections, rejected) = LocationText.parse(
            suffix, imageWidth: size.width, imageHeight: size.height,
            options: LocationTextOptions(divisor: divisor))
        if let first = rejected.first { throw .badSuffix(first) }
        return Row(
            imagePath: path, imageName: image, size: size, prefix: prefix, suffix: suffix, detections: detections,
            line: line.number)
    }

    private func text(_ key: String, of row: JSON) throws(DatasetError.Problem) -> String {
        guard let value = row[key] else { throw .missingKey(key) }
        guard let text = value.string else { throw .notText(key: key, found: value.kind) }
        return text
    }

    /// The picture's resolved path, which must lie in the folder, whatever links lead there.
    private func imagePath(_ image: String) throws(DatasetError.Problem) -> String {
        guard !image.isEmpty else { throw .unsafePath(image: image, reason: .empty) }
        guard !image.hasPrefix("/") else { throw .unsafePath(image: image, reason: .absolute) }
        guard !image.utf8.contains(0) else { throw .missingImage(image) }
        let isInside = { (path: String) in path.hasPrefix(folder == "/" ? "/" : folder + "/") }
        guard let path = resolvedPath(folder + "/" + image) else {
            let written = (folder + "/" + image as NSString).standardizingPath
            throw isInside(written) ? .missingImage(image) : .unsafePath(image: image, reason: .leavesFolder)
        }
        guard isInside(path) else { throw .unsafePath(image: image, reason: .leavesFolder) }
        return path
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
