import CScenes
import Images

/// Pixels to draw on: RGBA, or a picture whose fourth byte is the number of the object that is seen.
///
/// Belongs to one thread. The memory outlives every call that it is handed to.
final class Layer {
    /// Columns and rows; a layer that is drawn anew may be smaller than its memory.
    private(set) var width = 0, height = 0
    private var pixels: UnsafeMutableBufferPointer<UInt8>

    /// A layer with undefined contents.
    init(width: Int, height: Int) {
        pixels = .allocate(capacity: 0)
        resize(width: width, height: height)
    }

    deinit { pixels.deallocate() }

    /// Takes another size; contents are undefined then.
    func resize(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
        guard pixels.count < width * height * 4 else { return }
        pixels.deallocate()
        pixels = .allocate(capacity: width * height * 4)
        pixels.initialize(repeating: 0)
    }

    /// The layer as the pixel loops take it.
    var view: cscenes_layer {
        cscenes_layer(pixels: pixels.baseAddress, width: Int32(width), height: Int32(height))
    }

    /// All of it.
    var bounds: cscenes_box { cscenes_box(left: 0, top: 0, right: Int32(width), bottom: Int32(height)) }

    /// The fourth byte of a pixel.
    func owner(x: Int, y: Int) -> UInt8 { pixels[(y * width + x) * 4 + 3] }

    /// The mean color of a few places, those outside left out; nil if all are.
    func meanColor(at places: [SIMD2<Double>]) -> Ink? {
        var (sum, count) = (SIMD3<Double>.zero, 0.0)
        for place in places where place.x >= 0 && place.y >= 0 && place.x < Double(width) && place.y < Double(height) {
            let at = (Int(place.y) * width + Int(place.x)) * 4
            sum += SIMD3(Double(pixels[at]), Double(pixels[at + 1]), Double(pixels[at + 2]))
            count += 1
        }
        return count == 0 ? nil : Ink(sum.x / count, sum.y / count, sum.z / count)
    }

    /// The contents as a value.
    func makeTexture() -> Texture {
        Texture(width: width, height: height, pixels: Array(pixels.prefix(width * height * 4)))
    }
}

/// An RGBA picture that many threads may draw from.
struct Texture: Sendable {
    let width, height: Int
    /// `[height, width, 4]`.
    let pixels: [UInt8]

    init(width: Int, height: Int, pixels: [UInt8]) {
        (self.width, self.height, self.pixels) = (width, height, pixels)
    }

    /// An opaque picture.
    init(_ image: ImageBuffer) {
        var pixels = [UInt8](repeating: 255, count: image.width * image.height * 4)
        for i in 0..<image.width * image.height {
            for channel in 0..<3 { pixels[4 * i + channel] = image.pixels[3 * i + channel] }
        }
        self.init(width: image.width, height: image.height, pixels: pixels)
    }

    /// Lends the pixels to a loop that only reads them.
    func withView<Result>(_ body: (cscenes_layer) -> Result) -> Result {
        pixels.withUnsafeBufferPointer { buffer in
            body(
                cscenes_layer(
                    pixels: UnsafeMutablePointer(mutating: buffer.baseAddress), width: Int32(width),
                    height: Int32(height)))
        }
    }
}
