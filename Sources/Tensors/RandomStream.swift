/// What a stream of random numbers is for: the same key gives the same numbers on every device, in any order.
package struct RandomKey: Sendable, Hashable {
    /// The two words of a Philox key.
    package let low: UInt32, high: UInt32

    /// Derives a key from a seed, a purpose such as `"shuffle"` or a parameter's name, and a step.
    package init(seed: UInt64, purpose: String, step: UInt64 = 0) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a, 64 bit
        func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        for byte in purpose.utf8 { mix(byte) }
        for shift in stride(from: 0, to: 64, by: 8) { mix(UInt8(truncatingIfNeeded: seed >> UInt64(shift))) }
        for shift in stride(from: 0, to: 64, by: 8) { mix(UInt8(truncatingIfNeeded: step >> UInt64(shift))) }
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd  // MurmurHash3's finalizer
        hash ^= hash >> 33
        low = UInt32(truncatingIfNeeded: hash)
        high = UInt32(truncatingIfNeeded: hash >> 32)
    }
}

/// A counter-based stream of random numbers: Philox4x32-10.
///
/// - Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011.
package struct RandomStream: Sendable {
    /// The key that decides every number.
    package let key: RandomKey
    private var counter: UInt64 = 0
    private var block: SIMD4<UInt32> = .zero
    private var used = 4
    private var spareNormal: Double?

    /// Starts at the first number of `key`.
    package init(key: RandomKey) {
        self.key = key
    }

    /// Starts at the first number of the key made of the three parts.
    package init(seed: UInt64, purpose: String, step: UInt64 = 0) {
        self.init(key: RandomKey(seed: seed, purpose: purpose, step: step))
    }

    /// The four words at a place of the stream of `key`.
    package static func words(_ key: RandomKey, at counter: UInt64) -> SIMD4<UInt32> {
        let place = SIMD4<UInt32>(UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), 0, 0)
        return philox(place, low: key.low, high: key.high)
    }

    /// Ten rounds of Philox4x32 over a counter of four words, under a key of two.
    static func philox(_ counter: SIMD4<UInt32>, low: UInt32, high: UInt32) -> SIMD4<UInt32> {
        var (state, low, high) = (counter, low, high)
        for _ in 0..<10 {
            let first = UInt64(state[0]) * 0xD251_1F53
            let second = UInt64(state[2]) * 0xCD9E_8D57
            state = SIMD4(
                UInt32(truncatingIfNeeded: second >> 32) ^ state[1] ^ low, UInt32(truncatingIfNeeded: second),
                UInt32(truncatingIfNeeded: first >> 32) ^ state[3] ^ high, UInt32(truncatingIfNeeded: first))
            low &+= 0x9E37_79B9
            high &+= 0xBB67_AE85
        }
        return state
    }

    /// The uniform float32 in `[0, 1)` that belongs to element `index`: word `index % 4` of block `index / 4`, 24 bits.
    package static func uniform(_ key: RandomKey, counter index: UInt64) -> Float {
        Float(words(key, at: index / 4)[Int(index % 4)] >> 8) * 0x1p-24
    }

    /// The next 32 bits.
    package mutating func next32() -> UInt32 {
        if used == 4 {
            block = Self.words(key, at: counter)
            counter += 1
            used = 0
        }
        defer { used += 1 }
        return block[used]
    }

    /// A uniform number in `[0, 1)`, 53 bits.
    package mutating func uniform() -> Double {
        let high = UInt64(next32()) << 32
        return Double((high | UInt64(next32())) >> 11) * 0x1p-53
    }

    /// A uniform number in `range`.
    package mutating func uniform(_ range: Range<Double>) -> Double {
        range.lowerBound + uniform() * (range.upperBound - range.lowerBound)
    }

    /// A whole number in `0..<bound`, without bias (Lemire's method).
    package mutating func integer(below bound: Int) -> Int {
        precondition(bound > 0 && bound <= Int(UInt32.max), "the bound is a positive 32-bit number")
        let bound = UInt32(bound)
        var product = UInt64(next32()) * UInt64(bound)
        if UInt32(truncatingIfNeeded: product) < bound {
            let threshold = (0 &- bound) % bound
            while UInt32(truncatingIfNeeded: product) < threshold { product = UInt64(next32()) * UInt64(bound) }
        }
        return Int(product >> 32)
    }

    /// A normal number of mean 0 and deviation 1 (polar Box–Muller).
    package mutating func normal() -> Double {
        if let spare = spareNormal {
            spareNormal = nil
            return spare
        }
        while true {
            let x = 2 * uniform() - 1
            let y = 2 * uniform() - 1
            let radius = x * x + y * y
            if radius > 0 && radius < 1 {
                let factor = (-2 * logarithm(radius) / radius).squareRoot()
                spareNormal = y * factor
                return x * factor
            }
        }
    }

    /// The elements in a random order (Fisher–Yates).
    package mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var result = elements
        for i in stride(from: result.count - 1, to: 0, by: -1) { result.swapAt(i, integer(below: i + 1)) }
        return result
    }
}

/// The natural logarithm of a positive, normal number, from additions and products only: the same bits on every machine.
///
/// Error below 2e-16 relative to the result's scale; from `log(m) = 2 atanh((m - 1) / (m + 1))` with `m` near 1.
private func logarithm(_ x: Double) -> Double {
    var exponent = Double(x.exponent)
    var mantissa = x.significand
    if mantissa > 1.414213562373095 {
        mantissa /= 2
        exponent += 1
    }
    let ratio = (mantissa - 1) / (mantissa + 1)
    let square = ratio * ratio
    var sum = 0.0
    for odd in stride(from: 23, through: 1, by: -2) { sum = sum * square + 1 / Double(odd) }
    return exponent * 0.6931471805599453 + 2 * ratio * sum
}
