import Models
import Tensors

/// AdamW whose moments are kept in 8 bits, with a scale for each 256 of them; they are computed with in float32.
///
/// Weights of fewer than 4,096 elements, and the table of embeddings, keep float32 moments.
/// - Source: Dettmers et al., "8-bit optimizers via block-wise quantization", 2021; bitsandbytes 0.50.2, CPU build, as
///   transformers' Trainer sets it up.
extension WeightOptimizer {
    private static let leastCount = 4096

    static func blockwiseMoments(of parameter: Parameter) throws(TensorError) -> [Moment] {
        let backend = parameter.value.backend
        func zeros(_ name: String, _ shape: [Int]) throws(TensorError) -> Moment {
            Moment(name: name, tensor: try .filled(0, shape: shape, .float32, on: backend))
        }
        guard parameter.count >= leastCount, !parameter.name.hasSuffix("embed_tokens.weight") else {
            return [try zeros("state1", parameter.shape), try zeros("state2", parameter.shape)]
        }
        let blockSize = BlockwiseAdamWCall.blockSize
        let blocks = [(parameter.count + blockSize - 1) / blockSize]
        let codes = [UInt8](repeating: 0, count: parameter.count)
        return [
            Moment(name: "state1", tensor: try Tensor(codes, shape: parameter.shape, on: backend)),
            Moment(name: "state2", tensor: try Tensor(codes, shape: parameter.shape, on: backend)),
            try zeros("absmax1", blocks), try zeros("absmax2", blocks),
        ]
    }

    /// The update of a weight whose moments are kept in blocks, nil for one that keeps float32.
    func blockwiseCall(_ update: Update) -> BlockwiseAdamWCall? {
        let moments = update.slot.moments
        guard update.slot.hasBlocks else { return nil }
        return BlockwiseAdamWCall(
            update: adamWCall(update), firstScales: moments[2].tensor, secondScales: moments[3].tensor)
    }
}

extension WeightOptimizer.Slot {
    /// Whether moments are kept in 8 bits, with scales beside them.
    var hasBlocks: Bool { moments.count == 4 }
}
