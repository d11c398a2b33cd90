import Console
import Images
import Models
import Training

/// A loaded processor, with the loader of pictures that belongs to it.
struct LoadedProcessor {
    let processor: PaliGemmaProcessor
    let loader: PictureLoader
    /// The folder it came from.
    let folder: String
    /// How stored orientations are treated.
    let exif: ExifOrientation
}

/// The processor that `processor load` puts in place.
enum ProcessorSlot: WorkspaceSlot {
    static let name = "processor"

    static func summary(of loaded: LoadedProcessor) -> Text {
        let size = loaded.processor.pixels.imageSize
        return """
            \(size)x\(size) pixels, \(loaded.processor.imageTokenCount) image tokens, \
            \(loaded.processor.tokenizer.vocabularySize.grouped) tokens from \(.path(loaded.folder))
            """
    }

    static func stateParts(of loaded: LoadedProcessor) -> [StatePart] {
        let processor = loaded.processor
        let text =
            "\(processor.pixels) \(processor.imageTokenCount) \(processor.specialIDs) "
            + "\(processor.compatibility) \(processor.tokenizer.vocabularySize) \(loaded.exif)"
        return [StatePart(name: "settings", content: text.utf8)]
    }
}
