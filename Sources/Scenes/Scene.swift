import Detection
import Images

/// One thing in a scene that can be asked for.
package struct SceneObject: Sendable, Equatable {
    /// What it is.
    package enum Kind: Int, Sendable, CaseIterable {
        case card = 1, symbol, glyph, tile
    }

    /// What it is.
    package let kind: Kind
    /// The glyph that it shows, by its number in `SceneWords.glyphs`.
    package let glyph: Int?
    /// The symbol that it shows, by its number in `SceneWords.symbols`.
    package let symbol: Int?
    /// The ink that it is printed in, by its number in `SceneWords.inks`.
    package let ink: Int
    /// The color of a tile, by its number in `SceneWords.inks`.
    package let ground: Int?
    /// What of it lies in the picture, in pixels; objects that lie over it do not count.
    package let box: Box
}

/// A drawn picture and what is in it.
package struct Scene: Sendable, Equatable {
    /// Columns and rows.
    package let side: Int
    /// RGB, `[side, side, 3]`.
    package let pixels: [UInt8]
    /// From the lowest to the topmost.
    package let objects: [SceneObject]
    /// For each square patch, row by row: the object that is seen at its center, counted from 1, or 0 for none.
    package let patchOwners: [UInt8]

    /// The picture as an image.
    package var image: ImageBuffer {
        get throws(ImageError) { try ImageBuffer(width: side, height: side, pixels: pixels) }
    }
}
