import Checkpoints
import JSON
import Tensors

/// Matrices that transformers saved in bitsandbytes' 4 bits.
///
/// Beside `NAME.weight`, uint8 `[ceil(count / 2), 1]`, stand `.absmax`, `.quant_map`, and with double quantization
/// `.nested_absmax` and `.nested_quant_map`; the rest is JSON in the bytes of `.quant_state.bitsandbytes__nf4`.
extension CheckpointSource {
    private static let stateSuffix = ".quant_state.bitsandbytes__nf4"
    /// The ends of names that belong to a quantized matrix.
    static let quantizedSuffixes = [".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map", stateSuffix]

    func matrix(of layer: String, shape: [Int]) throws(ModelError) -> MatrixValues {
        let name = layer + ".weight"
        guard let stored = Self.layouts(of: name).first(where: { checkpoint.contains($0 + Self.stateSuffix) }) else {
            return .dense(try values(of: name, shape: shape))
        }
        let state = try state(of: stored)
        guard state.shape == shape else {
            throw .shape(name: stored, found: state.shape, expected: shape, source: Self.listing(of: checkpoint))
        }
        let scales: NF4Matrix.Scales
        if let offset = state.offset {
            scales = .nested(
                NF4Matrix.NestedScales(
                    codes: try bytes(stored + ".absmax", .uint8),
                    map: try bytes(stored + ".nested_quant_map", .float32),
                    outer: try bytes(stored + ".nested_absmax", .float32), offset: offset))
        } else {
            scales = .plain(try bytes(stored + ".absmax", .float32))
        }
        let codes = try bytes(stored, .uint8)
        return .nf4(
            try modelErrors { () throws(TensorError) in
                try NF4Matrix(codes: codes, scales: scales, shape: shape, elementType: state.elementType)
            })
    }

    /// The facts of a quantized matrix that are no tensors.
    private struct State {
        let shape: [Int]
        let elementType: ElementType
        let offset: Float?
    }

    private func state(of stored: String) throws(ModelError) -> State {
        let name = stored + Self.stateSuffix
        func fail(_ reason: String) -> ModelError {
            .configuration(file: Self.listing(of: checkpoint), reason: "\"\(name)\": \(reason)")
        }
        let text = try modelErrors(bytes(name, .uint8).readBytes)
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: text, name: name)
        } catch {
            throw fail("\(error)")
        }
        guard let shape = value["shape"]?.array?.compactMap(\.integer), value["quant_type"]?.string == "nf4" else {
            throw fail("no shape, or not of type nf4")
        }
        guard value["blocksize"]?.integer == NF4Matrix.blockSize else {
            throw fail("blocks are not of \(NF4Matrix.blockSize) elements")
        }
        let types = ["float32": ElementType.float32, "bfloat16": .bfloat16, "float16": .float16]
        guard let type = types[value["dtype"]?.string ?? ""] else {
            throw fail("dtype is none of float32, bfloat16, float16")
        }
        let offset = value["nested_offset"]?.double.map { Float($0) }
        guard offset == nil || value["nested_blocksize"]?.integer == NF4Matrix.outerBlockSize else {
            throw fail("outer blocks are not of \(NF4Matrix.outerBlockSize) scales")
        }
        return State(shape: shape, elementType: type, offset: offset)
    }

    /// A stored tensor as it is, in one row, aligned for kernels.
    private func bytes(_ name: String, _ type: ElementType) throws(ModelError) -> Tensor {
        let (file, entry) = try checkpointErrors { () throws(CheckpointError) in
            (try checkpoint.file(for: name), try checkpoint.entry(name))
        }
        guard entry.elementType == type else {
            throw .checkpoint(
                .unsupportedType(file: entry.file, tensor: name, found: entry.elementType.name, expected: type.name))
        }
        return try modelErrors { () throws(TensorError) in
            let bytes = UnsafeRawBufferPointer(rebasing: file.mapping.bytes[entry.byteRange])
            if type == .uint8 {
                let storage = try backend.adopt(bytes, owner: file.mapping)
                return Tensor(storage: storage, shape: [entry.elementCount], elementType: type, backend: backend)
            }
            let tensor = try Tensor(uninitialized: [entry.elementCount], type, on: backend, label: "scales")
            try backend.write(bytes, to: tensor.storage, byteOffset: 0)
            return tensor
        }
    }
}

extension NF4Matrix {
    /// The tensors that transformers stores for a matrix called `name`.
    func sources(name: String) throws(TensorError) -> [TensorSource] {
        func stored(_ suffix: String, _ tensor: Tensor, _ shape: [Int]? = nil) -> TensorSource {
            TensorSource(name: name + suffix, elementType: tensor.elementType, shape: shape ?? tensor.shape) { sink in
                try tensor.readBytes().withUnsafeBytes { try sink($0) }
            }
        }
        var state = #"{"quant_type": "nf4", "blocksize": \#(Self.blockSize), "dtype": "\#(elementType.name)""#
        state += #", "shape": ["# + shape.map(String.init).joined(separator: ", ") + "]"
        let map = try Tensor(Self.values, shape: [16], on: backend)
        var sources = [stored("", codes, [codes.count, 1]), stored(".quant_map", map)]
        switch scales {
        case .plain(let tensor): sources.append(stored(".absmax", tensor))
        case .nested(let nested):
            sources.append(stored(".absmax", nested.codes))
            sources.append(stored(".nested_absmax", nested.outer))
            sources.append(stored(".nested_quant_map", nested.map))
            state += #", "nested_blocksize": \#(Self.outerBlockSize), "nested_dtype": "float32""#
            state += #", "nested_offset": \#(Double(nested.offset))"#
        }
        let text = Array((state + "}").utf8)
        sources.append(
            TensorSource(
                name: name + ".quant_state.bitsandbytes__nf4", elementType: .uint8, shape: [text.count], bytes: text))
        return sources
    }
}
