import JSON

/// Stored predictions for one picture: a line of a predictions file.
///
/// A line is `{"image":…,"width":…,"height":…,"boxes":[[xMin,yMin,xMax,yMax],…],"classes":[…],"confidences":[…]}`, boxes in
/// pixels, origin at the top left; `confidences`, and `deviations` (four a box, in pixels), may be left out.
package struct ImagePredictions: Sendable, Equatable {
    /// The picture's file name, as in the data set.
    package let image: String
    /// The picture's width, in pixels.
    package let width: Int
    /// The picture's height, in pixels.
    package let height: Int
    /// What was predicted; class ids are nil until they are looked up in a list of classes.
    package let detections: Detections

    /// Puts a picture's name and size beside its predictions.
    package init(image: String, width: Int, height: Int, detections: Detections) {
        self.image = image
        self.width = width
        self.height = height
        self.detections = detections
    }

    /// The same picture with other detections.
    package func with(_ detections: Detections) -> ImagePredictions {
        ImagePredictions(image: image, width: width, height: height, detections: detections)
    }

    /// Reads a predictions file.
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - name: the file's name, for errors.
    /// - Throws: `PredictionError` for the first line that is wrong, or for a picture that occurs twice.
    package static func parse(_ bytes: [UInt8], name: String) throws(PredictionError) -> [ImagePredictions] {
        var all: [ImagePredictions] = []
        var lines: [String: Int] = [:]
        for line in JSONLines(bytes) {
            func failure(_ problem: PredictionError.Problem) -> PredictionError {
                PredictionError(file: name, line: line.number, problem: problem)
            }
            let value: JSON
            switch line.json() {
            case .success(let json): value = json
            case .failure(let error): throw failure(.notJSON("column \(error.column): \(error.problem)"))
            }
            let predictions: ImagePredictions
            do throws(PredictionError.Problem) {
                predictions = try ImagePredictions(value)
            } catch {
                throw failure(error)
            }
            if let earlier = lines.updateValue(line.number, forKey: predictions.image) {
                throw failure(.duplicateImage(predictions.image, earlierLine: earlier))
            }
            all.append(predictions)
        }
        return all
    }

    /// Writes a predictions file: a line a picture, each with a line end.
    package static func format(_ predictions: [ImagePredictions]) -> String {
        predictions.map { $0.json.text(.compact) + "\n" }.joined()
    }
}

extension ImagePredictions {
    private var json: JSON {
        var members: JSON = [
            "image": .string(image), "width": .integer(Int64(width)), "height": .integer(Int64(height)),
            "boxes": .array(
                detections.boxes.map { .array([$0.xMin, $0.yMin, $0.xMax, $0.yMax].map(JSON.number)) }),
            "classes": .array(detections.classNames.map(JSON.string)),
        ]
        if let confidences = detections.confidences, var object = members.object {
            object["confidences"] = .array(confidences.map(JSON.number))
            members = .object(object)
        }
        if let deviations = detections.deviations, var object = members.object {
            object["deviations"] = .array(
                deviations.map { .array([$0.xMin, $0.yMin, $0.xMax, $0.yMax].map(JSON.number)) })
            members = .object(object)
        }
        return members
    }

    private init(_ value: JSON) throws(PredictionError.Problem) {
        guard value.object != nil else { throw .wrongKind(key: "the line", expected: "an object", found: value.kind) }
        image = try Self.member("image", of: value, expected: "a string") { $0.string }
        width = try Self.member("width", of: value, expected: "a whole number above 0", Self.positive)
        height = try Self.member("height", of: value, expected: "a whole number above 0", Self.positive)
        let boxes = try Self.column("boxes", of: value, expected: "4 finite numbers", Self.box)
        let names = try Self.column("classes", of: value, expected: "a string") { $0.string }
        guard names.count == boxes.count else {
            throw .unequalColumns("classes", count: names.count, boxes: boxes.count)
        }
        var confidences: [Double]?
        if let stored = value["confidences"], !stored.isNull {
            let numbers = try Self.column("confidences", of: value, expected: "a number from 0 to 1", Self.confidence)
            guard numbers.count == boxes.count else {
                throw .unequalColumns("confidences", count: numbers.count, boxes: boxes.count)
            }
            confidences = numbers
        }
        var deviations: [EdgeDeviations]?
        if let stored = value["deviations"], !stored.isNull {
            let edges = try Self.column("deviations", of: value, expected: "4 finite numbers", Self.box)
            guard edges.count == boxes.count else {
                throw .unequalColumns("deviations", count: edges.count, boxes: boxes.count)
            }
            deviations = edges.map { EdgeDeviations(xMin: $0.xMin, yMin: $0.yMin, xMax: $0.xMax, yMax: $0.yMax) }
        }
        detections = Detections(
            boxes: boxes, classIDs: names.map { _ in nil }, classNames: names, confidences: confidences,
            deviations: deviations)
    }

    private static func member<Value>(
        _ key: String, of object: JSON, expected: String, _ read: (JSON) -> Value?
    ) throws(PredictionError.Problem) -> Value {
        guard let found = object[key] else { throw .missingKey(key) }
        guard let value = read(found) else { throw .wrongKind(key: key, expected: expected, found: found.kind) }
        return value
    }

    private static func column<Value>(
        _ key: String, of object: JSON, expected: String, _ read: (JSON) -> Value?
    ) throws(PredictionError.Problem) -> [Value] {
        let elements = try member(key, of: object, expected: "an array") { $0.array }
        var values: [Value] = []
        for (place, element) in elements.enumerated() {
            guard let value = read(element) else {
                throw .wrongKind(key: "\(key)[\(place)]", expected: expected, found: element.text())
            }
            values.append(value)
        }
        return values
    }

    private static func positive(_ value: JSON) -> Int? {
        value.integer.flatMap { $0 > 0 ? $0 : nil }
    }

    private static func confidence(_ value: JSON) -> Double? {
        value.double.flatMap { (0...1).contains($0) ? $0 : nil }
    }

    private static func box(_ value: JSON) -> Box? {
        guard let edges = value.array?.map(\.double), edges.count == 4,
            let xMin = edges[0], let yMin = edges[1], let xMax = edges[2], let yMax = edges[3]
        else { return nil }
        let box = Box(xMin: xMin, yMin: yMin, xMax: xMax, yMax: yMax)
        return box.isFinite ? box : nil
    }
}
