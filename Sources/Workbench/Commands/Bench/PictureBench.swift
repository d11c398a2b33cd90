import Datasets
import Images
import Models
import Tensors

/// Measures the way from a picture's file to the numbers that the model reads.
struct PictureBench {
    /// The side of the measured pictures, in pixels.
    static let pictureSide = 640
    /// Pictures of a collated batch.
    static let batchSize = 8

    private let jpeg: [UInt8]
    private let settings: PixelSettings
    private let backend: any Backend

    /// Draws the picture: the first that `dataset make-cards --size 640` writes, byte for byte.
    init(imageSize: Int, backend: any Backend) throws {
        let cards = SyntheticCardSet(pixelSize: Self.pictureSide)
        jpeg = try cards.picture(0, of: .train).0.jpegBytes(quality: cards.jpegQuality)
        settings = PixelSettings(imageSize: imageSize)
        self.backend = backend
    }

    /// A picture from JPEG bytes to pixel values on one thread, and a batch of decoded pictures to a tensor.
    func measure(_ stopwatch: Stopwatch) throws -> [Measurement] {
        let decoded = try ImageBuffer(decoding: jpeg, name: "bench.jpg")
        let batch = Array(repeating: decoded, count: Self.batchSize)
        return [
            try stopwatch.measure("640x640 JPEG to pixel values, one thread") {
                _ = settings.values(of: try ImageBuffer(decoding: jpeg, name: "bench.jpg"))
            },
            try stopwatch.measure("collate \(Self.batchSize) decoded images") {
                _ = try settings.tensor(of: batch, on: backend)
            },
        ]
    }
}
