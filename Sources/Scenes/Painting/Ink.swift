import CScenes
import Tensors

/// A color of three numbers from 0 to 255.
struct Ink: Sendable, Equatable {
    var red, green, blue: Double

    init(_ red: Double, _ green: Double, _ blue: Double) {
        (self.red, self.green, self.blue) = (red, green, blue)
    }

    /// Any color at all.
    init(anyOf random: inout RandomStream) {
        self.init(random.uniform(0..<256), random.uniform(0..<256), random.uniform(0..<256))
    }

    /// The color with each channel moved by up to `spread`.
    func varied(by spread: Double, _ random: inout RandomStream) -> Ink {
        Ink(
            red + random.uniform(-spread..<spread), green + random.uniform(-spread..<spread),
            blue + random.uniform(-spread..<spread))
    }

    /// The color times a factor.
    func scaled(by factor: Double) -> Ink { Ink(red * factor, green * factor, blue * factor) }

    /// The color that lies `share` of the way to another.
    func mixed(with other: Ink, share: Double) -> Ink {
        Ink(
            red + (other.red - red) * share, green + (other.green - green) * share, blue + (other.blue - blue) * share)
    }

    /// How light it is, from 0 to 255.
    var lightness: Double { 0.299 * red + 0.587 * green + 0.114 * blue }

    /// How far apart two colors are: the sum over the channels.
    func distance(to other: Ink) -> Double {
        abs(red - other.red) + abs(green - other.green) + abs(blue - other.blue)
    }

    /// The color as the pixel loops take it.
    var bytes: cscenes_ink {
        func byte(_ value: Double) -> UInt8 { UInt8(min(max(value, 0), 255)) }
        return cscenes_ink(red: byte(red), green: byte(green), blue: byte(blue))
    }

    /// The color as floats, for fields.
    var floats: [Float] { [Float(red), Float(green), Float(blue)] }
}
