import Tensors

/// Attention over rows that hold several suffixes behind one image and prefix: each suffix sees these and itself.
///
/// The prefix attends to itself; each suffix, as a row of its own, to copies of the prefix's keys with its own behind
/// them. So a token sees what it sees in a pass of its own, in the same order, and its bits are the same.
struct PackedAttention {
    private let batch: Int
    private let packing: SuffixPacking
    /// The places of prefix and suffix tokens among all, and of each suffix's keys.
    private let prefixRows: [Int32], suffixRows: [Int32], keyRows: [Int32]
    private let prefixMask: AttentionMask, suffixMask: AttentionMask

    init(_ tokens: TokenBatch, _ packing: SuffixPacking, windowSparesPrefix: Bool) {
        batch = tokens.count
        self.packing = packing
        let (prefix, suffix) = (packing.prefixLength, packing.suffixLength)
        var (prefixRows, suffixRows, keyRows): ([Int32], [Int32], [Int32]) = ([], [], [])
        var (keys, rowKeys): ([Range<Int>], [Range<Int>]) = ([], [])
        for row in 0..<tokens.count {
            let start = row * tokens.length
            let ofPrefix = (start..<start + prefix).map { Int32($0) }
            let first = tokens.tokenRanges[row].lowerBound
            prefixRows += ofPrefix
            rowKeys.append(first..<prefix)
            for order in 0..<packing.count {
                let place = start + prefix + order * suffix
                let ofSuffix = (place..<place + suffix).map { Int32($0) }
                suffixRows += ofSuffix
                keyRows += ofPrefix + ofSuffix
                keys.append(first..<prefix + packing.lengths[row][order])
            }
        }
        (self.prefixRows, self.suffixRows, self.keyRows) = (prefixRows, suffixRows, keyRows)
        prefixMask = AttentionMask(
            keys: rowKeys, prefixEnd: Array(repeating: prefix, count: batch), windowSparesPrefix: windowSparesPrefix)
        suffixMask = AttentionMask(
            keys: keys, prefixEnd: Array(repeating: prefix, count: keys.count), queryOffset: prefix,
            windowSparesPrefix: windowSparesPrefix)
    }

    /// - Parameters:
    ///   - queries, keys, values: `[B, T, heads, d]`.
    ///   - attend: attention of rows that stand alone.
    /// - Returns: `[B, T, heads, d]`.
    func callAsFunction(
        _ queries: Tensor, _ keys: Tensor, _ values: Tensor,
        _ attend: (Tensor, Tensor, Tensor, AttentionMask) throws(TensorError) -> Tensor
    ) throws(TensorError) -> Tensor {
        func taken(_ x: Tensor, _ rows: [Int32], _ count: Int) throws(TensorError) -> Tensor {
            let (heads, dimension) = (x.shape[2], x.shape[3])
            return try x.reshaped(to: [x.shape[0] * x.shape[1], heads * dimension]).gatheringRows(rows)
                .reshaped(to: [count, rows.count / count, heads, dimension])
        }
        let ofPrefix = try attend(
            taken(queries, prefixRows, batch), taken(keys, prefixRows, batch), taken(values, prefixRows, batch),
            prefixMask)
        let branches = batch * packing.count
        let ofSuffixes = try attend(
            taken(queries, suffixRows, branches), taken(keys, keyRows, branches), taken(values, keyRows, branches),
            suffixMask)
        let width = queries.shape[2] * queries.shape[3]
        return try Tensor.filled(
            0, shape: [queries.count / width, width], queries.elementType, on: queries.backend
        )
        .replacingRows(prefixRows, with: ofPrefix.reshaped(to: [prefixRows.count, width]))
        .replacingRows(suffixRows, with: ofSuffixes.reshaped(to: [suffixRows.count, width]))
        .reshaped(to: queries.shape)
    }
}
