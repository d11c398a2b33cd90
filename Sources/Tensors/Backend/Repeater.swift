/// Runs the same calls again and again: a device may record them once, and replay the recording from then on.
package protocol Repeater: AnyObject {
    /// Runs `body`, or what it did before.
    ///
    /// - Parameter body: must make the same calls on the same memory each time: what changes stands in tensors that the caller
    ///   writes to before, and nothing is read to the host.
    /// - Returns: what `body` returned; its memory may be written again by the next run.
    func run(_ body: () throws(TensorError) -> Tensor) throws(TensorError) -> Tensor
}

/// Runs `body` each time: for devices that gain nothing by recording.
package final class PlainRepeater: Repeater {
    /// Keeps nothing.
    package init() {}

    package func run(_ body: () throws(TensorError) -> Tensor) throws(TensorError) -> Tensor { try body() }
}

extension Backend {
    /// For devices that gain nothing by recording.
    package func makeRepeater() -> any Repeater { PlainRepeater() }
}
