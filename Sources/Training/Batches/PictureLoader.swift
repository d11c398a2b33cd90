import Datasets
import Foundation
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
        let settings = processor.pixels
        let orientation = exif
        let results = concurrentMap(paths) { path -> Result<[Float], ImageError> in
            Result { () throws(ImageError) in
                settings.values(of: try ImageBuffer(contentsOf: path, exif: orientation))
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
        let present = model.imageStorages
        if !present.elementsEqual(weights, by: { $0 === $1 }) { cache.removeAll() }
        weights = present
        return try cache.features(under: paths.map(Self.key)) { (missing) throws(TrainingError) in
            let pixels = try self.pixels(of: missing.map { paths[$0] }, on: model.backend)
            return try trainingErrors { () throws(TensorError) in try model.imageFeatures(pixels) }
        }
    }

    /// What identifies a picture's bytes without reading them: path, size and time of change.
    private static func key(_ path: String) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { return path }
        return "\(path)\n\(status.st_size)\n\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }
}
