import Console
import Hub

/// What a session can be exported to, by the ending of the file's name.
enum ExportFormat: String, CaseIterable {
    /// A Jupyter notebook.
    case notebook = ".ipynb"
    /// A Python script in the percent format.
    case script = ".py"
    /// A page for a browser.
    case page = ".html"

    /// The format of a path.
    init(_ path: String) throws(ConversionError) {
        guard let format = Self.allCases.first(where: { path.lowercased().hasSuffix($0.rawValue) }) else {
            throw .unknownEnding(path)
        }
        self = format
    }
}

/// Why a session cannot be converted.
enum ConversionError: Error, Equatable, CustomStringConvertible {
    /// The ending of a file's name is that of no format.
    case unknownEnding(String)
    /// There is a file already.
    case exists(String)
    /// A picture would be written outside of the session's folder.
    case pictureOutside(String)
    /// Nothing was run.
    case noCells

    /// One sentence.
    var description: String {
        switch self {
        case .unknownEnding(let path): "\(path): the ending says no format; give .ipynb, .py or .html"
        case .exists(let path): "\(path) exists already; add --replace to write over it, or choose another name"
        case .pictureOutside(let path):
            "the notebook names a picture \(path), which is no .png or .jpg below the session's folder; it is not written"
        case .noCells: "no cell was run yet, so there is nothing to write"
        }
    }
}

/// Writes sessions in other formats, and notebooks as sessions.
enum SessionConversion {
    /// Writes a session to a file, in the format of its name, and says what it holds.
    static func export(
        _ source: ConversionSource, to path: String, shownAs shown: String, replaces: Bool, secrets: SecretStore
    ) throws -> [Output] {
        let format = try ExportFormat(shown)
        try check(path, shownAs: shown, replaces: replaces)
        let text: String
        var remarks: [Output] = []
        var missing: [String] = []
        switch format {
        case .notebook:
            let export = NotebookExport(source)
            (text, missing) = (export.notebook.text, export.missingPictures)
        case .script:
            let script = PercentScript(source)
            text = script.text
            if script.outputCount > 0 {
                remarks.append(
                    .warning(
                        "outputs of \(script.outputCount.counting("cell")) are left out: a script has no place for them"
                    ))
            }
        case .page:
            let page = SessionPage(source)
            (text, missing) = (page.text, page.missingPictures)
        }
        remarks += missing.map { .warning("the picture \($0) is not there or no PNG or JPEG; its words stand for it") }
        try SessionPlace.write(Array(text.utf8), to: path, secrets: secrets)
        return remarks + [.text("exported \(source.file.cells.count.counting("cell")) to \(.path(shown))")]
    }

    /// Writes a notebook as a session file with its pictures beside it, and says what became of what.
    static func importNotebook(
        _ notebook: String, to path: String, shownAs shown: String, replaces: Bool, secrets: SecretStore
    ) throws -> [Output] {
        try check(path, shownAs: shown, replaces: replaces)
        let parsed = try Notebook(parsing: try FileAccess.readText(notebook), file: notebook)
        let imported = try NotebookImport(parsed, name: SessionPlace.stem(of: Paths.name(of: path)))
        let folder = Paths.folder(of: path)
        var targets: [(path: String, bytes: [UInt8])] = []
        for picture in imported.pictures {
            let target = Paths.resolve(picture.path, in: folder)
            if let there = try? FileAccess.read(target), there == picture.bytes { continue }
            guard isInside(picture.path) else { throw ConversionError.pictureOutside(picture.path) }
            try check(target, shownAs: picture.path, replaces: replaces)
            targets.append((target, picture.bytes))
        }
        for target in targets {
            try SessionPlace.write(target.bytes, to: target.path, secrets: secrets)
        }
        try SessionPlace.write(imported.file, to: path, secrets: secrets)
        return imported.summary.outputs + [.text("imported to \(.path(shown))")]
    }

    /// Throws when a file is there that nobody allowed to be replaced.
    static func check(_ path: String, shownAs shown: String, replaces: Bool) throws(ConversionError) {
        if !replaces, FileAccess.exists(path) { throw .exists(shown) }
    }

    /// Whether a path that a notebook names may be written: a picture below the session's folder.
    private static func isInside(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let name = path.lowercased()
        return !path.isEmpty && !parts.contains("..") && parts.first != "" && parts.first != "~"
            && !path.utf8.contains(0) && [".png", ".jpg", ".jpeg"].contains { name.hasSuffix($0) }
    }
}
