extension Tensor {
    /// Square patches of images as rows for a product; pixels get no gradient.
    ///
    /// Images are float32 `[B, 3, H, W]`, or bytes `[B, H, W, 3]`, which become numbers from -1 to 1.
    /// - Parameter patchSize: the side, in pixels, that divides both sides of the images.
    /// - Returns: `[B * N, 3 * patchSize * patchSize]` of `type`.
    /// - Throws: `TensorError.shapeMismatch` if the images are not of whole patches.
    package func patches(of patchSize: Int, as type: ElementType) throws(TensorError) -> Tensor {
        if elementType == .uint8 { return try bytePatches(of: patchSize, as: type) }
        guard shape.count == 4, shape[1] == 3, patchSize > 0, shape[2] % patchSize == 0, shape[3] % patchSize == 0
        else { throw .shapeMismatch(operation: "patches", shape, [patchSize, patchSize]) }
        let count = shape[0] * (shape[2] / patchSize) * (shape[3] / patchSize)
        let output = try Tensor(uninitialized: [count, 3 * patchSize * patchSize], type, on: backend)
        try backend.extractPatches(ExtractPatchesCall(images: detached, patchSize: patchSize, output: output))
        return output
    }

    private func bytePatches(of patchSize: Int, as type: ElementType) throws(TensorError) -> Tensor {
        guard shape.count == 4, shape[3] == 3, patchSize > 0, shape[1] % patchSize == 0, shape[2] % patchSize == 0
        else { throw .shapeMismatch(operation: "patches", shape, [patchSize, patchSize]) }
        let count = shape[0] * (shape[1] / patchSize) * (shape[2] / patchSize)
        let output = try Tensor(uninitialized: [count, 3 * patchSize * patchSize], type, on: backend)
        try backend.extractPatches(
            ExtractBytePatchesCall(
                images: detached, patchSize: patchSize, scale: 2 / 255, offset: -1, output: output))
        return output
    }
}
