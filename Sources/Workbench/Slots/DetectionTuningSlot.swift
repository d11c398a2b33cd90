import Console
import Detection

/// The temperatures and thresholds that `calibrate` and `thresholds` chose, and the recipe of `train`, or what came with
/// the model.
enum DetectionTuningSlot: WorkspaceSlot {
    static let name = "tuning"

    static func summary(of tuning: DetectionTuning) -> Text {
        let temperatures = tuning.temperatures.sorted { $0.key < $1.key }.map { "\($0.key)" }
        let recipe = tuning.noiseBoxes.map { ", noise boxes up to \($0.objectCount)" } ?? ""
        return "temperature of \(temperatures.isEmpty ? "nothing" : temperatures.joined(separator: ", ")), "
            + "thresholds of \(tuning.thresholds.count) classes\(recipe)"
    }

    static func stateParts(of tuning: DetectionTuning) -> [StatePart] {
        [StatePart(name: "values", content: tuning.text.utf8)]
    }
}

extension CommandContext {
    /// What is known of the model's confidences.
    var tuning: DetectionTuning {
        get { workspace[DetectionTuningSlot.self] ?? DetectionTuning() }
        set {
            guard newValue != tuning else { return }
            workspace[DetectionTuningSlot.self] = newValue.isEmpty ? nil : newValue
        }
    }

    /// Takes the temperatures and thresholds that lie in a model's or adapter's folder; forgets those of before where
    /// there are none.
    func loadTuning(folder: String) throws {
        let file = Paths.join(folder, DetectionTuning.fileName)
        guard FileAccess.exists(file) else {
            tuning = DetectionTuning()
            return
        }
        tuning = try DetectionTuning(parsing: FileAccess.read(file), name: file)
        say("confidences: \(DetectionTuningSlot.summary(of: tuning))")
    }

    /// Writes the temperatures and thresholds beside a model's or adapter's weights, and leaves none of before there.
    func saveTuning(folder: String) throws {
        let file = Paths.join(folder, DetectionTuning.fileName)
        if tuning.isEmpty { return try FileAccess.remove(file) }
        try FileAccess.write(Array(tuning.text.utf8), to: file)
    }
}
