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

extension LoadedProcessor {
    /// The processor for a model of another resolution; features of pictures are made anew.
    func following(_ configuration: PaliGemmaConfiguration) -> LoadedProcessor {
        let processor = processor.following(configuration)
        let loader = PictureLoader(processor, cache: FeatureCache(budget: loader.cache.budget), exif: exif)
        return LoadedProcessor(processor: processor, loader: loader, folder: folder, exif: exif)
    }
}

extension CommandContext {
    /// Gives the loaded processor, if there is one, the resolution of a model.
    func letProcessorFollow(_ configuration: PaliGemmaConfiguration) {
        guard let loaded = workspace[ProcessorSlot.self],
            loaded.processor.pixels.imageSize != configuration.vision.imageSize
        else { return }
        let following = loaded.following(configuration)
        workspace[ProcessorSlot.self] = following
        let size = configuration.vision.imageSize
        say(
            "the processor follows: \(size)x\(size) pixels, \(following.processor.imageTokenCount.grouped) image tokens"
        )
    }
}
