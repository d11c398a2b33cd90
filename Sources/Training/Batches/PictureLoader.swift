import Datasets
import Detection
import Glibc
import Images
import Models
import Tensors

/// Pictures of examples as the model takes them, and their features where those do not change.
package final class PictureLoader {
    private let processor: PaliGemmaProcessor
    private let exif: ExifOrientation
    /// The features kept so far.
    package let cache: FeatureCache
    /// The weights that made the features in the cache.
    private var weights: [any Storage] = []

    /// A loader with room for features.
    package init(_ processor: PaliGemmaProcessor, cache: FeatureCache, exif: ExifOrientation = .ignore) {
        self.processor = processor
        self.cache = cache
        self.exif = exif
    }

    /// The normalized pixels of some examples, float32 `[B, 3, S, S]`; pictures are read side by side.
    package func pixels(of paths: [String], on backend: any Backend) throws(TrainingError) -> Tensor {
        try pixels(of: paths.map { PicturePart(path: $0) }, on: backend)
    }

    /// The normalized pixels of pictures or parts of them.
    package func pixels(of parts: [PicturePart], on backend: any Backend) throws(TrainingError) -> Tensor {
        let settings = processor.pixels
        let orientation = exif
        let results = concurrentMap(parts) { part -> Result<[Float], ImageError> in
            Result { () throws(ImageError) in
                settings.values(of: try part.picture(exif: orientation))
            }
        }
        let pictures = try results.map { (result) throws(TrainingError) in
            switch result {
            case .success(let values): return values
            case .failure(let error): throw .image(error)
            }
        }
        return try trainingErrors { () throws(TensorError) in try settings.tensor(ofValues: pictures, on: backend) }
    }

    /// The features of some examples, `[B * N, D]`, from the cache where a picture's file has not changed.
    ///
    /// Only right while `model.hasFixedImageFeatures`. Features that other weights made are forgotten.
    package func features(of paths: [String], _ model: PaliGemma) throws(TrainingError) -> Tensor {
        try features(of: paths.map { PicturePart(path: $0) }, model)
    }

    /// The features of pictures or parts of them.
    package func features(of parts: [PicturePart], _ model: PaliGemma) throws(TrainingError) -> Tensor {
        let present = model.imageStorages
        if !present.elementsEqual(weights, by: { $0 === $1 }) { cache.removeAll() }
        weights = present
        return try cache.features(under: parts.map(Self.key)) { (missing) throws(TrainingError) in
            let pixels = try self.pixels(of: missing.map { parts[$0] }, on: model.backend)
            return try trainingErrors { () throws(TensorError) in try model.imageFeatures(pixels) }
        }
    }

    /// What identifies the bytes of a picture's part without reading them: path, size, time of change, and rectangle.
    private static func key(_ part: PicturePart) -> String {
        var status = stat()
        let place = part.region.map { "\n\($0.x) \($0.y) \($0.width) \($0.height)" } ?? ""
        guard stat(part.path, &status) == 0 else { return part.path + place }
        return "\(part.path)\n\(status.st_size)\n\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)" + place
    }
}

/// A picture's file, or a rectangle of it.
package struct PicturePart: Sendable, Hashable {
    package var path: String
    /// In pixels; nil for the whole picture.
    package var region: PixelRegion?

    /// A picture, or a part of one.
    package init(path: String, region: PixelRegion? = nil) { (self.path, self.region) = (path, region) }

    fileprivate func picture(exif: ExifOrientation) throws(ImageError) -> ImageBuffer {
        let picture = try ImageBuffer(contentsOf: path, exif: exif)
        guard let region else { return picture }
        return try picture.cropped(x: region.x, y: region.y, width: region.width, height: region.height)
    }
}
