/// The 8-bit dynamic types of bitsandbytes: an exponent of ten, a fraction whose bits the exponent leaves over, and, for
/// scales of weights and first moments, a sign.
///
/// - Source: Dettmers, "8-bit approximations for parallelism in deep learning", 2015; bitsandbytes 0.50.2,
///   `create_dynamic_map` and its CPU kernel, which rounds a value to one of 65,536 steps before it takes the nearest code.
package struct DynamicMap: Sendable {
    /// What the 256 codes stand for, ascending; to the bit what bitsandbytes makes with torch's float32 arithmetic.
    package let values: [Float]
    /// The code of each of 65,536 steps from -1 to 1.
    package let codesOfSteps: [UInt8]

    /// Values from -1 to 1.
    package static let signed = DynamicMap(isSigned: true)
    /// Values from 0 to 1, with one bit more of fraction.
    package static let unsigned = DynamicMap(isSigned: false)

    /// What the codes of the signed type stand for.
    package static var values: [Float] { signed.values }

    /// The code of a value in `-1...1` in the signed type.
    package static func code(_ value: Float) -> UInt8 { signed.code(value) }

    private init(isSigned: Bool) {
        var values: [Float] = [0, 1]
        for (i, power) in [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1].enumerated() {
            let bounds = Self.spaced(count: (isSigned ? 1 << i : 2 << i) + 1)
            for (low, high) in zip(bounds, bounds.dropFirst()) {
                let value = Float(power) * ((low + high) / 2)
                values += isSigned ? [value, -value] : [value]
            }
        }
        values.sort()
        let bounds = zip(values, values.dropFirst()).map { 0.5 * ($0 + $1) }
        var code = 0
        self.values = values
        codesOfSteps = (0...65_535).map { step in
            let value = -1 + (2 * Float(step)) / 65_535
            while code < bounds.count && bounds[code] < value { code += 1 }
            return UInt8(code)
        }
    }

    /// torch's `linspace(0.1, 1, count)`: counted from the nearer end, with fused products.
    private static func spaced(count: Int) -> [Float] {
        let step = (1 - Float(0.1)) / Float(count - 1)
        return (0..<count).map { i in
            i < count / 2
                ? Float(0.1).addingProduct(step, Float(i)) : Float(1).addingProduct(-step, Float(count - 1 - i))
        }
    }

    /// The code of a value in `-1...1`.
    package func code(_ value: Float) -> UInt8 {
        let step = Float(0.5).addingProduct((min(max(value, -1), 1) + 1) * 0.5, 65_535)
        return codesOfSteps[Int(step)]
    }
}
