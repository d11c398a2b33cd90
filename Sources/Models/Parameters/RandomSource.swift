import Dispatch
import Tensors

/// Random weights of a fitting scale, the same for a seed and a name everywhere.
struct RandomSource: ParameterSource {
    let seed: UInt64
    let elementType: ElementType
    let backend: any Backend

    var mapsFiles: Bool { false }

    func values(of name: String, shape: [Int]) throws(ModelError) -> Tensor {
        let values = RandomWeights(seed: seed, name: name, shape: shape)
        return try modelErrors { () throws(TensorError) in
            switch elementType {
            case .bfloat16:
                let bits = values.bfloat16()
                let tensor = try Tensor(uninitialized: shape, .bfloat16, on: backend)
                try bits.withUnsafeBufferPointer { buffer throws(TensorError) in
                    try backend.write(UnsafeRawBufferPointer(buffer), to: tensor.storage, byteOffset: 0)
                }
                return tensor
            default:
                let floats = values.bfloat16().map { Float(bitPattern: UInt32($0) << 16) }
                return try Tensor(floats, shape: shape, on: backend).converted(to: elementType)
            }
        }
    }
}

/// The random values of one weight, in bfloat16, any range of them at a time.
///
/// Matrices are uniform with deviation `1 / sqrt(fan in)` (0.02 for embeddings), so that signals keep their size;
/// norms and biases are zero, SigLIP's norm weights one.
package struct RandomWeights: Sendable {
    /// How many elements there are.
    package let count: Int
    private let key: RandomKey
    private let kind: Kind

    private enum Kind {
        case constant(UInt16)
        /// Uniform in `±bound`.
        case uniform(bound: Float)
    }

    /// The values of the weight called `name`.
    package init(seed: UInt64, name: String, shape: [Int]) {
        count = shape.product
        key = RandomKey(seed: seed, purpose: "weights " + name)
        if name.contains("layer_norm") || name.hasSuffix("post_layernorm.weight")
            || name.hasSuffix("post_layernorm.bias")
        {
            kind = .constant(name.hasSuffix(".weight") ? 0x3F80 : 0)
        } else if shape.count < 2 {
            kind = .constant(0)
        } else if name.contains("embed") && !name.contains("patch") {
            kind = .uniform(bound: 0.02 * Float(3).squareRoot())
        } else {
            kind = .uniform(bound: (3 / Float(shape.dropFirst().reduce(1, *))).squareRoot())
        }
    }

    /// All elements, as bit patterns, computed on all cores.
    package func bfloat16() -> [UInt16] {
        [UInt16](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            let (piece, count) = (1 << 20, self.count)
            // Each iteration writes its own piece, and none is read before all have ended.
            nonisolated(unsafe) let elements = buffer
            DispatchQueue.concurrentPerform(iterations: (count + piece - 1) / piece) { place in
                fill(place * piece..<min(count, (place + 1) * piece), of: elements.baseAddress)
            }
            initializedCount = count
        }
    }

    /// Elements `range`, as bit patterns.
    package func bfloat16(_ range: Range<Int>) -> [UInt16] {
        [UInt16](unsafeUninitializedCapacity: range.count) { buffer, initializedCount in
            fill(range, of: buffer.baseAddress.map { $0 - range.lowerBound })
            initializedCount = range.count
        }
    }

    /// Writes elements `range` where they belong in the whole.
    private func fill(_ range: Range<Int>, of elements: UnsafeMutablePointer<UInt16>?) {
        guard let elements else { return }
        switch kind {
        case .constant(let bits): for i in range { (elements + i).initialize(to: bits) }
        case .uniform(let bound):
            var block = -1
            var words = SIMD4<UInt32>.zero
            for i in range {
                if i / 4 != block {
                    block = i / 4
                    words = RandomStream.words(key, at: UInt64(block))
                }
                let unit = Float(words[i % 4] >> 8) * 0x1p-23 - 1
                let bits = (unit * bound).bitPattern
                (elements + i).initialize(
                    to: UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16))
            }
        }
    }
}
