import JSON

/// What must be known of a model to read its answers, kept beside its weights: temperatures and thresholds of its
/// confidences, learned on validation, and the recipe that it was trained by.
package struct DetectionTuning: Sendable, Equatable {
    /// The name of the file beside the weights.
    package static let fileName = "palinote_detection.json"

    /// The temperature of each way to make confidences.
    package var temperatures: [String: Double] = [:]
    /// How the confidences were made that `thresholds` speak of.
    package var thresholdScores: String?
    /// The least confidence, after its temperature, that counts for each class; other classes have none.
    package var thresholds: [String: Double] = [:]

    /// Where the model has learned by the noise-box recipe: its classes and how many boxes an answer says.
    package var noiseBoxes: NoiseBoxRecipe?

    /// Nothing learned.
    package init() {}

    /// Whether nothing was learned.
    package var isEmpty: Bool { temperatures.isEmpty && thresholds.isEmpty && noiseBoxes == nil }

    /// The scaling of one way to make confidences; one that changes nothing where none was learned.
    package func scaling(of scores: String) -> TemperatureScaling? {
        temperatures[scores].map(TemperatureScaling.init)
    }

    /// Detections without those below their class's threshold; those without a confidence stay.
    package func filtered(_ detections: Detections) -> Detections {
        detections.filtered { found in
            guard let confidence = found.confidence, let least = thresholds[found.className] else { return true }
            return confidence >= least
        }
    }

    /// The file's text.
    package var text: String {
        func members(_ values: [String: Double]) -> JSON {
            var object = JSONObject()
            for (key, value) in values.sorted(by: { $0.key < $1.key }) { object[key] = .number(value) }
            return .object(object)
        }
        var object = JSONObject()
        object["temperatures"] = members(temperatures)
        if let thresholdScores { object["threshold_scores"] = .string(thresholdScores) }
        object["thresholds"] = members(thresholds)
        if let noiseBoxes {
            object["noise_boxes"] = [
                "classes": .array(noiseBoxes.classes.map(JSON.string)),
                "objects": .integer(Int64(noiseBoxes.objectCount)),
            ]
        }
        return JSON.object(object).text(.pretty) + "\n"
    }

    /// Reads a file's bytes.
    ///
    /// - Throws: `TuningError` for what is no such file, a temperature that is not above 0, a threshold outside 0…1.
    package init(parsing bytes: [UInt8], name: String) throws(TuningError) {
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: bytes, name: name)
        } catch {
            throw TuningError(file: name, reason: "\(error)")
        }
        func numbers(_ key: String, _ expected: String, _ isValid: (Double) -> Bool) throws(TuningError)
            -> [String: Double]
        {
            guard let found = value[key] else { return [:] }
            guard let object = found.object else {
                throw TuningError(file: name, reason: "\(key) is \(found.kind), expected an object")
            }
            var numbers: [String: Double] = [:]
            for (member, json) in object {
                guard let number = json.double, number.isFinite, isValid(number) else {
                    throw TuningError(
                        file: name, reason: "\(key)[\"\(member)\"] is \(json.text()), expected \(expected)")
                }
                numbers[member] = number
            }
            return numbers
        }
        temperatures = try numbers("temperatures", "a number above 0") { $0 > 0 }
        thresholds = try numbers("thresholds", "a number from 0 to 1") { (0...1).contains($0) }
        thresholdScores = value["threshold_scores"]?.string
        if let recipe = value["noise_boxes"], !recipe.isNull {
            let classes = recipe["classes"]?.array?.compactMap(\.string) ?? []
            guard let count = recipe["objects"]?.integer,
                let noiseBoxes = NoiseBoxRecipe(classes: classes, objectCount: Int(count))
            else { throw TuningError(file: name, reason: "noise_boxes needs classes and a number of objects above 0") }
            self.noiseBoxes = noiseBoxes
        }
    }
}

/// Why a file of temperatures and thresholds cannot be read.
package struct TuningError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file.
    package let file: String
    /// What was found, and what was expected.
    package let reason: String

    /// One sentence.
    package var description: String { "\(file): \(reason)" }
}
