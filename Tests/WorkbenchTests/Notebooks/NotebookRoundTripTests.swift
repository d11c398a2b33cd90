import Foundation
import JSON
import TestSupport
import Testing

@testable import Workbench

@Suite("Notebooks from sessions and back")
struct NotebookRoundTripTests {
    /// A small picture, for the paths that generated sessions name.
    static let picture: [UInt8]? = Base64.bytes(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")

    private func roundTrip(_ file: SessionFile, picture: [UInt8]?) throws -> (notebook: Notebook, text: String) {
        let export = NotebookExport(ConversionSource(file: file, name: "t") { _ in picture })
        let text = export.notebook.text
        let notebook = try Notebook(parsing: text, file: "t.ipynb")
        #expect(notebook == export.notebook)
        return (notebook, try NotebookImport(notebook, name: "t").file.text)
    }

    @Test("a session becomes a notebook and the same bytes again, for 400 generated files")
    func generated() throws {
        for seed in 0..<400 {
            let text = GeneratedSession.text(seed: UInt64(seed))
            let file = try SessionFile(parsing: text, file: "\(seed)")
            let (notebook, back) = try roundTrip(file, picture: seed.isMultiple(of: 2) ? Self.picture : nil)
            let isSame = back.utf8.elementsEqual(text.utf8)
            #expect(isSame, "seed \(seed)\n\(text.debugDescription)\n\(back.debugDescription)")
            #expect(Set(notebook.cells.map(\.id)).count == notebook.cells.count, "seed \(seed)")
            #expect(notebook.cells.allSatisfy { CellAttributes.isID($0.id) }, "seed \(seed)")
        }
    }

    @Test("every session of this program becomes a notebook and the same bytes again, pictures included")
    func recorded() throws {
        let folder = Folders.package.appendingPathComponent("sessions").path
        for name in try FileAccess.names(in: folder) where name.hasSuffix(".session.md") {
            let path = Paths.join(folder, name)
            let text = try FileAccess.readText(path)
            let file = try SessionFile(parsing: text, file: name)
            let stem = SessionPlace.stem(of: name)
            var source = ConversionSource(file: file, name: stem)
            source.picture = { try? FileAccess.read(Paths.join(folder, $0)) }
            let export = NotebookExport(source)
            #expect(export.missingPictures.isEmpty)
            let imported = try NotebookImport(
                try Notebook(parsing: export.notebook.text, file: name), name: stem)
            #expect(Array(imported.file.text.utf8) == Array(text.utf8), "\(name)")
            for (path, bytes) in imported.pictures {
                #expect(try FileAccess.read(Paths.join(folder, path)) == bytes, "\(path)")
            }
        }
    }
}
