/// The 8-bit dynamic type that bitsandbytes stores scales in: a sign, an exponent of ten, and a fraction whose bits the
/// exponent leaves over.
///
/// - Source: Dettmers, "8-bit approximations for parallelism in deep learning", 2015; bitsandbytes 0.50.2,
///   `create_dynamic_map` and its CPU kernel, which rounds a value to one of 65,536 steps before it takes the nearest code.
package enum DynamicMap {
    /// What the 256 codes stand for, ascending; to the bit what bitsandbytes makes with torch's float32 arithmetic.
    package static let values: [Float] = {
        var values: [Float] = [0, 1]
        for (i, power) in [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1].enumerated() {
            let bounds = spaced(count: 1 << i + 1)
            for (low, high) in zip(bounds, bounds.dropFirst()) {
                let value = Float(power) * ((low + high) / 2)
                values += [value, -value]
            }
        }
        return values.sorted()
    }()

    /// torch's `linspace(0.1, 1, count)`: counted from the nearer end, with fused products.
    private static func spaced(count: Int) -> [Float] {
        let step = (1 - Float(0.1)) / Float(count - 1)
        return (0..<count).map { i in
            i < count / 2
                ? Float(0.1).addingProduct(step, Float(i)) : Float(1).addingProduct(-step, Float(count - 1 - i))
        }
    }

    /// The code of each of 65,536 steps from -1 to 1.
    private static let codeOfStep: [UInt8] = {
        let bounds = zip(values, values.dropFirst()).map { 0.5 * ($0 + $1) }
        var code = 0
        return (0...65_535).map { step in
            let value = -1 + (2 * Float(step)) / 65_535
            while code < bounds.count && bounds[code] < value { code += 1 }
            return UInt8(code)
        }
    }()

    /// The code of a value in `-1...1`.
    package static func code(_ value: Float) -> UInt8 {
        let step = Float(0.5).addingProduct((min(max(value, -1), 1) + 1) * 0.5, 65_535)
        return codeOfStep[Int(step)]
    }
}
