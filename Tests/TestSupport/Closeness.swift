import Testing

/// Checks that two lists of numbers agree within `absolute + relative * |expected|`, and shows the worst element if not.
package func expectClose(
    _ actual: [Float], _ expected: [Float], relative: Float = 0, absolute: Float = 0, _ what: String = "values",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard actual.count == expected.count else {
        Issue.record("\(what): \(actual.count) numbers, expected \(expected.count)", sourceLocation: sourceLocation)
        return
    }
    var worst: (index: Int, excess: Float) = (0, -.infinity)
    for i in actual.indices {
        let difference = abs(actual[i] - expected[i])
        let excess = difference - (absolute + relative * abs(expected[i]))
        if excess > worst.excess || excess.isNaN { worst = (i, excess.isNaN ? .infinity : excess) }
    }
    if worst.excess > 0 {
        Issue.record(
            "\(what): element \(worst.index) is \(actual[worst.index]), expected \(expected[worst.index])",
            sourceLocation: sourceLocation)
    }
}

/// The Euclidean length of the difference over that of `expected`.
package func relativeDistance(_ actual: [Float], _ expected: [Float]) -> Double {
    guard actual.count == expected.count else { return .infinity }
    var (difference, size) = (0.0, 0.0)
    for (a, b) in zip(actual, expected) {
        difference += Double(a - b) * Double(a - b)
        size += Double(b) * Double(b)
    }
    return size == 0 ? difference.squareRoot() : (difference / size).squareRoot()
}

/// The largest difference over the range of `expected`.
package func rangeDistance(_ actual: [Float], _ expected: [Float]) -> Double {
    guard actual.count == expected.count, let low = expected.min(), let high = expected.max() else { return .infinity }
    let worst = zip(actual, expected).map { abs(Double($0 - $1)) }.max() ?? 0
    return worst / max(Double(high - low), 1e-12)
}
