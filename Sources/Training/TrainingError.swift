import Checkpoints
import Images
import Models
import Tensors

/// Why training or evaluation cannot start or go on.
package enum TrainingError: Error, CustomStringConvertible {
    /// An argument that makes no sense, with what to do.
    case argument(name: String, reason: String)
    /// Nothing to train: no examples, or every weight is frozen.
    case nothingToTrain(reason: String)
    /// Scores that cannot be computed.
    case evaluation(reason: String)
    /// A log that cannot be written.
    case log(file: String, reason: String)
    /// A checkpoint that does not belong to this run.
    case resume(folder: String, reason: String)
    /// Loss or gradients that leave float16 whatever the loss scale is.
    case overflow(skippedUpdates: Int)
    /// A picture that cannot be read.
    case image(ImageError)
    /// A model that cannot be run, saved or loaded.
    case model(ModelError)

    package var description: String {
        switch self {
        case .argument(let name, let reason): "\(name): \(reason)"
        case .nothingToTrain(let reason): reason
        case .evaluation(let reason): "the evaluation failed: \(reason)"
        case .log(let file, let reason): "\(file): \(reason)"
        case .resume(let folder, let reason): "\(folder): cannot resume: \(reason)"
        case .overflow(let count):
            "loss or gradients leave the range of float16, or are not finite at all, and halving the loss scale does not "
                + "help; \(count) updates were skipped. Use a lower learning rate, or load the model with --dtype bfloat16 "
                + "(compute capability 8.0 and newer) or float32"
        case .image(let error): "\(error)"
        case .model(let error): "\(error)"
        }
    }
}

extension TrainingError {
    /// What memory was refused, if that is what went wrong.
    var shortage: PlanChange.Reason? {
        guard case .model(.tensor(.outOfMemory(let what, let byteCount, _))) = self else { return nil }
        return .outOfMemory(what: what, byteCount: byteCount)
    }
}

/// Runs `body`, turning what a tensor operation throws into a `TrainingError`.
func trainingErrors<Result>(_ body: () throws(TensorError) -> Result) throws(TrainingError) -> Result {
    do { return try body() } catch { throw .model(.tensor(error)) }
}

/// Runs `body`, turning what a model throws into a `TrainingError`.
func modelErrors<Result>(_ body: () throws(ModelError) -> Result) throws(TrainingError) -> Result {
    do { return try body() } catch { throw .model(error) }
}

/// Runs `body`, turning what a checkpoint file throws into a `TrainingError`.
func fileErrors<Result>(_ body: () throws(CheckpointError) -> Result) throws(TrainingError) -> Result {
    do { return try body() } catch { throw .model(.checkpoint(error)) }
}
