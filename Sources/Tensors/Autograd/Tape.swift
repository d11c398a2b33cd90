/// The place on a tape where the gradient of one tensor is gathered.
package final class TapeNode {
    fileprivate let index: Int
    fileprivate unowned let tape: Tape

    fileprivate init(index: Int, tape: Tape) {
        self.index = index
        self.tape = tape
    }
}

/// How an operation carries the gradient of its output back to its inputs.
package protocol BackwardOperation {
    /// Adds to the gradients of the inputs that want one, by their place in the list given to `Tape.record`.
    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError)
}

/// How an operation with several outputs carries their gradients back to its inputs, all in one step.
package protocol JoinedBackwardOperation {
    /// As in `BackwardOperation`. An output that nothing was made of has no gradient; not all have none.
    func backward(_ outputGradients: [Tensor?], into gradients: inout InputGradients) throws(TensorError)
}

/// What happened on one trip through a model, in order, so that gradients can walk back through it once.
///
/// An operation is recorded only if one of its inputs needs a gradient. What it saved is released as the walk passes it.
package final class Tape {
    private struct Entry {
        var operation: (any JoinedBackwardOperation)?
        let inputs: [Int?]
        let outputs: [Int]
    }

    /// An operation with one output.
    private struct Single: JoinedBackwardOperation {
        let operation: any BackwardOperation

        func backward(_ outputGradients: [Tensor?], into gradients: inout InputGradients) throws(TensorError) {
            guard let gradient = outputGradients[0] else { return }
            try operation.backward(gradient, into: &gradients)
        }
    }

    private var entries: [Entry] = []
    private var slots: [GradientSlot] = []

    /// An empty tape.
    package init() {}

    /// Makes `value` a leaf whose gradient goes to `sink` in float32.
    package func leaf(_ value: Tensor, sink: any GradientSink) -> Tensor {
        watch(value, slot: .leaf(sink))
    }

    /// Notes that `output` came from `inputs` by an operation; returns it with its place on the tape.
    ///
    /// `makeOperation` is only called, and so nothing is saved, if an input needs a gradient.
    package static func record(
        _ output: Tensor, from inputs: [Tensor], _ makeOperation: () -> any BackwardOperation
    ) -> Tensor {
        record([output], from: inputs) { Single(operation: makeOperation()) }[0]
    }

    /// As `record` of one output, for several of one operation.
    package static func record(
        _ outputs: [Tensor], from inputs: [Tensor], _ makeOperation: () -> any JoinedBackwardOperation
    ) -> [Tensor] {
        guard let tape = inputs.lazy.compactMap({ $0.node?.tape }).first else { return outputs }
        let first = tape.slots.count
        let results = outputs.map { tape.watch($0, slot: .empty) }
        let places = inputs.map { $0.node?.index }
        tape.entries.append(
            Entry(operation: makeOperation(), inputs: places, outputs: Array(first..<first + outputs.count)))
        return results
    }

    /// Runs `body` on `input` and keeps nothing of it but the output: the walk back runs it again. Gradients are the same bits.
    ///
    /// - Parameter body: makes an output from its input, recording on the tape that it is given; it must give the same each
    ///   time, and use no other tensor of this tape.
    /// - Returns: the output, on this tape if a gradient is asked for.
    package func recomputing(
        _ input: Tensor, _ body: @escaping (Tensor, Tape) throws(TensorError) -> Tensor
    ) throws(TensorError) -> Tensor {
        let probe = Tape()
        let output = try body(input.requiresGradient ? probe.watch(input.detached, slot: .empty) : input, probe)
        guard output.requiresGradient else { return output }
        let result = watch(output.detached, slot: .empty)
        let operation = Recomputation(input: input.detached, body: body)
        entries.append(
            Entry(operation: Single(operation: operation), inputs: [input.node?.index], outputs: [slots.count - 1]))
        return result
    }

    private struct Recomputation: BackwardOperation {
        let input: Tensor
        let body: (Tensor, Tape) throws(TensorError) -> Tensor

        func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
            let tape = Tape()
            let input = gradients.wants(0) ? tape.watch(input, slot: .empty) : input
            try tape.backward(from: body(input, tape), seed: outputGradient)
            guard let node = input.node, let gradient = tape.slots[node.index].gradient else { return }
            try gradients.add(gradient, to: 0)
        }
    }

    /// Walks back from `root`, giving every leaf its gradient.
    ///
    /// - Parameter seed: the gradient of what is minimized for `root`, of its shape and type.
    package func backward(from root: Tensor, seed: Tensor) throws(TensorError) {
        try backward(from: [(root, seed)])
    }

    /// Walks back from several roots at once, minimizing the sum of what each is minimized for; no root comes twice.
    package func backward(from roots: [(root: Tensor, seed: Tensor)]) throws(TensorError) {
        for (root, seed) in roots {
            guard let node = root.node, node.tape === self else {
                throw .argument(operation: "backward", reason: "the root was not recorded on this tape")
            }
            slots[node.index] = .borrowed(seed)
        }
        for place in entries.indices.reversed() {
            guard let operation = entries[place].operation else { continue }
            entries[place].operation = nil
            let found = entries[place].outputs.map { slots[$0].gradient }
            guard found.contains(where: { $0 != nil }) else { continue }
            for output in entries[place].outputs { slots[output] = .empty }
            var gradients = InputGradients(tape: self, inputs: entries[place].inputs)
            try operation.backward(found, into: &gradients)
        }
        entries.removeAll()
    }

    private func watch(_ value: Tensor, slot: GradientSlot) -> Tensor {
        slots.append(slot)
        var result = value
        result.node = TapeNode(index: slots.count - 1, tape: self)
        return result
    }
}

