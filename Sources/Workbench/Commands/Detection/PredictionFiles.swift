import Console
import Detection

/// Where predictions are written: one file, in the form that its ending names, or a folder with all forms.
struct PredictionFiles {
    private static let stem = "predictions"

    /// Makes the folder that predictions will be written to, before any work is done for them.
    static func prepare(_ path: Path?, _ context: CommandContext) throws {
        guard let path else { return }
        let target = context.resolve(path)
        try FileAccess.makeFolder(format(of: target) == nil ? target : Paths.folder(of: target))
    }

    /// Writes predictions; returns the names of the files in a folder, or the file.
    static func write(
        _ predictions: [ImagePredictions], classes: [String], to path: Path, _ context: CommandContext
    ) throws -> [String] {
        let target = context.resolveOutput(path)
        if let format = format(of: target) {
            try FileAccess.write(Array(format.text(of: predictions, classes: classes).utf8), to: target)
            return [path.text]
        }
        return try PredictionFormat.allCases.map { format in
            let name = "\(stem).\(format.rawValue)"
            try FileAccess.write(
                Array(format.text(of: predictions, classes: classes).utf8), to: Paths.join(target, name))
            return Paths.join(path.text, name)
        }
    }

    /// The form that a file's ending names; nil for a folder.
    private static func format(of path: String) -> PredictionFormat? {
        PredictionFormat.allCases.first { path.hasSuffix(".\($0.rawValue)") }
    }
}
