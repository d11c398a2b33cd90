import Tensors

/// The keys and values of the tokens that a model has seen, for each layer.
package final class KeyValueCache {
    /// How many examples there are room for.
    let batch: Int
    /// How many columns there are room for.
    package let capacity: Int
    /// How many columns are filled.
    package private(set) var length = 0
    private var keys: [Tensor] = []
    private var values: [Tensor] = []

    /// Room for `capacity` tokens of each of `batch` examples.
    ///
    /// - Parameters: the shape of a layer's keys is `[batch, capacity, headCount, headDimension]`.
    package init(
        layerCount: Int, batch: Int, capacity: Int, headCount: Int, headDimension: Int, elementType: ElementType,
        backend: any Backend
    ) throws(TensorError) {
        (self.batch, self.capacity) = (batch, capacity)
        let shape = [batch, capacity, headCount, headDimension]
        for _ in 0..<layerCount {
            keys.append(try Tensor(uninitialized: shape, elementType, on: backend, label: "key cache"))
            values.append(try Tensor(uninitialized: shape, elementType, on: backend, label: "value cache"))
        }
    }

    /// Writes a layer's new keys and values after those of before; returns all of them.
    func append(keys new: Tensor, values newValues: Tensor, layer: Int) throws(TensorError) -> (Tensor, Tensor) {
        let backend = new.backend
        guard length + new.shape[1] <= capacity else {
            throw .argument(operation: "key cache", reason: "\(length + new.shape[1]) tokens, room for \(capacity)")
        }
        for (source, target) in [(new, keys[layer]), (newValues, values[layer])] {
            try backend.writeColumns(
                WriteColumnsCall(source: source.headsMerged, column: length, output: target.headsMerged))
        }
        return (keys[layer], values[layer])
    }

    /// The keys and values of a layer, `[batch, capacity, headCount, headDimension]` both.
    subscript(layer layer: Int) -> (keys: Tensor, values: Tensor) { (keys[layer], values[layer]) }

    /// Counts the columns of a step that all layers have appended.
    func advance(by columns: Int) {
        length += columns
    }
}

extension Tensor {
    /// `[B, T, heads, d]` seen as `[B, T, heads * d]`.
    fileprivate var headsMerged: Tensor {
        viewed(as: [shape[0], shape[1], shape[2] * shape[3]])
    }
}
