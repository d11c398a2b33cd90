/// A color of 8 bits a channel, sRGB, alpha not multiplied in.
package struct Color: Sendable, Hashable {
    /// The red part.
    package var red: UInt8
    /// The green part.
    package var green: UInt8
    /// The blue part.
    package var blue: UInt8
    /// 255 covers what lies below, 0 leaves it.
    package var alpha: UInt8

    /// Makes a color of its parts.
    package init(red: UInt8, green: UInt8, blue: UInt8, alpha: UInt8 = 255) {
        self.red = red
        self.green = green
        self.blue = blue
        self.alpha = alpha
    }

    /// Reads `#rrggbb` or `#rrggbbaa`; the `#` may be left out.
    package init(hex text: String) throws(ImageError) {
        let digits = text.hasPrefix("#") ? text.dropFirst() : Substring(text)
        let isHexadecimal = digits.allSatisfy { $0.isASCII && $0.isHexDigit }
        guard isHexadecimal, digits.utf8.count == 6 || digits.utf8.count == 8, let value = UInt32(digits, radix: 16)
        else { throw .badColor(text: text) }
        self.init(packed: digits.utf8.count == 6 ? value << 8 | 0xff : value)
    }

    /// Makes an opaque color of `0xrrggbb`, for constants.
    package init(rgb: UInt32) {
        self.init(packed: rgb << 8 | 0xff)
    }

    private init(packed: UInt32) {
        let part = { (shift: UInt32) in UInt8(truncatingIfNeeded: packed >> shift) }
        self.init(red: part(24), green: part(16), blue: part(8), alpha: part(0))
    }

    /// The same color with another alpha.
    package func withAlpha(_ alpha: UInt8) -> Color {
        Color(red: red, green: green, blue: blue, alpha: alpha)
    }

    /// The color that lies `fraction` (0 to 1) of the way to another.
    package func mixed(with other: Color, fraction: Double) -> Color {
        let t = min(max(fraction, 0), 1)
        let mix = { (a: UInt8, b: UInt8) in UInt8((Double(a) + (Double(b) - Double(a)) * t).rounded()) }
        return Color(
            red: mix(red, other.red), green: mix(green, other.green), blue: mix(blue, other.blue),
            alpha: mix(alpha, other.alpha))
    }

    /// Relative lightness from 0 (black) to 1 (white), by the weights of ITU-R BT.601.
    package var lightness: Double {
        (0.299 * Double(red) + 0.587 * Double(green) + 0.114 * Double(blue)) / 255
    }

    /// Opaque white.
    package static let white = Color(rgb: 0xffffff)
    /// Opaque black.
    package static let black = Color(rgb: 0x000000)
    /// Nothing at all.
    package static let clear = Color(red: 0, green: 0, blue: 0, alpha: 0)
}
