import Glibc
import Models
import Tensors

/// AdamW whose moments are kept in 8 bits, with a scale for each 256 of them; they are computed with in float32.
///
/// Weights of fewer than 4,096 elements, and the table of embeddings, keep float32 moments.
/// - Source: Dettmers et al., "8-bit optimizers via block-wise quantization", 2021; bitsandbytes 0.50.2, CPU build, as
///   transformers' Trainer sets it up.
extension WeightOptimizer {
    private static let blockSize = 256
    private static let leastCount = 4096

    static func blockwiseMoments(of parameter: Parameter) throws(TensorError) -> [Moment] {
        let backend = parameter.value.backend
        func zeros(_ name: String, _ shape: [Int]) throws(TensorError) -> Moment {
            Moment(name: name, tensor: try .filled(0, shape: shape, .float32, on: backend))
        }
        guard parameter.count >= leastCount, !parameter.name.hasSuffix("embed_tokens.weight") else {
            return [try zeros("state1", parameter.shape), try zeros("state2", parameter.shape)]
        }
        let blocks = [(parameter.count + blockSize - 1) / blockSize]
        let codes = [UInt8](repeating: 0, count: parameter.count)
        return [
            Moment(name: "state1", tensor: try Tensor(codes, shape: parameter.shape, on: backend)),
            Moment(name: "state2", tensor: try Tensor(codes, shape: parameter.shape, on: backend)),
            try zeros("absmax1", blocks), try zeros("absmax2", blocks),
        ]
    }

    func updateByBlockwiseAdamW(_ slot: Slot, _ gradient: Tensor, _ update: Update) throws(TensorError) {
        let (first, second) = (slot.moments[0].tensor, slot.moments[1].tensor)
        let (firstScales, secondScales) = (slot.moments[2].tensor, slot.moments[3].tensor)
        var m = Self.values(of: try first.read(), try firstScales.floats(), .signed)
        var v = Self.values(of: try second.read(), try secondScales.floats(), .unsigned)
        let (beta1, beta2) = (Float(arguments.adamBeta1), Float(arguments.adamBeta2))
        let (rest1, rest2) = (Float(1 - arguments.adamBeta1), Float(1 - arguments.adamBeta2))
        let root = Float((1 - pow(arguments.adamBeta2, Double(update.step))).squareRoot())
        let size = Float(update.learningRate / (1 - pow(arguments.adamBeta1, Double(update.step))))
        let decay = Float(1 - update.learningRate * update.weightDecay)
        let epsilon = Float(arguments.adamEpsilon)
        try slot.changeOnHost(gradient, scale: update.gradientScale) { (weights, gradient) in
            for i in weights.indices {
                let g = gradient[i]
                m[i] = (m[i] * beta1).addingProduct(rest1, g)
                v[i] = v[i] * beta2 + rest2 * g * g
                weights[i] = weights[i] * decay - size * m[i] / (v[i].squareRoot() / root + epsilon)
            }
        }
        try Self.store(m, in: first, firstScales, .signed)
        try Self.store(v, in: second, secondScales, .unsigned)
    }

    private static func values(of codes: [UInt8], _ scales: [Float], _ map: DynamicMap) -> [Float] {
        codes.indices.map { map.values[Int(codes[$0])] * scales[$0 / blockSize] }
    }

    /// Quantizes block by block; the codes of a block of zeros are 0.
    private static func store(
        _ values: [Float], in codes: Tensor, _ scales: Tensor, _ map: DynamicMap
    ) throws(TensorError) {
        var stored = [UInt8](repeating: 0, count: values.count)
        var largest = [Float](repeating: 0, count: scales.count)
        for block in largest.indices {
            let range = block * blockSize..<min((block + 1) * blockSize, values.count)
            let most = values[range].reduce(0) { max($0, abs($1)) }
            largest[block] = most
            guard most > 0 else { continue }
            let inverse = 1 / most
            for i in range { stored[i] = map.code(values[i] * inverse) }
        }
        try write(stored, to: codes)
        try write(largest, to: scales)
    }

    private static func write<Element: HostElement>(_ values: [Element], to tensor: Tensor) throws(TensorError) {
        try values.withUnsafeBufferPointer { (buffer) throws(TensorError) in
            try tensor.backend.write(UnsafeRawBufferPointer(buffer), to: tensor.storage, byteOffset: tensor.byteOffset)
        }
    }
}
