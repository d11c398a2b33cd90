import Detection
import Foundation
import JSON

/// Reads a folder in the PaliGemma JSONL layout, as Roboflow exports it.
///
/// `_annotations.train.jsonl`, `_annotations.valid.jsonl` and `_annotations.test.jsonl` stand beside the pictures, or in a
/// folder `dataset` below. A row is `{"image":…,"prefix":…,"suffix":…}`; an empty suffix means that there is nothing to find.
package struct PaliGemmaReader: Sendable {
    /// How strictly rows are read.
    package struct Options: Sendable, Equatable {
        /// Whether bad rows are left out and counted, in place of ending the reading.
        package var skipsInvalidRows: Bool
        /// How many locations span a picture.
        package var divisor: LocationTextOptions.Divisor

        /// Makes options; by default the first bad row ends the reading.
        package init(skipsInvalidRows: Bool = false, divisor: LocationTextOptions.Divisor = .locations1024) {
            self.skipsInvalidRows = skipsInvalidRows
            self.divisor = divisor
        }
    }

    private let options: Options

    /// Makes a reader.
    package init(options: Options = Options()) {
        self.options = options
    }

    /// Reads every split that the folder has.
    ///
    /// Classes are those that the prefixes ask for, in their order, then names that only suffixes use.
    /// - Throws: `DatasetError` for the first bad row, or for a folder or a split without usable rows.
    package func load(folder: String) throws(DatasetError) -> DetectionDataset {
        let root = try annotatedFolder(folder)
        var rows: [DatasetSplit: [RowReader.Row]] = [:]
        var rejected: [DatasetError] = []
        var imageSizes = ImageSizes()
        for split in DatasetSplit.allCases {
            let file = root + "/" + Self.annotationFile(split)
            guard FileManager.default.fileExists(atPath: file) else { continue }
            rows[split] = try read(file, in: root, sizes: &imageSizes, rejected: &rejected)
        }
        let classes = Self.classes(of: DatasetSplit.allCases.flatMap { rows[$0] ?? [] })
        return DetectionDataset(
            name: (folder as NSString).standardizingPath.split(separator: "/").last.map(String.init) ?? folder,
            folder: root, classes: classes,
            splits: rows.mapValues { $0.map { $0.example(classes: classes) } }, rejectedRows: rejected)
    }

    /// The name of a split's annotation file.
    package static func annotationFile(_ split: DatasetSplit) -> String {
        "_annotations.\(split.rawValue).jsonl"
    }
}

extension PaliGemmaReader {
    /// The folder that holds annotation files: the one named, or `dataset` below it, without symbolic links.
    private func annotatedFolder(_ folder: String) throws(DatasetError) -> String {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue,
            let root = resolvedPath(folder)
        else { throw DatasetError(file: folder, problem: .noFolder) }
        for candidate in [root, root + "/dataset"] {
            let hasAnnotations = DatasetSplit.allCases.contains {
                FileManager.default.fileExists(atPath: candidate + "/" + Self.annotationFile($0))
            }
            if hasAnnotations, let resolved = resolvedPath(candidate) { return resolved }
        }
        throw DatasetError(file: folder, problem: .noAnnotations)
    }

    private func read(
        _ file: String, in root: String, sizes: inout ImageSizes, rejected: inout [DatasetError]
    ) throws(DatasetError) -> [RowReader.Row] {
        let name = (file as NSString).lastPathComponent
        let bytes = try fileBytes(file, name: name)
        let reader = RowReader(folder: root, divisor: options.divisor)
        var rows: [RowReader.Row] = []
        for line in JSONLines(bytes) {
            do throws(DatasetError.Problem) {
                rows.append(try reader.row(line, sizes: &sizes))
            } catch {
                let failure = DatasetError(file: name, line: line.number, problem: error)
                guard options.skipsInvalidRows else { throw failure }
                rejected.append(failure)
            }
        }
        guard !rows.isEmpty else { throw DatasetError(file: name, problem: .noRows) }
        return rows
    }

    private func fileBytes(_ file: String, name: String) throws(DatasetError) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        } catch {
            throw DatasetError(file: name, problem: .unreadable(error.localizedDescription))
        }
    }

    private static func classes(of rows: [RowReader.Row]) -> [String] {
        var classes: [String] = []
        var seen: Set<String> = []
        var seenPrefixes: Set<String> = []
        for row in rows where seenPrefixes.insert(row.prefix).inserted {
            classes += LocationText.classes(inPrefix: row.prefix).filter { seen.insert($0).inserted }
        }
        for row in rows {
            classes += row.detections.classNames.filter { seen.insert($0).inserted }
        }
        return classes
    }
}

/// The path without symbolic links and dots, or nil where nothing is there.
func resolvedPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}
