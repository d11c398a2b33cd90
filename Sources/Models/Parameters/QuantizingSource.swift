import Tensors

/// Quantizes the matrices of linear layers as they come from another source, one at a time.
struct QuantizingSource: ParameterSource {
    let base: any ParameterSource
    let configuration: QuantizationConfiguration
    let backend: any Backend

    var mapsFiles: Bool { base.mapsFiles }

    func values(of name: String, shape: [Int]) throws(ModelError) -> Tensor {
        try base.values(of: name, shape: shape)
    }

    func matrix(of layer: String, shape: [Int]) throws(ModelError) -> MatrixValues {
        let values = try base.matrix(of: layer, shape: shape)
        guard !configuration.skips(layer), case .dense(let tensor) = values else { return values }
        let matrix = try modelErrors { () throws(TensorError) in
            let scales: NF4Matrix.ScaleKind = self.configuration.useDoubleQuant ? .nested : .plain
            guard self.backend.holdsValues else {
                return try NF4Matrix(
                    outlining: shape, elementType: tensor.elementType, scales: scales, on: self.backend)
            }
            let flat = tensor.viewed(as: [tensor.count])
            return try NF4Matrix(
                quantizing: shape, elementType: tensor.elementType, scales: scales, on: self.backend
            ) { range throws(TensorError) in try flat.part(range).floats() }
        }
        base.release(layer + ".weight")
        return .nf4(matrix)
    }
}
