import Checkpoints
import Glibc
import Images
import JSON
import Tensors

/// How a picture becomes the numbers that the tower reads, as preprocessor_config.json says.
package struct PixelSettings: Sendable, Equatable {
    /// The side of the square that pictures are resized to, in pixels.
    package var imageSize: Int
    /// How pictures are resized.
    package var filter: ResamplingFilter
    /// How bytes become numbers.
    package var normalization: PixelNormalization

    /// PaliGemma's settings: bicubic, `-1...1`.
    package init(imageSize: Int) {
        self.imageSize = imageSize
        filter = .bicubic
        normalization = .siglip
    }

    /// Reads preprocessor_config.json of a folder; without that file PaliGemma's settings hold.
    ///
    /// - Throws: `ModelError.configuration` for a size other than the model's, or values that are not understood.
    init(folder: String, imageSize: Int) throws(ModelError) {
        self.init(imageSize: imageSize)
        let file = folder + "/preprocessor_config.json"
        guard access(file, F_OK) == 0 else { return }
        let mapping = try checkpointErrors { () throws(CheckpointError) in try MappedFile(path: file) }
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: mapping.withBytes { Array($0) }, name: file)
        } catch {
            throw .configuration(file: file, reason: "\(error)")
        }
        func fail(_ reason: String) -> ModelError { .configuration(file: file, reason: reason) }
        if let height = value["size"]?["height"]?.integer, height != imageSize {
            throw fail("size is \(height), the model's image_size is \(imageSize)")
        }
        if let code = value["resample"]?.integer {
            guard let filter = Self.filters[code] else { throw fail("resample is \(code), expected 0 to 4") }
            self.filter = filter
        }
        let mean = value["image_mean"]?.array?.compactMap(\.double) ?? normalization.mean
        let deviation = value["image_std"]?.array?.compactMap(\.double) ?? normalization.standardDeviation
        guard mean.count == 3, deviation.count == 3, deviation.allSatisfy({ $0 > 0 }) else {
            throw fail("image_mean and image_std need three numbers each, the latter above zero")
        }
        normalization = PixelNormalization(
            mean: mean, standardDeviation: deviation,
            rescaleFactor: value["rescale_factor"]?.double ?? normalization.rescaleFactor)
    }

    /// Pillow's numbers for filters.
    private static let filters: [Int: ResamplingFilter] = [
        0: .nearest, 1: .lanczos, 2: .bilinear, 3: .bicubic, 4: .box,
    ]

    /// The numbers of one picture, `[3, S, S]`.
    package func values(of image: ImageBuffer) -> [Float] {
        pixelValues(of: image, size: imageSize, normalization: normalization, filter: filter)
    }

    /// The numbers of several pictures on a device, float32 `[B, 3, S, S]`; pictures are resized side by side.
    package func tensor(of images: [ImageBuffer], on backend: any Backend) throws(TensorError) -> Tensor {
        let settings = self
        return try tensor(ofValues: concurrentMap(images) { settings.values(of: $0) }, on: backend)
    }

    /// The numbers of pictures, each `[3, S, S]`, as one tensor `[B, 3, S, S]`.
    package func tensor(ofValues pictures: [[Float]], on backend: any Backend) throws(TensorError) -> Tensor {
        let tensor = try Tensor(
            uninitialized: [pictures.count, 3, imageSize, imageSize], .float32, on: backend, label: "pixels")
        for (place, values) in pictures.enumerated() {
            let written = values.withUnsafeBytes { bytes in
                Result { () throws(TensorError) in
                    try backend.write(bytes, to: tensor.storage, byteOffset: place * bytes.count)
                }
            }
            try written.get()
        }
        return tensor
    }
}
