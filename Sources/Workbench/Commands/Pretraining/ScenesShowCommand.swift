import Console
import Detection
import Images
import Scenes
import Tensors

/// `scenes show`: what pretraining learns from.
struct ScenesShowCommand: Command {
    static let name = "scenes show"
    static let summary = "draw scenes that `pretrain` learns from, in a grid, and their prompts"
    static let discussion = """
        Scene N is the same for a seed everywhere. Boxes are drawn with --boxes only, so that the scenes can be seen as the
        model sees them.
        """
    static let examples = ["scenes show --count 2 --columns 2", "scenes show --count 1 --first 7 --boxes"]

    @Option("how many scenes", in: 1...1000) var count = 24
    @Option("scenes in a row of the grid", in: 1...50) var columns = 6
    @Option("the number of the first scene", in: 0...1_000_000_000) var first = 0
    @Option("where random streams start; the session's seed if not given") var seed: UInt64?
    @Flag("draw boxes and names") var boxes = false
    @Option("which scenes of a run: its first ones, those until --clear-share of it, or its last ones")
    var stage = SceneStageChoice.all

    mutating func run(_ context: CommandContext) throws {
        let seed = seed ?? context.seed
        let generator = try SceneGenerator(seed: seed)
        let artist = generator.makeArtist()
        let counter = context.pictureCounter("draw")
        var images: [ImageBuffer] = []
        var table = Table("scene", "prompt", "answer")
        for number in first..<first + count {
            let scene = artist.scene(UInt64(number), stage: stage.stage)
            images.append(try boxes ? scene.annotatedImage : scene.image)
            var random = RandomStream(seed: seed, purpose: "scene prompt", step: UInt64(number))
            let prompt = PromptWriter.prompt(for: scene, &random) { _ in true }
            table.add(["\(number)", "\(prompt.prefix)", "\(prompt.suffix)"])
            guard counter(images.count, count) else { break }
        }
        try context.interrupt.check()
        let grid = ImageGrid(
            images: images, titles: (first..<first + count).map { "scene \($0)" },
            rows: (count + columns - 1) / columns, columns: min(columns, count), cellWidth: generator.side,
            cellHeight: generator.side)
        context.emit(.image(try context.save(grid.makeImage(), alt: "\(count) scenes from \(first), seed \(seed)")))
        context.emit(.table(table))
    }
}

/// Which scenes of a pretraining are shown.
enum SceneStageChoice: String, Choice {
    case large, clear, all

    fileprivate var stage: SceneStage {
        switch self {
        case .large: .large
        case .clear: .clear
        case .all: .all
        }
    }
}

extension Scene {
    /// The picture with boxes and what objects show.
    fileprivate var annotatedImage: ImageBuffer {
        get throws {
            let names = objects.map { object in
                [object.glyph.map { SceneWords.glyphs[$0] }, object.symbol.map { SceneWords.symbols[$0] }]
                    .compactMap { $0 }.joined(separator: " ")
            }
            let found = Detections(
                boxes: objects.map(\.box), classIDs: objects.map { _ in nil }, classNames: names)
            return try image.annotated(with: found, style: AnnotatorStyle(thickness: 1, textSize: 9, textPadding: 1))
        }
    }
}
