import Checkpoints
import Console
import Models
import Tensors

/// A loaded model, and what the session must know of it besides its weights.
final class LoadedModel {
    let model: PaliGemma
    /// The folder it came from.
    let folder: String
    /// Counts changes of the weights, so that their digest is only taken anew when it must be.
    private(set) var generation = 0
    private var lastGeneration = 0
    private var digest: (generation: Int, parts: [StatePart])?

    init(_ model: PaliGemma, folder: String) {
        self.model = model
        self.folder = folder
    }

    /// Call after anything that changes weights, freezing or adapters.
    func noteChange() {
        lastGeneration += 1
        generation = lastGeneration
    }

    /// What the model is now.
    func keep() -> any KeptValue { Kept(self, model.keepState(), generation: generation, digest: digest) }

    private final class Kept: KeptValue {
        private let loaded: LoadedModel
        private let state: ModelState
        private let generation: Int
        private let digest: (generation: Int, parts: [StatePart])?

        init(
            _ loaded: LoadedModel, _ state: ModelState, generation: Int,
            digest: (generation: Int, parts: [StatePart])?
        ) {
            (self.loaded, self.state, self.generation, self.digest) = (loaded, state, generation, digest)
        }

        var storages: [any Storage] { state.storages }

        func restore() {
            loaded.model.restore(state)
            loaded.generation = generation
            loaded.digest = digest
        }
    }

    /// Trained weights by their bytes, frozen ones by their names: those are as the checkpoint has them.
    var stateParts: [StatePart] {
        if let digest, digest.generation == generation { return digest.parts }
        let parameters = model.parameters.parameters
        let names = parameters.map { "\($0.name) \($0.shape) \($0.isTrainable)\n" }.joined()
        var parts = [
            StatePart(name: "layout", content: names.utf8),
            StatePart(name: "type", content: "\(model.elementType.name) \(model.options)".utf8),
        ]
        for parameter in digestedParameters {
            let weights = parameter.master ?? parameter.value
            guard let bytes = try? weights.readBytes() else { continue }
            parts.append(StatePart(name: parameter.name, content: bytes))
        }
        digest = (generation, parts)
        return parts
    }

    /// How many bytes `stateParts` reads; none while it knows their digest.
    var digestedByteCount: Int {
        if let digest, digest.generation == generation { return 0 }
        return digestedParameters.reduce(0) { $0 + ($1.master ?? $1.value).byteCount }
    }

    private var digestedParameters: [Parameter] {
        model.parameters.parameters.filter { $0.isTrainable || generation == 0 && $0.count < 1 << 16 }
    }
}

/// The model that `model load` puts in place.
enum ModelSlot: WorkspaceSlot {
    static let name = "model"

    static func summary(of loaded: LoadedModel) -> Text {
        let store = loaded.model.parameters
        let adapter = loaded.model.adapter.map { ", LoRA r=\($0.r)" } ?? ""
        return """
            \(store.elementCount.grouped) parameters, \(store.trainableElementCount.grouped) trained, \
            \(loaded.model.elementType.name)\(adapter) from \(.path(loaded.folder))
            """
    }

    static func stateParts(of loaded: LoadedModel) -> [StatePart] { loaded.stateParts }

    static func revision(of loaded: LoadedModel) -> Int { loaded.generation }

    static func keep(_ loaded: LoadedModel) -> (any KeptValue)? { loaded.keep() }

    static func digestedByteCount(of loaded: LoadedModel) -> Int { loaded.digestedByteCount }
}

extension Int {
    /// The number with commas between thousands: `9,401,088`.
    var grouped: String {
        let digits = String(magnitude)
        var groups: [Substring] = []
        var end = digits.endIndex
        while end > digits.startIndex {
            let start = digits.index(end, offsetBy: -3, limitedBy: digits.startIndex) ?? digits.startIndex
            groups.insert(digits[start..<end], at: 0)
            end = start
        }
        return (self < 0 ? "-" : "") + groups.joined(separator: ",")
    }
}
