import Datasets
import Detection
import Models
import Tensors

/// The split that a run is evaluated on.
package struct EvaluationSplit {
    package let examples: [DetectionExample]
    /// The names of the data set's classes.
    package let classes: [String]

    /// A split with its classes.
    package init(examples: [DetectionExample], classes: [String]) {
        (self.examples, self.classes) = (examples, classes)
    }
}

/// What was found in a picture, for somebody to look at.
package struct EvaluatedPicture: Sendable {
    package let example: DetectionExample
    package let found: Detections
}

/// Scores the model as it is on a split: the loss of its labels, and mAP of what it detects.
///
/// It changes nothing that training depends on.
struct SplitEvaluator {
    let split: EvaluationSplit
    let batches: BatchMaker

    /// Pictures that are kept to look at.
    static let shownPictures = 4

    /// Scores the split; nil if `shouldStop` said so.
    ///
    /// - Parameters:
    ///   - batchSize: examples at a time; scores do not depend on it.
    ///   - observe: is told how many examples of how many are done; each counts twice, once for its loss.
    func evaluate(
        step: Int, epoch: Double, batchSize: Int, shouldStop: () -> Bool, observe: (Int, Int) -> Void
    ) throws(TrainingError) -> (record: EvaluationRecord, pictures: [EvaluatedPicture])? {
        let count = split.examples.count
        guard let loss = try meanLoss(batchSize, shouldStop: shouldStop, observe: { observe($0, 2 * count) }),
            let found = try detect(batchSize, shouldStop: shouldStop, observe: { observe(count + $0, 2 * count) })
        else { return nil }
        let images = zip(split.examples, found).map { example, detections in
            ScoredImage(
                predictions: detections.withClassIDs(in: split.classes).filtered { $0.classID != nil },
                targets: example.detections.withClassIDs(in: split.classes).filtered { $0.classID != nil })
        }
        let scores: MeanAveragePrecision
        do { scores = try MeanAveragePrecision.evaluate(images, classes: split.classes) } catch {
            throw .evaluation(reason: "\(error)")
        }
        let record = EvaluationRecord(
            step: step, epoch: epoch, loss: loss, map50To95: scores.all.map50To95, map50: scores.all.map50,
            map75: scores.all.map75,
            classes: scores.classes.map {
                EvaluationRecord.ClassScore(
                    name: $0.name, targetCount: $0.targetCount, ap50To95: $0.ap50To95, ap50: $0.ap50, ap75: $0.ap75)
            })
        let pictures = zip(split.examples, found).prefix(Self.shownPictures)
            .map { EvaluatedPicture(example: $0, found: $1) }
        return (record, pictures)
    }

    /// The mean loss over all labels, which does not depend on how they are put in batches; smoothed as in training.
    private func meanLoss(
        _ batchSize: Int, shouldStop: () -> Bool, observe: (Int) -> Void
    ) throws(TrainingError) -> Double? {
        var (sum, labels) = (0.0, 0)
        let (model, arguments) = (batches.model, batches.arguments)
        for start in stride(from: 0, to: split.examples.count, by: batchSize) {
            if shouldStop() { return nil }
            let end = min(start + batchSize, split.examples.count)
            let batch = try batches.batch(Array(start..<end), of: split.examples, epoch: 0, isWeighed: false)
            labels += batch.labelCount
            if batch.labelCount > 0 {
                sum += try trainingErrors { () throws(TensorError) in
                    let features = try batch.features(model, Pass())
                    return try model.losses(
                        batch.tokens, features: features, weight: 1, smoothing: Float(arguments.labelSmoothingFactor)
                    ).floats().reduce(0) { $0 + Double($1) }
                }
            }
            observe(end)
        }
        return sum / Double(labels)
    }

    /// What the model finds in each picture; nil if it was stopped.
    private func detect(
        _ batchSize: Int, shouldStop: () -> Bool, observe: (Int) -> Void
    ) throws(TrainingError) -> [Detections]? {
        let detector = Detector(batches.model, batches.processor, batches.loader)
        detector.batchSize = batchSize
        detector.noiseBoxes = batches.arguments.noiseBoxes
        if detector.noiseBoxes != nil { detector.scores = .class }
        let longest = split.examples.map { batches.processor.suffixIDs($0.suffix).count }.max() ?? 0
        detector.maxNewTokens = max(detector.maxNewTokens, 2 * longest)
        let answers = try detector.answers(
            to: split.examples.map { DetectionQuery($0, classes: nil) }, shouldStop: shouldStop, observe: observe)
        return answers.count == split.examples.count ? answers.map(\.detections) : nil
    }
}
