import Detection
import Images
import Models

/// The logs that a run's arguments ask for, written as the run tells what it does.
package final class RunLogs {
    private let arguments: TrainingArguments
    private let exif: ExifOrientation
    private let events: EventFile?
    private let lines: AppendedFile?
    private let table: AppendedFile?
    private let columns: [String]
    private let wallTime: () -> Double
    private let start: Double
    /// Why a log could not be written; nothing is written after that.
    package private(set) var failure: TrainingError?

    /// Opens the logs of a run.
    ///
    /// - Parameters:
    ///   - firstStep: the update that the run starts at; what logs say of later ones is from a run that was cut, and goes.
    ///   - scalesLosses: whether the run does, so that tables have columns for it.
    ///   - wallTime: seconds since 1970.
    package init(
        _ arguments: TrainingArguments, model: String, firstStep: Int, scalesLosses: Bool = false,
        exif: ExifOrientation = .ignore, wallTime: @escaping () -> Double
    ) throws(TrainingError) {
        columns = LogFiles.columns + (scalesLosses ? LogFiles.scaleColumns : [])
        (self.arguments, self.exif, self.wallTime) = (arguments, exif, wallTime)
        start = wallTime()
        let folder = arguments.logFolder ?? "."
        let kinds = Set(arguments.reportTo)
        events =
            kinds.contains(.tensorboard)
            ? try EventFile(folder: folder, firstStep: firstStep == 0 ? 0 : firstStep + 1, wallTime: wallTime) : nil
        lines = kinds.contains(.jsonl) ? try LogFiles.openLines(folder, firstStep: firstStep) : nil
        table =
            kinds.contains(.csv) ? try LogFiles.openTable(folder, firstStep: firstStep, columns: columns) : nil
        let hparams = arguments.hparams(model: model)
        let metrics = ["train/loss", "eval/loss", "eval/map50_95", "eval/map50"]
        try events?.add(
            step: 0,
            [
                EventFile.experiment(hparams, metrics: metrics, wallTime: wallTime()),
                EventFile.sessionStart(hparams, wallTime: wallTime()),
            ])
    }

    /// The files that are written.
    package var paths: [String] { [events?.path, lines?.path, table?.path].compactMap { $0 } }

    /// Takes what the trainer tells.
    package func receive(_ event: TrainingEvent) {
        guard failure == nil else { return }
        do throws(TrainingError) {
            switch event {
            case .logged(let entry): try write(entry)
            case .evaluated(let record, _, let pictures): try write(record, pictures)
            case .started, .updated, .evaluating, .stoppedEarly, .loadedBest, .saved, .shrunk: break
            }
        } catch {
            failure = error
        }
    }

    /// The last words, once the run has come to its end; one that was interrupted has none, for it may go on.
    package func finish() throws(TrainingError) {
        guard failure == nil else { return }
        try events?.add(step: 0, [EventFile.sessionEnd(wallTime: wallTime())])
    }

    private func write(_ entry: LogEntry) throws(TrainingError) {
        let scaling = [("loss_scale", entry.lossScale), ("skipped_updates", entry.skippedUpdates.map(Double.init))]
            .compactMap { name, value in value.map { (name, $0) } }
        let values = [("loss", entry.loss), ("learning_rate", entry.learningRate), ("grad_norm", entry.gradientNorm)]
        try write(step: entry.step, [("epoch", entry.epoch)] + values + scaling)
        try events?.add(
            step: entry.step,
            (values + [("epoch", entry.epoch)] + scaling).map { EventFile.scalar("train/" + $0.0, $0.1) })
    }

    private func write(_ record: EvaluationRecord, _ pictures: [EvaluatedPicture]) throws(TrainingError) {
        let scores = [("map50_95", record.map50To95), ("map50", record.map50), ("map75", record.map75)]
            .compactMap { name, value in value.map { (name, $0) } }
        let values = [("loss", record.loss)] + scores
        try write(step: record.step, [("epoch", record.epoch)] + values.map { ("eval_" + $0.0, $0.1) })
        guard let events else { return }
        let classes = record.classes.compactMap { item in
            item.ap50To95.map { EventFile.scalar("eval/ap50_95/\(item.name)", $0) }
        }
        try events.add(step: record.step, values.map { EventFile.scalar("eval/" + $0.0, $0.1) } + classes)
        for (place, picture) in pictures.enumerated() {
            try events.add(step: record.step, [try draw(picture, place: place)])
        }
    }

    /// A picture with what was found in it.
    private func draw(_ picture: EvaluatedPicture, place: Int) throws(TrainingError) -> ProtobufMessage {
        do throws(ImageError) {
            let image = try ImageBuffer(contentsOf: picture.example.imagePath, exif: exif)
                .annotated(with: picture.found)
            return EventFile.image(
                "eval/detections/\(place)", width: image.width, height: image.height, png: try image.pngBytes())
        } catch {
            throw .image(error)
        }
    }

    private func write(step: Int, _ values: [(name: String, value: Double)]) throws(TrainingError) {
        let seconds = wallTime() - start
        try lines?.append(LogFiles.line(step: step, values, seconds: seconds))
        try table?.append(LogFiles.row(step: step, values, seconds: seconds, columns: columns))
    }
}

extension TrainingArguments {
    /// The settings under their names, for TensorBoard's hparams page.
    package func hparams(model: String) -> [String: HParam] {
        [
            "model": .text(model), "num_train_epochs": .number(numTrainEpochs), "max_steps": .number(Double(maxSteps)),
            "per_device_train_batch_size": .number(Double(perDeviceTrainBatchSize)),
            "gradient_accumulation_steps": .number(Double(gradientAccumulationSteps)),
            "warmup_steps": .number(Double(warmupSteps)), "warmup_ratio": .number(warmupRatio),
            "learning_rate": .number(learningRate), "lr_scheduler_type": .text(lrSchedulerType.rawValue),
            "weight_decay": .number(weightDecay), "adam_beta1": .number(adamBeta1), "adam_beta2": .number(adamBeta2),
            "adam_epsilon": .number(adamEpsilon), "max_grad_norm": .number(maxGradNorm),
            "label_smoothing_factor": .number(labelSmoothingFactor), "optim": .text(optim.rawValue),
            "master_weights": .text(masterWeights.rawValue), "bf16": .flag(bf16),
            "fp16": .flag(fp16),
            "group_by_length": .flag(groupByLength), "seed": .number(Double(seed)),
        ]
    }
}
