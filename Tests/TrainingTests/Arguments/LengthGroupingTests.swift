import Foundation
import TestSupport
import Testing

@testable import Training

@Suite("Orders grouped by length are those of transformers' sampler")
struct LengthGroupingTests {
    /// An order made by `Tests/Reference/training/make_smoothing.py`.
    struct Case: Decodable {
        let batchSize: Int
        let lengths: [Int]
        let shuffled: [Int]
        let order: [Int]
    }

    @Test("the same permutation gives the same order")
    func orders() throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let file = Folders.fixtures.appendingPathComponent("training/grouping-period.json")
        let cases = try decoder.decode([Case].self, from: Data(contentsOf: file))
        #expect(cases.count == 5)
        for item in cases {
            let order = LengthGrouping.order(item.shuffled, lengths: item.lengths, batchSize: item.batchSize)
            #expect(order == item.order)
        }
    }
}
