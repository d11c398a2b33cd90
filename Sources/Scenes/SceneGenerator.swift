import Tensors

/// Draws endless pictures to learn from: picture `i` is the same for a seed on every machine and every thread.
package struct SceneGenerator: Sendable {
    /// What decides everything that is drawn.
    package let seed: UInt64
    /// Columns and rows of a picture.
    package let side: Int
    /// The side of the patches that are labelled.
    package let patchSize: Int
    let library: SceneLibrary
    let backgrounds: BackgroundBank

    /// Prepares glyphs, symbols and figures.
    ///
    /// - Throws: `SceneError` for a side that is not drawn, or where fonts cannot be loaded.
    package init(seed: UInt64, side: Int = 224, patchSize: Int = 14) throws(SceneError) {
        guard (28...512).contains(side), patchSize > 0, side % patchSize == 0 else { throw .side(side) }
        (self.seed, self.side, self.patchSize) = (seed, side, patchSize)
        library = try SceneLibrary(seed: seed)
        backgrounds = BackgroundBank(seed: seed)
    }

    /// Something to draw with; each thread has its own.
    package func makeArtist() -> SceneArtist { SceneArtist(self) }
}

/// Which scenes are drawn.
package enum SceneStage: Sendable, Equatable {
    /// One or two large objects that are seen well, for the beginning.
    case large
    /// Objects of all kinds and sizes that are seen well: in a square photo, without shadows, sun or glare on them and nothing
    /// over them.
    case clear
    /// Everything.
    case all
}
