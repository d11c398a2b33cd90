import Datasets
import Detection
import Models
import Tensors

/// What a model found in one picture.
package struct DetectionAnswer: Sendable, Equatable {
    /// The generated text.
    package var text: String
    /// The boxes read from the text, in pixels of the picture.
    package var detections: Detections
    /// Parts of the text that are no detection, with the reason; none in an answer that followed the grammar.
    package var rejected: [RejectedDetection]
    /// What the model said of each detection, with its probabilities; none in a free answer.
    package var objects: [GeneratedObject]
    /// Whether the answer came to its end, rather than to the limit of tokens.
    package var isEnded: Bool
    /// How many objects were left out because they had been said before.
    package var repeatCount: Int
}

/// Detects objects in pictures by greedy generation, several pictures at a time.
///
/// Answers to `detect` prompts that list classes follow the grammar of detections, unless `isFree` says otherwise.
package final class Detector {
    private let model: PaliGemma
    private let processor: PaliGemmaProcessor
    private let loader: PictureLoader
    /// How the text is read.
    package var textOptions = LocationTextOptions()
    /// The most tokens that an answer may have.
    package var maxNewTokens = 128
    /// How many pictures are in a batch.
    package var batchSize = 8
    /// Whether answers may be any text; they then have no confidences.
    package var isFree = false
    /// How confidences are made.
    package var scores = ScoreMethod.joint
    /// Whether an edge is the mean of the probability around its location, rather than the location itself.
    package var refinesEdges = false
    /// Where set, each picture is looked at whole and in tiles, and what is found is put together.
    package var tiles: TileGrid?
    /// How what the tiles show is put together.
    package var merging = TileMerging()
    /// Where set, the model has learned by this recipe, and is asked by it: for its classes, with its prompt.
    package var noiseBoxes: NoiseBoxRecipe?
    private var grammars: [[String]: DetectionGrammar] = [:]

    /// A detector over a loaded model.
    package init(_ model: PaliGemma, _ processor: PaliGemmaProcessor, _ loader: PictureLoader) {
        self.model = model
        self.processor = processor
        self.loader = loader
    }

    /// The answers for pictures with their prompts.
    ///
    /// - Parameters:
    ///   - queries: picture, its size in pixels, prompt, and the classes that may be found (nil for any).
    ///   - shouldStop: asked between tokens; true ends the work with the answers so far.
    ///   - observe: is told how many pictures are done.
    package func answers(
        to queries: [DetectionQuery], shouldStop: () -> Bool = { false }, observe: (Int) -> Void = { _ in }
    ) throws(TrainingError) -> [DetectionAnswer] {
        if let tiles { return try tiledAnswers(to: queries, tiles, shouldStop: shouldStop, observe: observe) }
        return try plainAnswers(to: queries, shouldStop: shouldStop, observe: observe)
    }

    /// The answers for pictures, or parts of them, as they are.
    func plainAnswers(
        to queries: [DetectionQuery], shouldStop: () -> Bool, observe: (Int) -> Void
    ) throws(TrainingError) -> [DetectionAnswer] {
        var answers: [DetectionAnswer] = []
        for start in stride(from: 0, to: queries.count, by: max(1, batchSize)) {
            if shouldStop() { break }
            let part = Array(queries[start..<min(start + max(1, batchSize), queries.count)])
            let grammars = try part.map { (query) throws(TrainingError) in try grammar(of: query) }
            let generation = try generate(part, grammars, shouldStop: shouldStop)
            if shouldStop() { break }
            for (place, query) in part.enumerated() {
                answers.append(
                    grammars[place].map { read(generation, place, query, $0) }
                        ?? readText(generation, place, query))
            }
            observe(answers.count)
        }
        return answers
    }

    /// The grammar of a picture's answer, nil where it is free.
    private func grammar(of query: DetectionQuery) throws(TrainingError) -> DetectionGrammar? {
        guard !isFree, textOptions.compatibility == .palinote else { return nil }
        if let noiseBoxes { return try grammar(of: noiseBoxes) }
        let listed = LocationText.classes(inPrefix: query.prompt)
        guard !listed.isEmpty else { return nil }
        let classes = query.classes ?? listed
        if let known = grammars[classes] { return known }
        let grammar = try modelErrors { () throws(ModelError) in
            try DetectionGrammar(classes: classes, processor: processor)
        }
        grammars[classes] = grammar
        return grammar
    }

    /// The grammar of the recipe: so many boxes, and a noise that is weighed and not said.
    private func grammar(of recipe: NoiseBoxRecipe) throws(TrainingError) -> DetectionGrammar {
        let classes = recipe.classes + [NoiseBoxRecipe.noiseName]
        if let known = grammars[classes] { return known }
        var grammar = try modelErrors { () throws(ModelError) in
            try DetectionGrammar(classes: classes, processor: processor)
        }
        (grammar.objectCount, grammar.noiseClass) = (recipe.objectCount, recipe.classes.count)
        grammars[classes] = grammar
        return grammar
    }

    private func generate(
        _ queries: [DetectionQuery], _ grammars: [DetectionGrammar?], shouldStop: () -> Bool
    ) throws(TrainingError) -> Generation {
        let tokens = try modelErrors { () throws(ModelError) in
            try processor.batch(
                prefixes: queries.map { noiseBoxes == nil || isFree ? $0.prompt : NoiseBoxRecipe.prompt })
        }
        let parts = queries.map { PicturePart(path: $0.imagePath, region: $0.region) }
        let features: Tensor
        if model.hasFixedImageFeatures {
            features = try loader.features(of: parts, model)
        } else {
            let pixels = try loader.pixels(of: parts, on: model.backend)
            features = try trainingErrors { () throws(TensorError) in try model.imageFeatures(pixels) }
        }
        var options = GenerationOptions(endIDs: [processor.specialIDs.end])
        let wanted = grammars.map { ($0?.objectCount ?? 0) * ($0?.longestObject ?? 0) }.max() ?? 0
        options.maxNewTokens = max(maxNewTokens, wanted)
        options.grammars = grammars
        let chosen = options
        return try trainingErrors { () throws(TensorError) in
            try model.generate(tokens, features: features, chosen, shouldStop: shouldStop)
        }
    }

    /// A free answer: its text says what was found.
    private func readText(_ generation: Generation, _ place: Int, _ query: DetectionQuery) -> DetectionAnswer {
        let text = processor.text(of: generation.ids[place])
        let (detections, rejected) = LocationText.parse(
            text, imageWidth: query.width, imageHeight: query.height, classes: query.classes, options: textOptions)
        return DetectionAnswer(
            text: text, detections: detections, rejected: rejected, objects: [], isEnded: generation.isEnded[place],
            repeatCount: 0)
    }

    /// An answer that followed a grammar: its objects are known.
    private func read(
        _ generation: Generation, _ place: Int, _ query: DetectionQuery, _ grammar: DetectionGrammar
    ) -> DetectionAnswer {
        let objects = generation.objects[place]
        let scale = LocationScale(
            width: Double(query.width), height: Double(query.height), divisor: textOptions.divisor)
        let confidences = objects.compactMap { scores.confidence(of: $0) }
        return DetectionAnswer(
            text: processor.text(of: generation.ids[place]),
            detections: Detections(
                boxes: objects.map { object in
                    refinesEdges
                        ? scale.box(ofMeans: object.edges.map(\.mean)) : scale.box(object.edges.map(\.location))
                },
                classIDs: objects.map { query.classes == nil ? nil : $0.classIndex },
                classNames: objects.map { grammar.classes[$0.classIndex] },
                confidences: confidences.count == objects.count ? confidences : nil,
                deviations: objects.map { scale.deviations($0.edges.map(\.deviation)) }),
            rejected: [], objects: objects, isEnded: generation.isEnded[place],
            repeatCount: generation.repeatCounts[place])
    }
}

/// One picture to look at.
package struct DetectionQuery: Sendable, Equatable {
    package var imagePath: String
    /// Of the picture, or of its part, in pixels.
    package var width: Int, height: Int
    /// The part of the picture that is looked at, in pixels; nil for all of it.
    package var region: PixelRegion?
    package var prompt: String
    /// The names that may be found; nil for any.
    package var classes: [String]?

    /// A picture with its prompt.
    package init(imagePath: String, width: Int, height: Int, prompt: String, classes: [String]?) {
        (self.imagePath, self.width, self.height) = (imagePath, width, height)
        (self.prompt, self.classes) = (prompt, classes)
    }

    /// The picture and prompt of an example.
    package init(_ example: DetectionExample, classes: [String]?) {
        self.init(
            imagePath: example.imagePath, width: example.width, height: example.height, prompt: example.prefix,
            classes: classes)
    }
}
