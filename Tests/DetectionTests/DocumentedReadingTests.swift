import Foundation
import TestSupport
import Testing

@testable import Detection

@Suite("The table of readings in docs/detections.md")
struct DocumentedReadingTests {
    /// The cells of each row of the table.
    private static let rows: [[String]] = {
        let page = Folders.package.appendingPathComponent("docs/detections.md")
        let text = (try? String(contentsOf: page, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().prefix(4).map { cell in
                cell.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
            }
        }
    }()

    @Test("the table is there")
    func table() {
        #expect(Self.rows.count > 20)
    }

    @Test("each row tells the truth", arguments: rows)
    func row(_ cells: [String]) {
        var text = cells[0]
        for count in 3...5 {
            let tokens = (1...count).map { "<loc0\($0)00>" }.joined()
            text = text.replacing("[\(count)]", with: tokens)
        }
        func read(_ compatibility: LocationTextOptions.Compatibility) -> (names: String, reasons: String) {
            let (detections, rejected) = LocationText.parse(
                text, imageWidth: 100, imageHeight: 100, options: LocationTextOptions(compatibility: compatibility))
            return (
                detections.classNames.joined(separator: ", "),
                rejected.map(\.reason.description).joined(separator: ", ")
            )
        }
        #expect(read(.supervision025).names == cells[1])
        #expect(read(.palinote).names == cells[2])
        #expect(read(.palinote).reasons == cells[3])
    }
}
