import Detection
import JSON
import Testing

@Suite("Predictions are written in the forms that other programs read")
struct PredictionFormatTests {
    private let predictions = [
        ImagePredictions(image: "a,\"b\".jpg", width: 40, height: 30, detections: .empty),
        ImagePredictions(
            image: "c.jpg", width: 40, height: 30,
            detections: Detections(
                boxes: [Box(xMin: 1, yMin: 2, xMax: 11, yMax: 22.5), Box(xMin: 0, yMin: 0, xMax: 4, yMax: 4)],
                classIDs: [nil, nil], classNames: ["king", "joker"], confidences: [0.75, 0.5],
                deviations: [
                    EdgeDeviations(xMin: 0.5, yMin: 1, xMax: 1.5, yMax: 2),
                    EdgeDeviations(xMin: 0, yMin: 0, xMax: 0, yMax: 0),
                ])),
    ]

    @Test("JSON lines come back as they were, deviations included")
    func lines() throws {
        let text = PredictionFormat.jsonLines.text(of: predictions, classes: [])
        #expect(try ImagePredictions.parse(Array(text.utf8), name: "p") == predictions)
        let long = text.replacing("\"deviations\":[", with: "\"deviations\":[[0,0,0,0],")
        #expect(long != text)
        #expect(throws: PredictionError.self) { try ImagePredictions.parse(Array(long.utf8), name: "p") }
    }

    @Test("COCO JSON numbers images and classes from 1 and gives boxes by corner and extent")
    func coco() throws {
        let value = try JSON(
            parsing: Array(PredictionFormat.coco.text(of: predictions, classes: ["ace", "king"]).utf8))
        #expect(value["images"]?.array?.map { $0["id"]?.integer } == [1, 2])
        #expect(value["categories"]?.array?.map { $0["name"]?.string } == ["ace", "king", "joker"])
        let boxes = try #require(value["annotations"]?.array)
        #expect(boxes.map { $0["category_id"]?.integer } == [2, 3])
        #expect(boxes.map { $0["image_id"]?.integer } == [2, 2])
        #expect(boxes.map { $0["score"]?.double } == [0.75, 0.5])
        #expect(boxes[0]["bbox"]?.array?.map(\.double) == [1, 2, 10, 20.5] && boxes[0]["area"]?.double == 205)
    }

    @Test("CSV has a row a box, and quotes what needs it")
    func csv() {
        let text = PredictionFormat.csv.text(of: predictions, classes: [])
        let lines = text.split(separator: "\r\n")
        #expect(lines.count == 3 && text.hasSuffix("\r\n"))
        #expect(lines[1] == "c.jpg,40,30,king,0.75,1.0,2.0,11.0,22.5,0.5,1.0,1.5,2.0")
        let odd = ImagePredictions(
            image: "a,\"b\".jpg", width: 1, height: 1,
            detections: Detections(
                boxes: [Box(xMin: 0, yMin: 0, xMax: 1, yMax: 1)], classIDs: [nil], classNames: ["x"]))
        #expect(
            PredictionFormat.csv.text(of: [odd], classes: []).contains(
                "\"a,\"\"b\"\".jpg\",1,1,x,,0.0,0.0,1.0,1.0,,,,\r\n"))
    }
}
