/// Position embeddings of a square grid of patches, brought to a grid of another size.
///
/// Sample points are those of `torch.nn.functional.interpolate` with `align_corners=False` and without antialiasing, which
/// transformers' `interpolate_pos_encoding` uses.
package enum PositionInterpolation: String, Sendable, CaseIterable {
    /// Keys' cubic with a = -0.75, over four patches a side: transformers' choice.
    case bicubic
    /// Over two patches a side.
    case bilinear

    /// The embeddings of a grid of `newSide` x `newSide`.
    ///
    /// Weights are applied to the rows of patches first, as torch does, in float32.
    /// - Parameters:
    ///   - values: row-major `[side * side, size]`.
    ///   - side: patches along a side of the grid that `values` are of.
    /// - Returns: row-major `[newSide * newSide, size]`.
    package func resized(_ values: [Float], side: Int, size: Int, to newSide: Int) -> [Float] {
        precondition(values.count == side * side * size, "one embedding for each patch of the grid")
        if side == newSide { return values }
        let taps = (0..<newSide).map { self.taps(of: $0, side: side, newSide: newSide) }
        var result = [Float](repeating: 0, count: newSide * newSide * size)
        var row = [Float](repeating: 0, count: size)
        for y in 0..<newSide {
            for x in 0..<newSide {
                let target = (y * newSide + x) * size
                for (line, lineWeight) in taps[y] {
                    for i in 0..<size { row[i] = 0 }
                    for (column, weight) in taps[x] {
                        let source = (line * side + column) * size
                        for i in 0..<size { row[i] += weight * values[source + i] }
                    }
                    for i in 0..<size { result[target + i] += lineWeight * row[i] }
                }
            }
        }
        return result
    }

    /// The patches that a place of the new side is made of, with their weights; those beyond the grid stand at its edge.
    private func taps(of place: Int, side: Int, newSide: Int) -> [(place: Int, weight: Float)] {
        let scale = Float(side) / Float(newSide)
        var center = (Float(place) + 0.5) * scale - 0.5
        if self == .bilinear { center = max(center, 0) }
        let first = center.rounded(.down)
        let t = center - first
        let weights: [Float]
        let start: Int
        switch self {
        case .bilinear: (weights, start) = ([1 - t, t], Int(first))
        case .bicubic:
            weights = [Self.outer(t + 1), Self.inner(t), Self.inner(1 - t), Self.outer(2 - t)]
            start = Int(first) - 1
        }
        return weights.enumerated().map { (min(max(start + $0.offset, 0), side - 1), $0.element) }
    }

    private static let a: Float = -0.75

    /// The cubic within a distance of 1.
    private static func inner(_ x: Float) -> Float { ((a + 2) * x - (a + 3)) * x * x + 1 }

    /// The cubic between the distances 1 and 2.
    private static func outer(_ x: Float) -> Float { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
}
