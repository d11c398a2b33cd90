import Foundation
import JSON
import TestSupport
import Testing

@testable import Detection

/// One set of fixtures/detection/metrics.json; see Tests/Reference/detection/make_metrics.py.
struct MetricFixture: Sendable, CustomTestStringConvertible {
    let name: String
    let classes: [String]
    let images: [ScoredImage]
    let json: JSON

    var testDescription: String { name }

    /// Every set of the file; empty where the file is broken, which a test notices.
    static let all: [MetricFixture] = file["sets"]?.array?.compactMap(MetricFixture.init) ?? []

    /// Confidence and IoU thresholds of the confusion matrices.
    static let thresholds: [[Double]] = file["thresholds"]?.array?.map(\.numbers) ?? []

    private static let file: JSON = {
        let url = Folders.fixtures.appendingPathComponent("detection/metrics.json")
        guard let data = try? Data(contentsOf: url) else { return .null }
        return (try? JSON(parsing: data)) ?? .null
    }()

    private init?(_ json: JSON) {
        guard let name = json["name"]?.string, let count = json["classes"]?.integer,
            let pictures = json["images"]?.array
        else { return nil }
        self.name = name
        self.json = json
        classes = (0..<count).map(String.init)
        images = pictures.map {
            ScoredImage(
                predictions: Self.detections($0["predictions"]), targets: Self.detections($0["targets"]))
        }
    }

    private static func detections(_ rows: JSON?) -> Detections {
        let rows = (rows?.array ?? []).map(\.numbers)
        let confidences = rows.compactMap { $0.count > 5 ? $0[5] : nil }
        return Detections(
            boxes: rows.map { Box(xMin: $0[0], yMin: $0[1], xMax: $0[2], yMax: $0[3]) },
            classIDs: rows.map { Int($0[4]) }, classNames: rows.map { String(Int($0[4])) },
            confidences: confidences.count == rows.count ? confidences : nil)
    }
}

extension JSON {
    /// The numbers of an array.
    var numbers: [Double] { array?.compactMap(\.double) ?? [] }
}
