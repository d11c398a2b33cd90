import CImageCodecs

/// For each output position of one axis, which inputs count and by how much.
struct ResamplingAxis {
    /// The first input that counts, for each output.
    private(set) var starts: [Int32] = []
    /// How many inputs count, for each output.
    private(set) var counts: [Int32] = []
    /// Weights in 1/2^22, `[output, stride]`.
    private(set) var weights: [Int32] = []
    /// Weights kept for each output.
    let stride: Int

    /// Weighs inputs with antialiasing: the filter widens when the picture shrinks.
    ///
    /// Equal to Pillow's `precompute_coeffs` and `normalize_coeffs_8bpc`, in float64 and in the same order.
    init(inputLength: Int, outputLength: Int, filter: ResamplingFilter) {
        let scale = Double(inputLength) / Double(outputLength)
        let filterScale = max(scale, 1)
        let support = filter.support * filterScale
        let inverseScale = 1 / filterScale
        stride = Int(support.rounded(.up)) * 2 + 1
        weights = [Int32](repeating: 0, count: outputLength * stride)
        starts.reserveCapacity(outputLength)
        counts.reserveCapacity(outputLength)
        var shares: [Double] = []
        for i in 0..<outputLength {
            let center = (Double(i) + 0.5) * scale
            let start = max(Int(center - support + 0.5), 0)
            let end = min(Int(center + support + 0.5), inputLength)
            shares.removeAll(keepingCapacity: true)
            for t in start..<max(end, start) {
                shares.append(filter.weight(at: (Double(t) - center + 0.5) * inverseScale))
            }
            let total = shares.reduce(0, +)
            for (t, share) in shares.enumerated() {
                weights[i * stride + t] = fixedPoint(total == 0 ? share : share / total)
            }
            starts.append(Int32(start))
            counts.append(Int32(shares.count))
        }
    }

    /// Calls `body` with the axis as the C loops take it.
    func withUnsafeAxis<Result>(_ body: (UnsafePointer<cimage_axis>) -> Result) -> Result {
        starts.withUnsafeBufferPointer { starts in
            counts.withUnsafeBufferPointer { counts in
                weights.withUnsafeBufferPointer { weights in
                    var axis = cimage_axis(
                        output_length: Int32(starts.count), stride: Int32(stride), starts: starts.baseAddress,
                        counts: counts.baseAddress, weights: weights.baseAddress)
                    return body(&axis)
                }
            }
        }
    }
}

/// A weight in 1/2^22, rounded half away from zero.
private func fixedPoint(_ weight: Double) -> Int32 {
    Int32(weight * Double(1 << 22) + (weight < 0 ? -0.5 : 0.5))
}
