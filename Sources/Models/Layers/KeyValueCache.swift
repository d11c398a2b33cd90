import Tensors

/// The keys and values of the tokens that a model has seen, for each layer.
package final class KeyValueCache {
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
        self.capacity = capacity
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

    /// Writes a layer's new keys and values of one row where its segment stands; returns all of that row.
    func append(
        keys new: Tensor, values newValues: Tensor, to segment: CacheSegment, layer: Int
    ) throws(TensorError) -> (Tensor, Tensor) {
        let column = segment.mask.queryOffset
        guard column + new.shape[1] <= capacity else {
            throw .argument(operation: "key cache", reason: "\(column + new.shape[1]) tokens, room for \(capacity)")
        }
        let row = segment.row..<segment.row + 1
        let (rowKeys, rowValues) = (keys[layer].part(row), values[layer].part(row))
        for (source, target) in [(new, rowKeys), (newValues, rowValues)] {
            try new.backend.writeColumns(
                WriteColumnsCall(source: source.headsMerged, column: column, output: target.headsMerged))
        }
        return (rowKeys, rowValues)
    }

    /// Counts the columns of a step that all layers have appended.
    func advance(by columns: Int) {
        length += columns
    }
}

/// Tokens of one answer among those of others: which of a call they are, and where they stand in the cache.
struct CacheSegment {
    /// The row of the cache.
    let row: Int
    /// The tokens of the call.
    let tokens: Range<Int>
    /// What they see; its query offset is their first column in the cache.
    let mask: AttentionMask
}

extension Tensor {
    /// `[B, T, heads, d]` seen as `[B, T, heads * d]`.
    fileprivate var headsMerged: Tensor {
        viewed(as: [shape[0], shape[1], shape[2] * shape[3]])
    }
}
