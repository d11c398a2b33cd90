import JSON
import Tensors

/// Another resolution of pictures: more patches, with position embeddings interpolated between those of the checkpoint.
extension PaliGemma {
    /// The model for pictures of another size; weights are shared but for the position embeddings, which are in memory of
    /// their own. What is trained, frozen and adapted stays so.
    ///
    /// - Parameter imageSize: the side in pixels, a multiple of the patch size.
    /// - Throws: `ModelError.configuration` for a size that does not fit the patches; `ModelError.adapter` for an adapter
    ///   that keeps whole modules, which is merged first.
    package func resized(
        toImageSize imageSize: Int, _ interpolation: PositionInterpolation = .bicubic
    ) throws(ModelError) -> PaliGemma {
        guard adapter?.modulesToSave == nil else {
            throw .adapter(reason: "the adapter keeps whole modules; merge it before the resolution is changed")
        }
        // Both models name the same memory from here on: whoever writes to it copies it first.
        _ = keepState()
        let source = ResizedSource(
            base: ModelSource(model: self), side: configuration.vision.imageSize / configuration.vision.patchSize,
            interpolation: interpolation, backend: backend)
        let model = try PaliGemma(
            configuration.resized(toImageSize: imageSize), source: source, elementType: elementType, backend: backend)
        model.quantization = quantization
        model.options = options
        for linear in model.tree.linears { linear.computeType = quantization?.computeType }
        if let adapter {
            try model.attach(adapter) { (name, shape) throws(ModelError) in
                guard let parameter = self.parameters[name] else {
                    throw .adapter(reason: "the adapter has no weight \(name)")
                }
                return try modelErrors { () throws(TensorError) in
                    try Tensor((parameter.master ?? parameter.value).floats(), shape: shape, on: self.backend)
                }
            }
        }
        for parameter in model.parameters.parameters {
            guard let own = parameters[parameter.name] else { continue }
            parameter.isTrainable = own.isTrainable
            if parameter.shape == own.shape, parameter.master == nil { parameter.master = own.master }
        }
        _ = model.keepState()
        return model
    }
}

extension PaliGemmaConfiguration {
    /// The shape for pictures of another size, in what is saved too.
    ///
    /// - Throws: `ModelError.configuration` for a side that is no multiple of the patch size, or that has no patch.
    package func resized(toImageSize imageSize: Int) throws(ModelError) -> PaliGemmaConfiguration {
        guard imageSize >= vision.patchSize, imageSize % vision.patchSize == 0, imageSize <= 4096 else {
            throw .configuration(
                file: "image-size",
                reason: "is \(imageSize), expected a multiple of the patch size \(vision.patchSize), 4096 at most")
        }
        var copy = self
        copy.vision.imageSize = imageSize
        let count = JSON.integer(Int64(copy.vision.patchCount))
        var vision = source["vision_config"]?.object ?? JSONObject()
        vision["image_size"] = .integer(Int64(imageSize))
        if vision["num_image_tokens"] != nil { vision["num_image_tokens"] = count }
        copy.source["vision_config"] = .object(vision)
        if var text = source["text_config"]?.object, text["num_image_tokens"] != nil {
            text["num_image_tokens"] = count
            copy.source["text_config"] = .object(text)
        }
        return copy
    }
}

/// Weights of another source, with position embeddings for another number of patches.
struct ResizedSource: ParameterSource {
    let base: any ParameterSource
    /// Patches along a side of what `base` holds.
    let side: Int
    let interpolation: PositionInterpolation
    let backend: any Backend

    /// Position embeddings are made in memory; whatever is mapped is copied by who writes to it.
    var mapsFiles: Bool { base.mapsFiles }

    func values(of name: String, shape: [Int]) throws(ModelError) -> Tensor {
        guard name.hasSuffix("position_embedding.weight"), shape.count == 2, shape[0] != side * side else {
            return try base.values(of: name, shape: shape)
        }
        let stored = try base.values(of: name, shape: [side * side, shape[1]])
        return try modelErrors { () throws(TensorError) in
            let newSide = Int(Double(shape[0]).squareRoot().rounded())
            let values = interpolation.resized(try stored.floats(), side: side, size: shape[1], to: newSide)
            return try Tensor(values, shape: shape, on: backend).converted(to: stored.elementType)
        }
    }

    func matrix(of layer: String, shape: [Int]) throws(ModelError) -> MatrixValues {
        try base.matrix(of: layer, shape: shape)
    }

    func release(_ name: String) { base.release(name) }
}

/// The weights of a model in memory, for another model that shares them.
private struct ModelSource: ParameterSource {
    let model: PaliGemma

    /// Weights may stand in a file still, as they do in the other model.
    var mapsFiles: Bool { true }

    func values(of name: String, shape: [Int]) throws(ModelError) -> Tensor {
        guard let parameter = model.parameters[name] else {
            throw .missingTensor(name: name, source: "the loaded model")
        }
        guard parameter.shape == shape else {
            throw .shape(name: name, found: parameter.shape, expected: shape, source: "the loaded model")
        }
        return parameter.value
    }

    func matrix(of layer: String, shape: [Int]) throws(ModelError) -> MatrixValues {
        if let weight = model.parameters.quantized.first(where: { $0.name == layer + ".weight" }) {
            return .nf4(weight.matrix)
        }
        return .dense(try values(of: layer + ".weight", shape: shape))
    }
}
