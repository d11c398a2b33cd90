import JSON

/// The forms in which predictions are written for other programs.
package enum PredictionFormat: String, Sendable, CaseIterable {
    /// A line a picture, which `evaluate --predictions` reads again.
    case jsonLines = "jsonl"
    /// Images, categories and annotations with a `score`, which pycocotools opens.
    case coco = "json"
    /// A row a box, for spreadsheets.
    case csv

    /// The text of a file of predictions.
    ///
    /// - Parameters:
    ///   - predictions: pictures in their order.
    ///   - classes: names in the order of their ids; names that are not among them follow it.
    package func text(of predictions: [ImagePredictions], classes: [String]) -> String {
        switch self {
        case .jsonLines: ImagePredictions.format(predictions)
        case .coco: Self.coco(predictions, classes: classes).text(.compact) + "\n"
        case .csv: Self.csv(predictions)
        }
    }

    /// Ids begin at 1 and count pictures and classes, as those of a data set that is written as COCO do. Without a
    /// confidence a box scores 1, since COCO's tools need a score.
    private static func coco(_ predictions: [ImagePredictions], classes: [String]) -> JSON {
        var names = classes
        var ids = Dictionary(zip(classes, 1...), uniquingKeysWith: { first, _ in first })
        var images: [JSON] = []
        var annotations: [JSON] = []
        for (number, prediction) in predictions.enumerated() {
            images.append([
                "id": .integer(Int64(number + 1)), "file_name": .string(prediction.image),
                "width": .integer(Int64(prediction.width)), "height": .integer(Int64(prediction.height)),
            ])
            for row in 0..<prediction.detections.count {
                let found = prediction.detections[row]
                if ids[found.className] == nil {
                    names.append(found.className)
                    ids[found.className] = names.count
                }
                let box = found.box
                annotations.append([
                    "id": .integer(Int64(annotations.count + 1)), "image_id": .integer(Int64(number + 1)),
                    "category_id": .integer(Int64(ids[found.className] ?? 0)),
                    "bbox": .array([box.xMin, box.yMin, box.width, box.height].map(JSON.number)),
                    "area": .number(box.area), "iscrowd": 0, "score": .number(found.confidence ?? 1),
                ])
            }
        }
        let categories = names.enumerated().map { number, name -> JSON in
            ["id": .integer(Int64(number + 1)), "name": .string(name)]
        }
        return ["images": .array(images), "annotations": .array(annotations), "categories": .array(categories)]
    }

    private static func csv(_ predictions: [ImagePredictions]) -> String {
        let header = "image,width,height,class,confidence,x_min,y_min,x_max,y_max,x_min_sd,y_min_sd,x_max_sd,y_max_sd"
        let rows = predictions.flatMap { prediction in
            (0..<prediction.detections.count).map { row in
                let found = prediction.detections[row]
                let (box, deviation) = (found.box, found.deviation)
                let numbers: [Double?] = [
                    found.confidence, box.xMin, box.yMin, box.xMax, box.yMax, deviation?.xMin, deviation?.yMin,
                    deviation?.xMax, deviation?.yMax,
                ]
                let fields = [
                    quoted(prediction.image), "\(prediction.width)", "\(prediction.height)", quoted(found.className),
                ]
                return (fields + numbers.map { $0.map { "\($0)" } ?? "" }).joined(separator: ",")
            }
        }
        return ([header] + rows).map { $0 + "\r\n" }.joined()
    }

    /// A field as RFC 4180 has it: in quotes where it holds a comma, a quote or a line end.
    private static func quoted(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
