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
    /// Parts of the text that are no detection, with the reason.
    package var rejected: [RejectedDetection]
    /// Whether the answer came to its end, rather than to the limit of tokens.
    package var isEnded: Bool
}

/// Detects objects in pictures by greedy generation, several pictures at a time.
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
        var answers: [DetectionAnswer] = []
        for start in stride(from: 0, to: queries.count, by: max(1, batchSize)) {
            if shouldStop() { break }
            let part = Array(queries[start..<min(start + max(1, batchSize), queries.count)])
            let generation = try generate(part, shouldStop: shouldStop)
            if shouldStop() { break }
            for (place, query) in part.enumerated() {
                answers.append(read(generation.ids[place], isEnded: generation.isEnded[place], query))
            }
            observe(answers.count)
        }
        return answers
    }

    private func generate(_ queries: [DetectionQuery], shouldStop: () -> Bool) throws(TrainingError) -> Generation {
        let tokens = try modelErrors { () throws(ModelError) in
            try processor.batch(prefixes: queries.map(\.prompt))
        }
        let paths = queries.map(\.imagePath)
        let features: Tensor
        if model.hasFixedImageFeatures {
            features = try loader.features(of: paths, model)
        } else {
            let pixels = try loader.pixels(of: paths, on: model.backend)
            features = try trainingErrors { () throws(TensorError) in try model.imageFeatures(pixels) }
        }
        var options = GenerationOptions(endIDs: [processor.specialIDs.end])
        options.maxNewTokens = maxNewTokens
        let chosen = options
        return try trainingErrors { () throws(TensorError) in
            try model.generate(tokens, features: features, chosen, shouldStop: shouldStop)
        }
    }

    private func read(_ ids: [Int32], isEnded: Bool, _ query: DetectionQuery) -> DetectionAnswer {
        let text = processor.text(of: ids)
        let (detections, rejected) = LocationText.parse(
            text, imageWidth: query.width, imageHeight: query.height, classes: query.classes, options: textOptions)
        return DetectionAnswer(text: text, detections: detections, rejected: rejected, isEnded: isEnded)
    }
}

/// One picture to look at.
package struct DetectionQuery: Sendable, Equatable {
    package var imagePath: String
    /// In pixels.
    package var width: Int, height: Int
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
