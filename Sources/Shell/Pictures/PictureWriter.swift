import Console
import Images
import Workbench

/// Shows saved pictures in a terminal, for front ends other than the prompt.
package enum PictureWriter {
    /// What turns a saved picture into the bytes that show it; nil for one that cannot be read or shown.
    package static func make(_ surroundings: ProcessSurroundings, _ options: GlobalOptions) -> (ImageOutput) -> String?
    {
        let way = options.settings.pictures.way(in: surroundings.environment)
        return { image in
            let path = Paths.resolve(image.path, in: surroundings.folder)
            guard way != .off, let png = try? FileAccess.read(path),
                let buffer = try? ImageBuffer(decoding: png, name: path)
            else { return nil }
            return TerminalPicture.text(buffer, png: png, with: way, columns: surroundings.columns)
        }
    }
}
