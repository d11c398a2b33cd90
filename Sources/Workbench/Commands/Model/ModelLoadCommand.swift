import Console
import Models
import Tensors

/// `model load`: opens a checkpoint.
struct ModelLoadCommand: Command {
    static let name = "model load"
    static let summary = "open a PaliGemma checkpoint in Hugging Face's layout"
    static let discussion = """
        Weights are mapped from their files and copied only where the wanted type is not the stored one. Every tensor that
        the configuration asks for must be there, and no other.

        --dtype bfloat16 takes half the memory; on a GPU it needs compute capability 8.0. float16 is for older cards, and for
        GPUs alone; what layers add to is float32 then, since Gemma's hidden states leave float16, and `train` scales losses.

        --quantization nf4 puts the linear layers into 4 bits while opening, as bitsandbytes does, with scales that are
        quantized too (--scales plain leaves them): vision tower, projector and language model, but not embedding, head and
        norms, which is the reference's default. They are frozen; `model adapt` makes them trainable. A checkpoint that was
        saved in 4 bits needs no option.

        --image-size N reads pictures at another resolution: position embeddings are interpolated to the new grid of patches,
        as transformers' interpolate_pos_encoding does, and the loaded processor follows.
        """
    static let examples = [
        "model load", "model load samples/tiny-paligemma2 --dtype bfloat16",
        "model load --image-size 448",
        "model load --quantization nf4 --dtype bfloat16 --skip-modules vision_tower,multi_modal_projector",
    ]

    @Argument("the checkpoint's folder", completion: .anyOf([.live(.checkpoints), .folder])) var folder = Path(
        SampleFolders.modelName)
    @Option("the type to compute with") var dtype = TypeChoice.float32
    @Option("cap final logits as the configuration says, or not") var finalSoftcap = BoundChoice.config
    @Option("give even layers the window that the configuration says, or not") var slidingWindow = BoundChoice.config
    @Option("whose attention masks are followed") var compat = CompatibilityChoice.newest
    @Option("the side of pictures, where it is not the checkpoint's: a multiple of the patch size", unit: "pixels")
    var imageSize: Int?
    @Option("how position embeddings are interpolated for it") var positionInterpolation = InterpolationChoice.bicubic
    @OptionGroup var quantization: QuantizationOptions

    mutating func run(_ context: CommandContext) throws {
        let start = context.now()
        let path = try context.existingFolder(folder)
        let model = try PaliGemma(
            folder: path, elementType: dtype.elementType, quantization: quantization.configuration,
            imageSize: imageSize, interpolation: positionInterpolation == .bicubic ? .bicubic : .bilinear,
            backend: context.backend())
        model.options.finalSoftCap = finalSoftcap == .config ? .config : .off
        model.options.slidingWindow = slidingWindow == .config ? .config : .off
        model.options.compatibility = compat == .newest ? .newest : .period
        let loaded = LoadedModel(model, folder: path)
        context.workspace[ModelSlot.self] = loaded
        try context.loadTuning(folder: path)
        context.letProcessorFollow(model.configuration)
        context.emit(
            .fields(
                Fields([
                    ("model", Text(.path(folder.text))),
                    (
                        "parameters",
                        "\(model.parameters.elementCount.grouped) in \(model.parameters.parameters.count + model.parameters.quantized.count) tensors"
                    ),
                    ("type", model.typeText),
                    ("device", Text(.host(model.backend.device.signature))),
                    ("opened in", Text(.duration(context.now() - start))),
                ])))
    }
}

extension PaliGemma {
    /// The type that layers compute with, and how many of them are in 4 bits.
    var typeText: Text {
        let count = parameters.quantized.count
        return count == 0 ? "\(elementType.name)" : "\(elementType.name), \(count) linear layers in 4 bits (nf4)"
    }
}

/// How position embeddings are interpolated.
enum InterpolationChoice: String, Choice {
    case bicubic, bilinear
}

/// The types that a model can compute with.
enum TypeChoice: String, Choice {
    case float32, bfloat16, float16

    var elementType: ElementType {
        switch self {
        case .float32: .float32
        case .bfloat16: .bfloat16
        case .float16: .float16
        }
    }
}

/// A bound that the configuration states, or none.
enum BoundChoice: String, Choice {
    case config, off
}
