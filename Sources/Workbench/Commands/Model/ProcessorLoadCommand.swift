import Console
import Images
import Models
import Training

/// `processor load`: the tokenizer and the way pictures become numbers.
struct ProcessorLoadCommand: Command {
    static let name = "processor load"
    static let summary = "load the processor: tokenizer and picture settings"
    static let discussion = """
        A processor turns `<image>`, prompt and answer into token ids, and a picture into normalized pixels. It lies in the
        checkpoint's folder. With --compat hf-4.47.0 answers get no <eos>, as in that release of transformers: a model
        trained so never learns to stop. Pictures have the size of the loaded model, if it came from the same folder, unless
        --image-size says otherwise.
        """
    static let examples = ["processor load", "processor load samples/tiny-paligemma2 --exif apply"]

    @Argument("the checkpoint's folder", completion: .anyOf([.live(.checkpoints), .folder])) var folder = Path(
        SampleFolders.modelName)
    @Option("whether the orientation that a camera stored is applied") var exif = ExifChoice.ignore
    @Option("whose token rows are made") var compat = CompatibilityChoice.newest
    @Option("the side of pictures, where it is not the checkpoint's", unit: "pixels") var imageSize: Int?
    @Option("memory for features of pictures seen before", unit: "MiB", in: 0...1_048_576) var featureCache = 2048

    mutating func run(_ context: CommandContext) throws {
        let path = try context.existingFolder(folder)
        var processor = try PaliGemmaProcessor(folder: path, configuration: PaliGemmaConfiguration(folder: path))
        if let configuration = try resolution(path, context) { processor = processor.following(configuration) }
        processor.compatibility = compat == .newest ? .newest : .period
        let orientation: ExifOrientation = exif == .apply ? .apply : .ignore
        let loader = PictureLoader(processor, cache: FeatureCache(budget: featureCache << 20), exif: orientation)
        context.workspace[ProcessorSlot.self] = LoadedProcessor(
            processor: processor, loader: loader, folder: path, exif: orientation)
        let size = processor.pixels.imageSize
        context.emit(
            .fields(
                Fields([
                    ("processor", Text(.path(folder.text))),
                    ("pictures", "\(size)x\(size) pixels, \(processor.imageTokenCount) image tokens"),
                    ("tokens", "\(processor.tokenizer.vocabularySize.grouped)"),
                ])))
    }
}

extension ProcessorLoadCommand {
    /// The shape whose resolution the processor takes; nil for that of its own folder.
    private func resolution(_ path: String, _ context: CommandContext) throws -> PaliGemmaConfiguration? {
        if let imageSize { return try PaliGemmaConfiguration(folder: path).resized(toImageSize: imageSize) }
        guard let loaded = context.workspace[ModelSlot.self], loaded.folder == path else { return nil }
        return loaded.model.configuration
    }
}

/// What to do with the orientation that a camera stored.
enum ExifChoice: String, Choice {
    case ignore, apply
}

/// Whose behaviour is followed where releases differ.
enum CompatibilityChoice: String, Choice {
    case newest
    case period = "hf-4.47.0"
}
