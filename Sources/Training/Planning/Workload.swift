import Tensors

/// What a device is asked to compute, by kinds of work that take the same time each.
package struct Workload {
    /// A product of matrices of some shape.
    struct Product: Hashable {
        var rows, inner, columns: Int
        var elementType, outputType: ElementType
        var transposesA, transposesB, reusesB, isQuantized: Bool

        var operations: Double { 2 * Double(rows) * Double(inner) * Double(columns) }
    }

    /// An attention of some shape.
    struct Attention: Hashable {
        var batch, queries, keys, heads, keyHeads, dimension: Int
        var elementType: ElementType
        var isBackward: Bool

        /// Scores and weighted values; the way back makes the scores again and four more products.
        var operations: Double {
            (isBackward ? 10 : 4) * Double(batch * heads) * Double(queries) * Double(keys) * Double(dimension)
        }
    }

    /// A kernel that goes through memory element by element.
    enum Stream: String, CaseIterable {
        case move, gelu, geluBackward, gatedGELU, gatedGELUBackward, rmsNorm, rmsNormBackward, layerNorm
        case layerNormBackward, rotary, crossEntropy, adamW, blockwiseAdamW, gradientDescent, adafactor
    }

    /// A stream over elements of one type.
    struct Pass: Hashable {
        var stream: Stream
        var elementType: ElementType
    }

    var products: [Product: Int] = [:]
    var attentions: [Attention: Int] = [:]
    var elements: [Pass: Double] = [:]

    /// Floating-point operations of products and attention, what is computed again among them.
    package var operations: Double {
        products.reduce(0) { $0 + $1.key.operations * Double($1.value) }
            + attentions.reduce(0) { $0 + $1.key.operations * Double($1.value) }
    }

    mutating func add(_ stream: Stream, _ tensor: Tensor) {
        elements[Pass(stream: stream, elementType: tensor.elementType), default: 0] += Double(tensor.count)
    }
}
