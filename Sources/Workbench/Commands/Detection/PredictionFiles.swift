import Console
import Detection

/// Where predictions are written: one file, in the form that its ending names, or a folder with all forms.
struct PredictionFiles {
    private static let stem = "predictions"

    /// Writes predictions; returns the names of the files in a folder, or the file.
    static func write(
        _ predictions: [ImagePredictions], classes: [String], to path: Path, _ context: CommandContext
    ) throws -> [String] {
        let target = context.resolveOutput(path)
        if let format = PredictionFormat.allCases.first(where: { target.hasSuffix(".\($0.rawValue)") }) {
            try FileAccess.write(Array(format.text(of: predictions, classes: classes).utf8), to: target)
            return [path.text]
        }
        try FileAccess.makeFolder(target)
        return try PredictionFormat.allCases.map { format in
            let name = "\(stem).\(format.rawValue)"
            try FileAccess.write(
                Array(format.text(of: predictions, classes: classes).utf8), to: Paths.join(target, name))
            return Paths.join(path.text, name)
        }
    }
}
