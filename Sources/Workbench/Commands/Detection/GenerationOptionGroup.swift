import Console
import Detection
import Training

/// How answers are generated and read.
struct AnswerOptions: OptionGroupContents {
    @Option("the longest answer", unit: "tokens", in: 1...4096) var maxNewTokens = 128
    @Option("images in a batch; does not change answers", in: 1...1024) var batchSize = 8
    @Flag("let answers be any text, as the reference's are; without, they follow the grammar of detections")
    var free = false
    @Option("how confidences are made of the model's probabilities; free answers have none")
    var scores = ScoreChoice.joint
    @Flag("leave out boxes below the thresholds that `thresholds` chose, or that came with the model")
    var thresholds = false
    @Flag("place each edge at the mean of the probability around its location") var refine = false
    @Option("look at each image whole and in so many tiles, rows x columns, such as 2x2; 1x1 for the image alone")
    var tiles = TileCounts(rows: 1, columns: 1)
    @Option("the share of a tile that its neighbour shows too", in: 0...0.8) var tileOverlap = 0.2
    @Option("when two boxes of a class from different parts are one: by intersection over the smaller, or over union")
    var tileMerge = TileMergeChoice.ios
    @Option("the overlap from which they are", in: 0.01...1) var tileThreshold = 0.5
    @Option("whose reading of location text is followed; another than palinote's reads free answers")
    var compat = TextCompatibilityChoice.palinote
    @Option("what location 1023 divides to: x / 1024 or x / 1023") var divisor = DivisorChoice.locations1024

    /// A detector that follows these options.
    func detector(_ context: CommandContext) throws -> Detector {
        let (model, processor) = (try context.loadedModel(), try context.loadedProcessor())
        guard !isFree || !(refine || $scores && scores != .none) else {
            throw Failure(
                code: "NoProbabilities", message: "free answers have no confidences and no refined edges",
                next: "leave out --free and --compat, or --scores and --refine")
        }
        let detector = Detector(model.model, processor.processor, processor.loader)
        detector.isFree = isFree
        detector.scores = method(context)
        detector.noiseBoxes = context.tuning.noiseBoxes
        detector.refinesEdges = refine
        detector.maxNewTokens = maxNewTokens
        detector.batchSize = batchSize
        detector.tiles =
            tiles.count > 1 ? TileGrid(rows: tiles.rows, columns: tiles.columns, overlap: tileOverlap) : nil
        detector.merging = TileMerging(rule: tileMerge == .ios ? .ios : .nms, threshold: tileThreshold)
        detector.textOptions = LocationTextOptions(
            compatibility: compat.value, divisor: divisor.value)
        return detector
    }

    /// How confidences are scaled before they are shown: as `calibrate` found, where it has been asked.
    func scaling(_ context: CommandContext) -> TemperatureScaling? {
        context.tuning.scaling(of: method(context).rawValue)
    }

    /// Leaves out what lies below thresholds, if that was asked for.
    ///
    /// - Throws: `Failure` if there are no thresholds.
    func filter(_ context: CommandContext) throws -> (Detections) -> Detections {
        guard thresholds else { return { $0 } }
        let tuning = context.tuning
        guard !tuning.thresholds.isEmpty else {
            throw Failure(code: "NoThresholds", message: "no thresholds have been chosen yet", next: "thresholds")
        }
        let method = method(context).rawValue
        if let chosenOn = tuning.thresholdScores, chosenOn != method {
            context.warn("the thresholds were chosen on \(chosenOn) scores, these are \(method) scores")
        }
        return tuning.filtered
    }

    /// Whether answers may be any text.
    var isFree: Bool { free || compat != .palinote }

    /// How confidences are made: as asked for, but by the class after training with noise boxes, as its recipe has it.
    func method(_ context: CommandContext) -> ScoreMethod {
        if isFree { return .none }
        if context.tuning.noiseBoxes != nil, !$scores { return .class }
        return ScoreMethod(rawValue: scores.rawValue) ?? .none
    }
}

/// Rows and columns of tiles, as in `2x3`.
struct TileCounts: ArgumentValue, Equatable {
    let rows: Int, columns: Int

    /// How many tiles there are.
    var count: Int { rows * columns }

    init(rows: Int, columns: Int) { (self.rows, self.columns) = (rows, columns) }

    init(argument word: String) throws(ValueProblem) {
        let parts = word.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let rows = parts[0], let columns = parts[1], (1...16).contains(rows),
            (1...16).contains(columns)
        else { throw ValueProblem(expected: "rows x columns, 1 to 16 each, such as 2x2") }
        self.init(rows: rows, columns: columns)
    }

    static var valueName: String { "RxC" }
    var argumentText: String? { "\(rows)x\(columns)" }
}

/// When two boxes of one class from different parts of a picture are one object.
enum TileMergeChoice: String, Choice {
    case ios, nms
}

/// How confidences are made.
enum ScoreChoice: String, Choice {
    case `class`, location, joint, none
}

/// Whose reading of location text is followed.
enum TextCompatibilityChoice: String, Choice {
    case palinote
    case supervision025 = "supervision-0.25"

    var value: LocationTextOptions.Compatibility {
        switch self {
        case .palinote: .palinote
        case .supervision025: .supervision025
        }
    }
}

/// What locations are divided by.
enum DivisorChoice: String, Choice {
    case locations1024 = "1024"
    case locations1023 = "1023"

    var value: LocationTextOptions.Divisor {
        switch self {
        case .locations1024: .locations1024
        case .locations1023: .locations1023
        }
    }
}
