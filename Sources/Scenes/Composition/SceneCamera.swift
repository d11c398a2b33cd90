import Tensors

/// How a photo is taken and then squeezed to a square: the shape of its frame, and how the table recedes.
struct SceneCamera {
    /// The side of the square, in pixels.
    let side: Double
    /// Pixels of the square for one pixel of a photo of the same area, along x and along y.
    private let stretch: Place
    /// How much larger things are at the bottom than in the middle.
    private let keystone: Double

    init(side: Double, _ stage: SceneStage, _ random: inout RandomStream) {
        self.side = side
        let choice = random.uniform()
        // Width over height of the photo; a square picture stretches narrow ones.
        let frame = stage != .all || choice < 0.4 ? 1 : choice < 0.75 ? 0.75 : choice < 0.84 ? 1.333 : 1.778
        stretch = Place((1 / frame).squareRoot(), frame.squareRoot())
        keystone = random.uniform() < 0.35 ? random.uniform(-0.3..<0.3) : 0
    }

    /// Where a place on the table, in photo pixels from the middle, comes to lie in the square.
    func project(_ place: Place) -> Place {
        let flat = place * stretch
        let growth = 1 + keystone * flat.y / side
        return Place(flat.x * growth, flat.y * (1 + keystone * 0.5 * flat.y / side)) + Place(side / 2, side / 2)
    }

    /// Half the extent of the table that is seen, in photo pixels.
    var reach: Place { Place(side / 2, side / 2) / stretch }
}
