import Checkpoints
import Models
import Tensors

/// A training that somebody thinks of: all that decides its memory and time.
package struct TrainingRequest {
    /// The weights and their shape.
    package enum Source {
        /// A checkpoint's folder, of which only config.json and the headers of its files are read.
        case folder(String)
        /// A shape, whose files would hold bfloat16.
        case shape(PaliGemmaConfiguration)
    }

    package var source: Source
    package var elementType = ElementType.float32
    package var quantization: QuantizationConfiguration?
    /// Pixels on a side, where not the checkpoint's.
    package var imageSize: Int?
    /// Which weights are frozen, by name; an adapter freezes all others anyway.
    package var freezes: (_ name: String) -> Bool = { _ in false }
    package var adapter: AdapterConfiguration?
    package var arguments = TrainingArguments()
    /// Text tokens that are only read, `<bos>` and the line end among them.
    package var promptTokens = 16
    /// Text tokens that are learned.
    package var answerTokens = 48
    /// Pictures of an epoch.
    package var exampleCount = 100
    /// Bytes for features of pictures that were seen.
    package var featureBudget = 2 << 30
    /// Bytes that a session may take to undo the training.
    package var undoBudget = 1 << 30

    /// A training of all weights with the defaults.
    package init(_ source: Source) { self.source = source }

    /// The shape of the model.
    package func configuration() throws(ModelError) -> PaliGemmaConfiguration {
        var configuration =
            switch source {
            case .folder(let folder): try PaliGemmaConfiguration(folder: folder)
            case .shape(let shape): shape
            }
        if let imageSize { configuration.vision.imageSize = imageSize }
        return configuration
    }

    /// The model as it would be opened, on a device that takes nothing.
    func model(on backend: RehearsalBackend) throws(ModelError) -> PaliGemma {
        let configuration = try configuration()
        guard case .folder(let folder) = source,
            let checkpoint = try? Checkpoint(folder: folder)
        else {
            return try PaliGemma(
                configuration, source: OutlinedWeights(.bfloat16, elementType, backend), elementType: elementType,
                quantization: quantization, backend: backend)
        }
        guard imageSize == nil else {
            let stored = checkpoint.names.lazy.compactMap { try? checkpoint.entry($0).elementType }
                .first { $0.isFloatingPoint }
            return try PaliGemma(
                configuration, source: OutlinedWeights(stored ?? .bfloat16, elementType, backend),
                elementType: elementType, quantization: quantization, backend: backend)
        }
        return try PaliGemma(folder: folder, elementType: elementType, quantization: quantization, backend: backend)
    }
}

/// Weights of files that are not there: names and shapes, and the memory that opening them would take.
private struct OutlinedWeights: ParameterSource {
    private let stored: ElementType
    private let elementType: ElementType
    private let backend: RehearsalBackend

    init(_ stored: ElementType, _ elementType: ElementType, _ backend: RehearsalBackend) {
        (self.stored, self.elementType, self.backend) = (stored, elementType, backend)
    }

    var mapsFiles: Bool { true }

    func values(of name: String, shape: [Int]) throws(ModelError) -> Tensor {
        let file = Tensor(
            storage: backend.outline(byteCount: shape.product * stored.byteCount), shape: shape, elementType: stored,
            backend: backend)
        do { return try file.converted(to: elementType) } catch { throw .tensor(error) }
    }
}
