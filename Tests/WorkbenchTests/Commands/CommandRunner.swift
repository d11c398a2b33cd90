import Console
import Foundation
import TestSupport

@testable import Workbench

/// A session in a folder of its own, with the program's samples.
struct CommandRunner {
    let folder: ScratchFolder
    let session: Session

    init(now: @escaping () -> Double = { 0 }) throws {
        let folder = try ScratchFolder()
        self.folder = folder
        session = Session(
            surroundings: SessionSurroundings(
                folder: folder.path, assets: AssetFolder(path: folder.path + "/out", shownAs: "out"), now: now,
                samples: Folders.samples.path))
    }

    /// Runs a cell.
    func run(_ source: String) -> CellResult { session.execute(source) }

    /// The lines that a person reads of a cell that must succeed.
    func lines(_ source: String) -> [String] { run(source).outputs.flatMap(Renderer().lines) }

    /// The sentence of a cell that must fail.
    func error(_ source: String) -> String? { run(source).failure?.message.shown }

    /// The last picture of a cell's outputs.
    func picture(_ source: String) -> ImageOutput? {
        for case .image(let image) in run(source).outputs.reversed() { return image }
        return nil
    }

    /// Writes a text file into the session's folder.
    func write(_ text: String, to name: String) throws { try folder.write(text.utf8, to: name) }
}
