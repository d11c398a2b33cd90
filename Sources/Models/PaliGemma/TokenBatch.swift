import Tensors

/// Token rows of equal length, as the reference's processor returns them.
package struct TokenBatch: Sendable, Equatable {
    /// The label of a token that does not count.
    package static let ignoredLabel: Int32 = -100

    /// How many rows.
    package let count: Int
    /// How many tokens a row has, padding included.
    package let length: Int
    /// Ids, row by row.
    package let ids: [Int32]
    /// False for padding.
    package let attends: [Bool]
    /// 0 for image and prefix (and padding), 1 for the suffix.
    package let types: [Int32]
    /// The ids to learn, `ignoredLabel` elsewhere; nil in inference.
    package let labels: [Int32]?
    /// The columns of each row that hold tokens.
    package let tokenRanges: [Range<Int>]
    /// How rows hold several suffixes, where they do.
    package let packing: SuffixPacking?
    /// What the label at each place counts, row by row; nil where all count the same.
    package var labelWeights: [Float]? {
        didSet { precondition(labelWeights.map { $0.count == ids.count } ?? true, "one weight for each token") }
    }

    /// Rows of `length` tokens.
    ///
    /// - Throws: `ModelError.inputs` if the arrays are not of `count * length`, or padding stands between tokens.
    package init(
        count: Int, length: Int, ids: [Int32], attends: [Bool], types: [Int32], labels: [Int32]?
    ) throws(ModelError) {
        guard count > 0, length > 0, ids.count == count * length, attends.count == ids.count,
            types.count == ids.count, labels.map({ $0.count == ids.count }) ?? true
        else { throw .inputs(reason: "ids, mask, types and labels need \(count) x \(length) entries each") }
        tokenRanges = try (0..<count).map { (row) throws(ModelError) in
            try Self.tokenRange(attends[row * length..<(row + 1) * length], row: row)
        }
        (self.count, self.length, self.ids) = (count, length, ids)
        (self.attends, self.types, self.labels) = (attends, types, labels)
        packing = nil
    }

    /// Rows without labels that are known to fit together.
    init(
        trusted count: Int, length: Int, ids: [Int32], attends: [Bool], types: [Int32], tokenRanges: [Range<Int>]
    ) {
        (self.count, self.length, self.ids, self.attends) = (count, length, ids, attends)
        (self.types, self.labels, self.tokenRanges) = (types, nil, tokenRanges)
        packing = nil
    }

    /// Rows of several suffixes that are known to fit together.
    init(
        packed packing: SuffixPacking, length: Int, ids: [Int32], attends: [Bool], types: [Int32], labels: [Int32],
        tokenRanges: [Range<Int>]
    ) {
        (count, self.length, self.ids, self.attends) = (tokenRanges.count, length, ids, attends)
        (self.types, self.labels, self.tokenRanges, self.packing) = (types, labels, tokenRanges, packing)
    }

    private static func tokenRange(_ attends: ArraySlice<Bool>, row: Int) throws(ModelError) -> Range<Int> {
        guard let first = attends.firstIndex(of: true), let last = attends.lastIndex(of: true) else {
            throw .inputs(reason: "row \(row) of the batch has no tokens, only padding")
        }
        guard attends[first...last].allSatisfy({ $0 }) else {
            throw .inputs(reason: "row \(row) of the batch has padding between its tokens")
        }
        return first - attends.startIndex..<last + 1 - attends.startIndex
    }

    /// Where the two-directional block of each row ends: its first suffix token, or its last column.
    package var prefixEnds: [Int] {
        (0..<count).map { row in
            types[row * length..<(row + 1) * length].firstIndex(of: 1).map { $0 - row * length } ?? length
        }
    }

    /// The rows and columns that predict a label, as flat places, with the label: logits at `t` predict token `t + 1`,
    /// those of a prefix's last token the first of each suffix.
    package var predictions: (places: [Int32], labels: [Int32]) {
        guard let labels else { return ([], []) }
        let learned = learnedPlaces
        let places = learned.map { place in
            let (row, t) = place.quotientAndRemainder(dividingBy: length)
            return Int32(row * length + (packing?.predictor(of: t) ?? t - 1))
        }
        return (places, learned.map { labels[$0] })
    }

    /// What each label of `predictions` counts; nil where all count the same.
    package var predictionWeights: [Float]? {
        labelWeights.map { weights in learnedPlaces.map { weights[$0] } }
    }

    /// The flat places of the labels that count.
    private var learnedPlaces: [Int] {
        guard let labels else { return [] }
        return (0..<count).flatMap { row in
            (row * length + 1..<(row + 1) * length).filter { labels[$0] != Self.ignoredLabel && attends[$0] }
        }
    }

    /// Positions from 1: of a row's tokens, padding standing at 1; or of all columns, as release 4.47 counts in training.
    func positions(countingPadding: Bool) -> [Int32] {
        if let packing { return packedPositions(packing) }
        if countingPadding { return (0..<count).flatMap { _ in (1...Int32(length)) } }
        return tokenRanges.flatMap { range in
            (0..<length).map { Int32(range.contains($0) ? $0 - range.lowerBound + 1 : 1) }
        }
    }
}
