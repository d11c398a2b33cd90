import Models
import Testing

@Suite("Rows of tokens refuse what does not fit together")
struct TokenBatchTests {
    @Test("padding between tokens, rows of padding alone, and arrays of other lengths are errors")
    func shapes() {
        func make(_ attends: [Bool], labels: [Int32]? = nil) throws -> TokenBatch {
            try TokenBatch(
                count: 1, length: 4, ids: [1, 2, 3, 4], attends: attends, types: [0, 0, 0, 0], labels: labels)
        }
        #expect(throws: ModelError.self) { try make([true, false, true, true]) }
        #expect(throws: ModelError.self) { try make([false, false, false, false]) }
        #expect(throws: ModelError.self) { try make([true, true, true]) }
        #expect(throws: ModelError.self) { try make([true, true, true, true], labels: [1]) }
        #expect(throws: Never.self) { try make([false, true, true, false]) }
    }

    @Test("a label is predicted by the token before it, never by padding, never the first")
    func predictions() throws {
        let batch = try TokenBatch(
            count: 2, length: 4, ids: [0, 5, 6, 7, 5, 6, 7, 0],
            attends: [false, true, true, true, true, true, true, false],
            types: [0, 0, 1, 1, 0, 1, 1, 0], labels: [-100, -100, 6, 7, 5, 6, 7, 9])
        #expect(batch.predictions.places == [1, 2, 4, 5])
        #expect(batch.predictions.labels == [6, 7, 6, 7])
        #expect(batch.prefixEnds == [2, 1])
        #expect(batch.tokenRanges == [1..<4, 0..<3])
    }

    @Test("without labels nothing is predicted, and a loss cannot be asked for")
    func unlabelled() throws {
        let batch = try TokenBatch(
            count: 1, length: 2, ids: [5, 6], attends: [true, true], types: [0, 0], labels: nil)
        #expect(batch.predictions.places.isEmpty && batch.prefixEnds == [2])
    }
}
