import Console
import Models

/// `model info`: shape, parts and options of the loaded model.
struct ModelInfoCommand: Command {
    static let name = "model info"
    static let summary = "show the model's shape, device, type and trainable share"
    static let examples = ["model info"]

    mutating func run(_ context: CommandContext) throws {
        let loaded = try context.loadedModel()
        let model = loaded.model
        let (text, vision) = (model.configuration.text, model.configuration.vision)
        var fields = Fields([
            ("device", Text(.host(model.backend.device.signature))),
            ("type", model.typeText),
            (
                "vision",
                "SigLIP, \(vision.layerCount) layers of \(vision.hiddenSize), \(vision.headCount) heads, \(vision.imageSize) px"
            ),
            (
                "text",
                "\(text.family.rawValue), \(text.layerCount) layers of \(text.hiddenSize), \(text.headCount) heads over \(text.keyValueHeadCount)"
            ),
            ("vocabulary", "\(text.vocabularySize.grouped)"),
            ("trained", model.parameters.trainableShare),
            ("weights", "\(Quantity.byteText(model.parameters.byteCount))"),
        ])
        if let adapter = model.adapter {
            fields.add("adapter", "\(adapter.useDora ? "DoRA" : "LoRA") r=\(adapter.r) on \(adapter.targetModules)")
        }
        context.emit(.fields(fields))
    }
}

extension ParameterStore {
    /// The line that peft prints: trained and all parameters, and the share.
    var trainableShare: Text {
        let share = 100 * Double(trainableElementCount) / Double(max(elementCount, 1))
        return "trainable params: \(trainableElementCount.grouped) || all params: \(elementCount.grouped) || "
            + "trainable%: \(share, .fixed(4))"
    }
}
