import Testing

@testable import Tensors

@Suite("Random streams are Philox4x32-10, and as random as they say")
struct RandomStreamTests {
    /// The known answers that come with Random123 1.14.0 (`tests/kat_vectors`, `philox4x32 10`).
    static let answers: [(counter: SIMD4<UInt32>, key: (UInt32, UInt32), expected: SIMD4<UInt32>)] = [
        (SIMD4(repeating: 0), (0, 0), SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)),
        (
            SIMD4(repeating: .max), (.max, .max), SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
        ),
        (
            SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), (0xa409_3822, 0x299f_31d0),
            SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
        ),
    ]

    @Test("the published known answers")
    func knownAnswers() {
        for answer in Self.answers {
            #expect(RandomStream.philox(answer.counter, low: answer.key.0, high: answer.key.1) == answer.expected)
        }
    }

    @Test("a stream is the words of its counter in order, beyond 32 bits too")
    func counter() {
        let key = RandomKey(seed: 3, purpose: "counter")
        var stream = RandomStream(key: key)
        let found = (0..<12).map { _ in stream.next32() }
        let expected = (0..<3).flatMap { place in
            let words = RandomStream.words(key, at: UInt64(place))
            return (0..<4).map { words[$0] }
        }
        #expect(found == expected)
        #expect(RandomStream.words(key, at: 1 << 32) != RandomStream.words(key, at: 0))
        #expect(RandomStream.uniform(key, counter: 6) == Float(expected[6] >> 8) / 16_777_216)
    }

    @Test("seed, purpose and step each make another stream, the same three the same one")
    func keys() {
        var keys: Set<RandomKey> = []
        for seed: UInt64 in [0, 1, .max] {
            for purpose in ["", "a", "b", "ab"] {
                for step: UInt64 in [0, 1, 1 << 40] { keys.insert(RandomKey(seed: seed, purpose: purpose, step: step)) }
            }
        }
        #expect(keys.count == 36)
        #expect(RandomKey(seed: 1, purpose: "a", step: 2) == RandomKey(seed: 1, purpose: "a", step: 2))
    }

    /// Sums of 40,000 draws: a mean is within five of its standard deviations but once in two million.
    @Test("uniform numbers lie in [0, 1), with the moments of the uniform distribution")
    func uniform() {
        var stream = RandomStream(seed: 1, purpose: "uniform")
        let values = (0..<40_000).map { _ in stream.uniform() }
        #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(abs(moment(values, 1) - 1.0 / 2) < 5 * (1.0 / 12 / 4e4).squareRoot())
        #expect(abs(moment(values, 2) - 1.0 / 3) < 5 * (4.0 / 45 / 4e4).squareRoot())
        let lag = zip(values, values.dropFirst()).reduce(0) { $0 + ($1.0 - 0.5) * ($1.1 - 0.5) } / 4e4
        #expect(abs(lag) < 5 * (1.0 / 144 / 4e4).squareRoot(), "neighbours go together")
        let range = (0..<1000).map { _ in stream.uniform(-3..<5) }
        #expect(range.allSatisfy { $0 >= -3 && $0 < 5 } && range.contains { $0 < 0 } && range.contains { $0 > 4 })
    }

    @Test("normal numbers have the moments and the tails of the normal distribution")
    func normal() {
        var stream = RandomStream(seed: 2, purpose: "normal")
        let values = (0..<40_000).map { _ in stream.normal() }
        for (power, expected, variance) in [(1, 0.0, 1.0), (2, 1, 2), (3, 0, 15), (4, 3, 96)] {
            #expect(abs(moment(values, power) - expected) < 5 * (variance / 4e4).squareRoot(), "moment \(power)")
        }
        for (edge, share) in [(1.0, 0.317311), (2, 0.0455), (3, 0.0027)] {
            let found = Double(values.count { abs($0) > edge }) / 4e4
            #expect(abs(found - share) < 5 * (share * (1 - share) / 4e4).squareRoot(), "beyond \(edge)")
        }
    }

    private func moment(_ values: [Double], _ power: Int) -> Double {
        values.reduce(0) { sum, value in sum + (0..<power).reduce(1) { product, _ in product * value } }
            / Double(values.count)
    }

    @Test("whole numbers below a bound are equally frequent", arguments: [1, 2, 3, 10, 37])
    func integers(bound: Int) {
        var stream = RandomStream(seed: 3, purpose: "integers")
        var counts = [Int](repeating: 0, count: bound)
        for _ in 0..<37_000 { counts[stream.integer(below: bound)] += 1 }
        let expected = 37_000 / Double(bound)
        let chiSquare = counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
        // Mean bound - 1, variance twice that; five deviations.
        #expect(chiSquare <= Double(bound - 1) + 5 * Double(2 * (bound - 1)).squareRoot())
        #expect(stream.integer(below: Int(UInt32.max)) < Int(UInt32.max))
    }

    @Test("a shuffle keeps every element, and puts each anywhere")
    func shuffle() {
        var stream = RandomStream(seed: 4, purpose: "shuffle")
        var firsts = [Int](repeating: 0, count: 5)
        var isWhole = true
        for _ in 0..<5000 {
            let order = stream.shuffled(Array(0..<5))
            isWhole = isWhole && order.sorted() == Array(0..<5)
            firsts[order[0]] += 1
        }
        #expect(isWhole)
        #expect(firsts.allSatisfy { abs($0 - 1000) < 142 }, "\(firsts)")
        #expect(stream.shuffled([Int]()).isEmpty && stream.shuffled([7]) == [7])
    }
}
