import Testing

@testable import Detection

@Suite("ImagePredictions")
struct ImagePredictionsTests {
    private let sample = [
        ImagePredictions(
            image: "a.jpg", width: 640, height: 480,
            detections: Detections(
                boxes: [Box(xMin: 0.1, yMin: 2, xMax: 100.25, yMax: 40)], classIDs: [nil], classNames: ["猫 \"x\""],
                confidences: [0.30000000000000004])),
        ImagePredictions(image: "b.jpg", width: 1, height: 2, detections: .empty),
    ]

    @Test("what is written is read back")
    func roundTrip() throws {
        let text = ImagePredictions.format(sample)
        #expect(text.hasSuffix("\n"))
        #expect(try ImagePredictions.parse(Array(text.utf8), name: "p.jsonl") == sample)
    }

    @Test("a mark at the start, CRLF, blank lines and a last line without end are in order")
    func lineEnds() throws {
        let line = #"{"image":"a","width":1,"height":1,"boxes":[],"classes":[]}"#
        let text = "\u{FEFF}\(line)\r\n\r\n  \n\(line.replacing("\"a\"", with: "\"b\""))"
        #expect(try ImagePredictions.parse(Array(text.utf8), name: "p").map(\.image) == ["a", "b"])
    }

    @Test("an empty file holds no predictions")
    func empty() throws {
        #expect(try ImagePredictions.parse([], name: "p").isEmpty)
    }

    @Test(
        "a wrong line is an error with file and line",
        arguments: [
            ("[]", PredictionError.Problem.wrongKind(key: "the line", expected: "an object", found: "an array")),
            (#"{"image":1}"#, .wrongKind(key: "image", expected: "a string", found: "a whole number")),
            (#"{"image":"a"}"#, .missingKey("width")),
            (
                #"{"image":"a","width":0}"#,
                .wrongKind(key: "width", expected: "a whole number above 0", found: "a whole number")
            ),
            (
                #"{"image":"a","width":1,"height":1,"boxes":[[1,2,3]],"classes":[]}"#,
                .wrongKind(key: "boxes[0]", expected: "4 finite numbers", found: "[1,2,3]")
            ),
            (
                #"{"image":"a","width":1,"height":1,"boxes":[[1,2,3,NaN]],"classes":["a"]}"#,
                .wrongKind(key: "boxes[0]", expected: "4 finite numbers", found: "[1,2,3,NaN]")
            ),
            (
                #"{"image":"a","width":1,"height":1,"boxes":[[1,2,3,4]],"classes":[]}"#,
                .unequalColumns("classes", count: 0, boxes: 1)
            ),
            (
                #"{"image":"a","width":1,"height":1,"boxes":[[1,2,3,4]],"classes":["a"],"confidences":[]}"#,
                .unequalColumns("confidences", count: 0, boxes: 1)
            ),
            (
                #"{"image":"a","width":1,"height":1,"boxes":[[1,2,3,4]],"classes":["a"],"confidences":[2]}"#,
                .wrongKind(key: "confidences[0]", expected: "a number from 0 to 1", found: "2")
            ),
        ])
    func errors(_ line: String, _ problem: PredictionError.Problem) {
        let text = ImagePredictions.format(sample) + line
        let error = #expect(throws: PredictionError.self) {
            try ImagePredictions.parse(Array(text.utf8), name: "p.jsonl")
        }
        #expect(error?.line == 3)
        #expect(error?.problem == problem)
        #expect(error?.description.hasPrefix("p.jsonl:3: ") == true)
    }

    @Test("a line that is no JSON is an error with file, line and column")
    func notJSON() {
        let error = #expect(throws: PredictionError.self) {
            try ImagePredictions.parse(Array("\n{\"image\":".utf8), name: "p.jsonl")
        }
        #expect(error?.description.hasPrefix("p.jsonl:2: the line is no JSON (column 10: ") == true)
    }

    @Test("a picture that occurs twice is an error")
    func duplicate() {
        let text = ImagePredictions.format([sample[0], sample[0]])
        #expect(throws: PredictionError(file: "p", line: 2, problem: .duplicateImage("a.jpg", earlierLine: 1))) {
            try ImagePredictions.parse(Array(text.utf8), name: "p")
        }
    }
}
