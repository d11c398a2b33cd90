/// A frozen matrix in 4-bit NormalFloat, in bitsandbytes' layout: element `i` is `values[code i] * scale of block i / 64`.
///
/// Blocks run through the elements in row-major order, across rows. A byte holds two codes, the first in its upper half.
/// - Source: Dettmers et al., "QLoRA: efficient finetuning of quantized LLMs", 2023; bitsandbytes 0.50.2.
package struct NF4Matrix {
    /// The scale of each block of 64 elements.
    package enum Scales {
        /// float32 `[blocks]`.
        case plain(Tensor)
        /// Doubly quantized: `map[code] * outer[block / 256] + offset`, the product rounded to float32 before the sum.
        case nested(NestedScales)
    }

    /// Scales that are quantized themselves.
    package struct NestedScales {
        /// uint8 `[blocks]`.
        package let codes: Tensor
        /// What a code stands for, float32 `[256]`.
        package let map: Tensor
        /// The largest scale of each 256 blocks, less the offset: float32 `[ceil(blocks / 256)]`.
        package let outer: Tensor
        /// The mean of all scales.
        package let offset: Float

        /// Scales from their parts.
        package init(codes: Tensor, map: Tensor, outer: Tensor, offset: Float) {
            (self.codes, self.map, self.outer, self.offset) = (codes, map, outer, offset)
        }
    }

    /// Elements that share a scale.
    package static let blockSize = 64
    /// Scales that share an outer one.
    package static let outerBlockSize = 256
    /// What the 16 codes stand for: quantiles of the normal distribution, with an exact zero.
    package static let values: [Float] = [
        -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
        -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634,
        0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
    ]

    /// uint8 `[ceil(count / 2)]`.
    package let codes: Tensor
    /// The scales of the blocks.
    package let scales: Scales
    /// The shape of the matrix, `[out, in]`.
    package let shape: [Int]
    /// The type that elements are rounded to when they are needed: that of the matrix before.
    package let elementType: ElementType

    /// A matrix from its parts.
    ///
    /// - Throws: `TensorError.shapeMismatch` where a part has not the size that `shape` asks for.
    package init(codes: Tensor, scales: Scales, shape: [Int], elementType: ElementType) throws(TensorError) {
        let blocks = Self.blockCount(of: shape)
        func require(_ tensor: Tensor, _ type: ElementType, _ count: Int) throws(TensorError) {
            guard tensor.elementType == type else {
                throw .elementType(operation: "NF4 matrix", found: tensor.elementType, expected: type.name)
            }
            guard tensor.count == count else {
                throw .shapeMismatch(operation: "NF4 matrix", tensor.shape, [count])
            }
        }
        try require(codes, .uint8, (shape.product + 1) / 2)
        switch scales {
        case .plain(let tensor): try require(tensor, .float32, blocks)
        case .nested(let nested):
            try require(nested.codes, .uint8, blocks)
            try require(nested.map, .float32, 256)
            try require(nested.outer, .float32, (blocks + Self.outerBlockSize - 1) / Self.outerBlockSize)
        }
        (self.codes, self.scales, self.shape, self.elementType) = (codes, scales, shape, elementType)
    }

    /// How many blocks a matrix of a shape has.
    package static func blockCount(of shape: [Int]) -> Int { (shape.product + blockSize - 1) / blockSize }

    /// The device that holds it.
    package var backend: any Backend { codes.backend }

    /// The number of elements.
    package var count: Int { shape.product }

    /// The bytes that codes and scales take.
    package var byteCount: Int {
        switch scales {
        case .plain(let tensor): codes.byteCount + tensor.byteCount
        case .nested(let nested):
            codes.byteCount + nested.codes.byteCount + nested.map.byteCount + nested.outer.byteCount
        }
    }

    /// The elements in memory of their own, in `elementType`.
    package func dequantized() throws(TensorError) -> Tensor {
        let output = try Tensor(uninitialized: shape, elementType, on: backend, label: "dequantized weight")
        try backend.dequantize(DequantizeCall(input: self, output: output))
        return output
    }
}
