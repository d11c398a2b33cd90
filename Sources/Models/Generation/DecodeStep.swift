import Tensors

/// One step of generation: the next tokens of some answers, read behind what a cache holds of them.
///
/// Everything that changes from one step to the next of equal size stands in one small tensor, so that a device can replay
/// the step as it was recorded.
final class DecodeStep {
    private let inputs: Tensor
    private let repeater: any Repeater
    private let tokens: Int
    private let answers: Int

    /// A step of so many tokens for so many answers.
    init(tokens: Int, answers: Int, on backend: any Backend) throws(TensorError) {
        (self.tokens, self.answers) = (tokens, answers)
        inputs = try Tensor(uninitialized: [5 * tokens + answers], .int32, on: backend, label: "decode step")
        repeater = backend.makeRepeater()
    }

    /// Reads tokens.
    ///
    /// - Parameters:
    ///   - news: the ids of each answer, at least one.
    ///   - places: where they stand in `cache`, in the same order.
    /// - Returns: the hidden state of the last token of each answer, `[answers, D]`.
    func run(
        _ model: PaliGemma, _ news: [[Int32]], _ places: [CachePlaces.Place], _ cache: KeyValueCache, _ pass: Pass
    ) throws(TensorError) -> Tensor {
        let cachePlaces = try CachePlaces(
            places, batch: cache.batch, capacity: cache.capacity, tensor: part(2 * tokens, [tokens, 3]))
        let ids = news.flatMap(\.self)
        if let wrong = ids.first(where: { $0 < 0 || $0 >= model.decoder.table.shape[0] }) {
            throw .index(operation: "embedding", found: Int(wrong), limit: model.decoder.table.shape[0])
        }
        var last: [Int32] = []
        for answer in news { last.append((last.last ?? -1) + Int32(answer.count)) }
        try inputs.write(
            ids + places.map { Int32($0.column - $0.first + 1) } + CachePlaces.elements(of: places) + last)
        return try repeater.run { () throws(TensorError) in
            let context = DecoderContext(
                positions: part(tokens, [tokens]), sight: .cached(cachePlaces), window: model.window)
            let x = try model.decoder.embed(at: part(0, [tokens]))
            let hidden = try model.decoder(x.viewed(as: [1] + x.shape), context, pass)
            return try hidden.viewed(as: [tokens, hidden.columns]).gatheringRows(at: part(5 * tokens, [answers]))
        }
    }

    /// A part of the inputs, seen as `shape`.
    private func part(_ start: Int, _ shape: [Int]) -> Tensor {
        inputs.part(start..<start + shape.product).viewed(as: shape)
    }
}
