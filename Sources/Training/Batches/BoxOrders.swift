import Tensors

/// Shuffled orders of the boxes in one example's answer, the same for a seed, an update and an example.
package struct BoxOrders {
    private var stream: RandomStream

    /// The orders of one example in one update.
    package init(seed: UInt64, step: Int, example: Int) {
        stream = RandomStream(seed: seed, purpose: "box orders \(example)", step: UInt64(step))
    }

    /// `count` orders of the parts of an answer between ` ; `.
    package func orders(of suffix: String, count: Int) -> [String] {
        var stream = stream
        let boxes = suffix.split(separator: " ; ", omittingEmptySubsequences: false).map(String.init)
        return (0..<count).map { _ in stream.shuffled(boxes).joined(separator: " ; ") }
    }
}
