import Dispatch

/// The results of `transform` in order, computed on all cores.
package func concurrentMap<Input: Sendable, Output: Sendable>(
    _ inputs: [Input], _ transform: @Sendable (Input) -> Output
) -> [Output] {
    var outputs = [Output?](repeating: nil, count: inputs.count)
    outputs.withUnsafeMutableBufferPointer { buffer in
        // Each iteration writes its own element, and none is read before all have ended.
        nonisolated(unsafe) let slots = buffer
        DispatchQueue.concurrentPerform(iterations: inputs.count) { i in slots[i] = transform(inputs[i]) }
    }
    return outputs.compactMap { $0 }
}
