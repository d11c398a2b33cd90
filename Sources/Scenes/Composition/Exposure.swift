import Tensors

/// How a camera turns light to bytes: contrast, white balance, brightness.
struct Exposure {
    /// What becomes of each value of each channel, `[3, 256]`.
    let tables: [UInt8]

    /// An exposure at random: contrast moves by 15 %, channels by 6 %, brightness by 6 % of the range, one deviation each.
    init(_ random: inout RandomStream) {
        let contrast = 1 + 0.15 * random.normal()
        let offset = 0.12 * 127.5 * random.normal()
        tables = (0..<3).flatMap { _ in
            let gain = min(max(contrast + 0.06 * random.normal(), 0.45), 1.7)
            return (0..<256).map { value in
                UInt8(min(max((Double(value) - 127.5) * gain + 127.5 + offset, 0), 255))
            }
        }
    }
}

/// Noise of a fixed pattern, long enough that a picture's start in it is chosen at random.
struct SensorNoise: Sendable {
    /// The values' standard deviation, and how many starts there are.
    static let (deviation, period) = (32.0, 65_536)
    static let shared = SensorNoise()
    let values: [Int8]

    /// Enough for pictures of the largest side.
    private init() {
        var random = RandomStream(seed: 0, purpose: "sensor noise")
        let pattern = (0..<Self.period).map { _ in
            Int8(min(max(random.normal() * Self.deviation, -127), 127))
        }
        var values = pattern
        while values.count < Self.period + 512 * 512 * 3 { values += pattern }
        self.values = values
    }
}
