/// How rows hold several suffixes: column `prefixLength + k * suffixLength` starts suffix `k`.
package struct SuffixPacking: Sendable, Equatable {
    /// Suffixes in a row.
    package let count: Int
    /// The columns of image and prefix, padded on the left.
    package let prefixLength: Int
    /// The columns of a suffix, padded on the right.
    package let suffixLength: Int
    /// The tokens of each suffix of each row.
    package let lengths: [[Int]]

    /// The column that predicts `column`, whose suffix may start there.
    func predictor(of column: Int) -> Int {
        column >= prefixLength && (column - prefixLength) % suffixLength == 0 ? prefixLength - 1 : column - 1
    }
}

/// A prompt and several answers to it, which share its pass through the model.
package struct PackedRow: Sendable, Equatable {
    /// Image, beginning, prefix and newline.
    package var prompt: [Int32]
    /// What is to be learned, one after another.
    package var suffixes: [[Int32]]

    /// A row.
    package init(prompt: [Int32], suffixes: [[Int32]]) {
        self.prompt = prompt
        self.suffixes = suffixes
    }
}

extension TokenBatch {
    /// Rows of several suffixes each, with labels.
    ///
    /// - Throws: `ModelError.inputs` if there are no rows, or not equally many suffixes of at least one token in each.
    package init(packing rows: [PackedRow], padID: Int32) throws(ModelError) {
        let counts = Set(rows.map(\.suffixes.count))
        guard let count = counts.first, counts.count == 1, count > 0,
            rows.allSatisfy({ !$0.prompt.isEmpty && $0.suffixes.allSatisfy { !$0.isEmpty } })
        else { throw .inputs(reason: "packed rows need a prompt and equally many answers each") }
        let prefix = rows.map(\.prompt.count).max() ?? 0
        let suffix = rows.flatMap { $0.suffixes.map(\.count) }.max() ?? 0
        func filled<Element>(
            _ padding: Element, prompt: (Int32) -> Element, suffix toElement: (Int32) -> Element
        ) -> [Element] {
            rows.flatMap { row in
                Array(repeating: padding, count: prefix - row.prompt.count) + row.prompt.map(prompt)
                    + row.suffixes.flatMap {
                        $0.map(toElement) + Array(repeating: padding, count: suffix - $0.count)
                    }
            }
        }
        let ignored = TokenBatch.ignoredLabel
        self.init(
            packed: SuffixPacking(
                count: count, prefixLength: prefix, suffixLength: suffix,
                lengths: rows.map { $0.suffixes.map(\.count) }),
            length: prefix + count * suffix, ids: filled(padID, prompt: { $0 }, suffix: { $0 }),
            attends: filled(false, prompt: { _ in true }, suffix: { _ in true }),
            types: filled(0, prompt: { _ in 0 }, suffix: { _ in 1 }),
            labels: filled(ignored, prompt: { _ in ignored }, suffix: { $0 }),
            tokenRanges: rows.map { prefix - $0.prompt.count..<prefix + count * suffix })
    }

    /// Positions from 1, which start again behind the prefix for each suffix; padding stands at 1.
    func packedPositions(_ packing: SuffixPacking) -> [Int32] {
        tokenRanges.enumerated().flatMap { row, range in
            (0..<length).map { column in
                guard attends[row * length + column] else { return 1 }
                let after = max(column - packing.prefixLength, 0) % packing.suffixLength
                return Int32(min(column, packing.prefixLength) + after - range.lowerBound + 1)
            }
        }
    }
}