/// Where a leaf's gradient goes, summed over micro-batches.
package protocol GradientSink: AnyObject {
    /// The tensor to write or add to, and whether it already holds something to add to. It is float32; a matrix of a product
    /// or a table may have the type of its values.
    func gradientTarget() throws(TensorError) -> (tensor: Tensor, accumulate: Bool)
}

private enum GradientSlot {
    case empty
    /// A gradient that others may hold too, never written to.
    case borrowed(Tensor)
    /// A gradient that only this slot holds.
    case owned(Tensor)
    case leaf(any GradientSink)

    var gradient: Tensor? {
        switch self {
        case .borrowed(let tensor), .owned(let tensor): tensor
        case .empty, .leaf: nil
        }
    }
}

/// The gradients of an operation's inputs, to be added to during its backward.
package struct InputGradients {
    private let tape: Tape
    private let inputs: [Int?]

    fileprivate init(tape: Tape, inputs: [Int?]) {
        self.tape = tape
        self.inputs = inputs
    }

    /// Whether input `i` wants a gradient.
    package func wants(_ i: Int) -> Bool { inputs[i] != nil }

    /// Adds a finished gradient to that of input `i`, if it wants one. `gradient` may be held by others.
    package mutating func add(_ gradient: Tensor, to i: Int) throws(TensorError) {
        guard let place = inputs[i] else { return }
        switch tape.slot(at: place) {
        case .empty:
            tape.setSlot(.borrowed(gradient.detached), at: place)
        case .borrowed(let earlier), .owned(let earlier):
            let sum = try Tensor(
                uninitialized: earlier.shape, earlier.elementType, on: earlier.backend, label: "gradient")
            try earlier.backend.add(AddCall(a: earlier, b: gradient, scale: 1, output: sum))
            tape.setSlot(.owned(sum), at: place)
        case .leaf(let sink):
            let target = try sink.gradientTarget()
            if target.accumulate {
                try gradient.backend.add(AddCall(a: target.tensor, b: gradient, scale: 1, output: target.tensor))
            } else {
                try gradient.backend.convert(ConvertCall(input: gradient, output: target.tensor))
            }
        }
    }

    /// Lets `body` write or add the gradient of input `i` straight to where it belongs, if it wants one.
    ///
    /// `body` gets the tensor, of `shape`, float32 for leaves and `elementType` otherwise, and whether to add to it.
    package mutating func accumulate(
        to i: Int, shape: [Int], elementType: ElementType, on backend: any Backend,
        _ body: (_ target: Tensor, _ accumulate: Bool) throws(TensorError) -> Void
    ) throws(TensorError) {
        guard let place = inputs[i] else { return }
        switch tape.slot(at: place) {
        case .owned(let target):
            try body(target, true)
        case .leaf(let sink):
            let target = try sink.gradientTarget()
            try body(target.tensor, target.accumulate)
        case .empty:
            let target = try Tensor(uninitialized: shape, elementType, on: backend, label: "gradient")
            try body(target, false)
            tape.setSlot(.owned(target), at: place)
        case .borrowed(let earlier):
            let target = try Tensor(uninitialized: shape, elementType, on: backend, label: "gradient")
            try backend.convert(ConvertCall(input: earlier, output: target))
            try body(target, true)
            tape.setSlot(.owned(target), at: place)
        }
    }

    /// Where the gradient of input `i` is gathered, if it wants one: for a parameter, like `value` but float32. It is to be
    /// written, or added to, before the walk goes on.
    package mutating func target(_ i: Int, like value: Tensor) throws(TensorError) -> GradientTarget? {
        var found: GradientTarget?
        try accumulate(to: i, shape: value.shape, elementType: .float32, on: value.backend) {
            (target, accumulate) throws(TensorError) in
            found = GradientTarget(tensor: target, accumulate: accumulate)
        }
        return found
    }

    /// As `accumulate`, for an operation that can write its own share and an addend's sum elsewhere: nothing is copied first.
    ///
    /// `body` gets the tensor, like `value` but float32 for leaves, and what to add, which may be that tensor itself.
    package mutating func join(
        to i: Int, like value: Tensor,
        _ body: (_ target: Tensor, _ addend: Tensor?) throws(TensorError) -> Void
    ) throws(TensorError) {
        if let place = inputs[i], case .borrowed(let earlier) = tape.slot(at: place) {
            let target = try Tensor(uninitialized: value.shape, value.elementType, on: value.backend, label: "gradient")
            try body(target, earlier)
            tape.setSlot(.owned(target), at: place)
        } else {
            try accumulate(to: i, shape: value.shape, elementType: value.elementType, on: value.backend) {
                (target, accumulate) throws(TensorError) in try body(target, accumulate ? target : nil)
            }
        }
    }
}

extension Tape {
    fileprivate func slot(at place: Int) -> GradientSlot { slots[place] }
    fileprivate func setSlot(_ slot: GradientSlot, at place: Int) { slots[place] = slot }
}
