/// The sum of float32 numbers in the order of torch's CPU kernel on one thread, so that means are equal to the bit.
///
/// Eight lanes of four partial sums run through the numbers; partial sums pass to coarser ones every few steps.
/// - Source: torch 2.5.1, `SumKernel.cpp`, contiguous inner reduction.
func torchSum(_ values: [Float]) -> Float {
    let lanes = 8
    guard values.count >= lanes else {
        return rowSum(values.count) { SIMD8(repeating: 0).replacing(first: values[$0]) }[0]
    }
    let whole = values.count / lanes
    let sums = rowSum(whole) { row in
        SIMD8(values[row * lanes..<(row + 1) * lanes])
    }
    var total: Float = 0
    for value in values[(whole * lanes)...] { total += value }
    for lane in 0..<lanes { total += sums[lane] }
    return total
}

/// The sum of rows `0..<count`: four interleaved sums, the rest to the first.
private func rowSum(_ count: Int, _ row: (Int) -> SIMD8<Float>) -> SIMD8<Float> {
    let quarter = count / 4
    let sums = (0..<4).map { column in cascadeSum(quarter) { row(4 * $0 + column) } }
    var total = sums[0]
    for i in 4 * quarter..<count { total += row(i) }
    for sum in sums.dropFirst() { total += sum }
    return total
}

/// The sum of rows in four levels: a level is emptied into the next after a power of two of steps.
private func cascadeSum(_ count: Int, _ row: (Int) -> SIMD8<Float>) -> SIMD8<Float> {
    let bits = count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
    let power = max(4, bits / 4)
    let step = 1 << power
    var levels = Array(repeating: SIMD8<Float>.zero, count: 4)
    var i = 0
    while i + step <= count {
        for _ in 0..<step {
            levels[0] += row(i)
            i += 1
        }
        for level in 1..<4 {
            levels[level] += levels[level - 1]
            levels[level - 1] = .zero
            if i & ((step - 1) << (level * power)) != 0 { break }
        }
    }
    while i < count {
        levels[0] += row(i)
        i += 1
    }
    return levels[0] + levels[1] + levels[2] + levels[3]
}

extension SIMD8<Float> {
    fileprivate func replacing(first value: Float) -> Self {
        var copy = self
        copy[0] = value
        return copy
    }
}
