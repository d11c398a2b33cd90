import Console
import Models

/// How a model's linear layers are quantized when it is opened.
struct QuantizationOptions: OptionGroupContents {
    @Option("put linear layers into 4 bits while opening") var quantization = QuantizationChoice.none
    @Option("whether the scales of 4-bit blocks are quantized too") var scales = ScalesChoice.nested
    @Option("modules to leave as they are: paths, or parts of paths") var skipModules: [String]?
    @Option("the type that quantized layers compute with; the model's if not given") var computeDtype: TypeChoice?

    /// What was chosen, or nil.
    var configuration: QuantizationConfiguration? {
        guard quantization == .nf4 else { return nil }
        var configuration = QuantizationConfiguration()
        configuration.useDoubleQuant = scales == .nested
        configuration.skipModules = skipModules
        configuration.computeType = computeDtype?.elementType
        return configuration
    }
}

/// The kinds of quantization.
enum QuantizationChoice: String, Choice {
    case none, nf4
}

/// How scales of blocks are kept.
enum ScalesChoice: String, Choice {
    case nested, plain
}
