extension Tensor {
    /// Square patches of images as rows for a product; pixels get no gradient.
    ///
    /// - Parameter patchSize: the side, in pixels, that divides both sides of the images.
    /// - Returns: `[B * N, 3 * patchSize * patchSize]` of `type`.
    /// - Throws: `TensorError.shapeMismatch` if the images are not `[B, 3, H, W]` of whole patches.
    package func patches(of patchSize: Int, as type: ElementType) throws(TensorError) -> Tensor {
        guard shape.count == 4, shape[1] == 3, patchSize > 0, shape[2] % patchSize == 0, shape[3] % patchSize == 0
        else { throw .shapeMismatch(operation: "patches", shape, [patchSize, patchSize]) }
        let count = shape[0] * (shape[2] / patchSize) * (shape[3] / patchSize)
        let output = try Tensor(uninitialized: [count, 3 * patchSize * patchSize], type, on: backend)
        try backend.extractPatches(ExtractPatchesCall(images: detached, patchSize: patchSize, output: output))
        return output
    }
}
