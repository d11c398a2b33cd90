import Checkpoints
import Tensors
import Tokenization

/// Why a model cannot be made, loaded, adapted, saved or run.
package enum ModelError: Error, CustomStringConvertible {
    /// A configuration that cannot be read, or says something impossible.
    case configuration(file: String, reason: String)
    /// A model type that Palinote does not know.
    case unknownModelType(file: String, found: String, known: [String])
    /// A weight that the model needs and the checkpoint lacks.
    case missingTensor(name: String, source: String)
    /// Weights of the checkpoint that the model has no place for.
    case unknownTensors(names: [String], source: String)
    /// A weight of another shape than the configuration says.
    case shape(name: String, found: [Int], expected: [Int], source: String)
    /// A target list, rank or adapter file that does not fit the model.
    case adapter(reason: String)
    /// Inputs that do not fit together or the model.
    case inputs(reason: String)
    /// A checkpoint file that cannot be read or written.
    case checkpoint(CheckpointError)
    /// A tokenizer that cannot be loaded.
    case tokenizer(TokenizerError)
    /// A computation that failed.
    case tensor(TensorError)

    package var description: String {
        switch self {
        case .configuration(let file, let reason): "\(file): \(reason)"
        case .unknownModelType(let file, let found, let known):
            "\(file): model_type is \"\(found)\"; Palinote knows \(known.joined(separator: ", "))"
        case .missingTensor(let name, let source):
            "\(source): tensor \"\(name)\" is missing; the checkpoint does not fit its config.json, or is not whole"
        case .unknownTensors(let names, let source):
            "\(source): the model has no place for \(names.count) tensor\(names.count == 1 ? "" : "s"): "
                + names.prefix(5).map { "\"\($0)\"" }.joined(separator: ", ") + (names.count > 5 ? ", …" : "")
        case .shape(let name, let found, let expected, let source):
            "\(source): tensor \"\(name)\" has shape \(found), config.json asks for \(expected)"
        case .adapter(let reason): reason
        case .inputs(let reason): reason
        case .checkpoint(let error): error.description
        case .tokenizer(let error): "\(error)"
        case .tensor(let error): error.description
        }
    }
}

/// Runs `body`, turning what a tensor operation throws into a `ModelError`.
func modelErrors<Result>(_ body: () throws(TensorError) -> Result) throws(ModelError) -> Result {
    do { return try body() } catch { throw .tensor(error) }
}

/// Runs `body`, turning what reading a checkpoint throws into a `ModelError`.
func checkpointErrors<Result>(_ body: () throws(CheckpointError) -> Result) throws(ModelError) -> Result {
    do { return try body() } catch { throw .checkpoint(error) }
}
