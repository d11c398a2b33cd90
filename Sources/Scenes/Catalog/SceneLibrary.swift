/// What scenes are put together from, made once for a seed and then only read.
package final class SceneLibrary: Sendable {
    let masks: MaskLibrary
    let courts: CourtFigures

    /// Draws glyphs, symbols and court figures.
    ///
    /// - Throws: `SceneError.noFonts` where the program's fonts cannot be loaded.
    package init(seed: UInt64) throws(SceneError) {
        guard let masks = MaskLibrary() else { throw .noFonts }
        self.masks = masks
        courts = CourtFigures(seed: seed)
    }

    /// A drawing of a symbol; symbols with one drawing have it for all numbers.
    func symbolMask(_ symbol: Int, _ drawing: Int) -> Mask {
        let drawings = masks.symbols[symbol]
        return drawings[drawing % drawings.count]
    }

    /// What a design without a card's layout shows.
    func mask(of design: ObjectDesign) -> Mask {
        if let symbol = design.symbol, design.glyph == nil { return symbolMask(symbol, design.drawing) }
        return masks.glyphs[design.face][design.glyph ?? 0]
    }
}

/// Why scenes cannot be drawn.
package enum SceneError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The program's own fonts cannot be loaded.
    case noFonts
    /// Pictures of this side are not drawn.
    case side(Int)

    /// What was found and what to do.
    package var description: String {
        switch self {
        case .noFonts: "the program's fonts cannot be loaded, and scenes are drawn from them; is memory for them left?"
        case .side(let side): "scenes of \(side) pixels are not drawn; choose a side from 28 to 512"
        }
    }
}
