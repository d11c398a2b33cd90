/// Cuts images of bytes into square patches, as `ExtractPatchesCall` does those of floats: each byte becomes `scale * byte + offset`.
///
/// - Shapes: images uint8 `[B, H, W, 3]`, output `[B * (H / size) * (W / size), 3 * size * size]` of a real type, in the order
///   of `ExtractPatchesCall`. The number is computed in float32 as a product and a sum, then rounded to the output's type.
package struct ExtractBytePatchesCall {
    package let images: Tensor
    package let patchSize: Int
    package let scale: Float
    package let offset: Float
    package let output: Tensor

    /// States a call.
    package init(images: Tensor, patchSize: Int, scale: Float, offset: Float, output: Tensor) {
        (self.images, self.patchSize, self.output) = (images, patchSize, output)
        (self.scale, self.offset) = (scale, offset)
    }
}

/// The absolute errors of predicted numbers: `losses[i] = weight * sum over j of |prediction[i, j] - target[i, j]|`.
///
/// - Shapes: prediction `[R, N]` of a real type, target float32 `[R, N]`, losses float32 `[R]`; gradient like the prediction:
///   `weight` times the sign of the error, zero where there is none.
package struct AbsoluteErrorCall {
    package let prediction: Tensor
    package let target: Tensor
    package let weight: Float
    package let losses: Tensor
    package let gradient: Tensor?

    /// States a call.
    package init(prediction: Tensor, target: Tensor, weight: Float, losses: Tensor, gradient: Tensor? = nil) {
        (self.prediction, self.target, self.weight) = (prediction, target, weight)
        (self.losses, self.gradient) = (losses, gradient)
    }
}

extension Backend {
    /// For devices without a kernel of their own: the bytes become floats on the host.
    package func extractPatches(_ call: ExtractBytePatchesCall) throws(TensorError) {
        let (count, height, width) = (call.images.shape[0], call.images.shape[1], call.images.shape[2])
        let bytes = try call.images.read(as: UInt8.self)
        let table = (0..<256).map { Float($0) * call.scale + call.offset }
        let plane = height * width
        let floats = [Float](unsafeUninitializedCapacity: bytes.count) { buffer, filled in
            for image in 0..<count {
                for place in 0..<plane {
                    for channel in 0..<3 {
                        buffer[(image * 3 + channel) * plane + place] =
                            table[Int(bytes[(image * plane + place) * 3 + channel])]
                    }
                }
            }
            filled = bytes.count
        }
        let images = try Tensor(floats, shape: [count, 3, height, width], on: self)
        try extractPatches(ExtractPatchesCall(images: images, patchSize: call.patchSize, output: call.output))
    }

    /// For devices without a kernel of their own: the errors are taken on the host.
    package func absoluteError(_ call: AbsoluteErrorCall) throws(TensorError) {
        let (prediction, target) = (try call.prediction.floats(), try call.target.floats())
        let columns = call.prediction.columns
        var losses = [Float](repeating: 0, count: call.prediction.rows)
        var gradient = [Float](repeating: 0, count: prediction.count)
        for row in losses.indices {
            var sum: Float = 0
            for i in row * columns..<(row + 1) * columns {
                let error = prediction[i] - target[i]
                sum += abs(error)
                gradient[i] = error == 0 ? 0 : (error > 0 ? call.weight : -call.weight)
            }
            losses[row] = call.weight * sum
        }
        try convert(ConvertCall(input: Tensor(losses, shape: [losses.count], on: self), output: call.losses))
        guard let output = call.gradient else { return }
        try convert(ConvertCall(input: Tensor(gradient, shape: output.shape, on: self), output: output))
    }
}
