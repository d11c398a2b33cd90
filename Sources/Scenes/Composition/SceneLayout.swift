import CScenes
import Tensors

/// An object where it lies in the square picture.
struct PlacedObject {
    let design: ObjectDesign
    /// Upper left, upper right, lower right, lower left corner of the object as it is printed.
    let corners: [Place]
    /// How high it is printed before it is laid down, in pixels.
    let printHeight: Double

    /// The corners of the print with the empty frame around it.
    var framedCorners: [Place] {
        let width = (printHeight * design.aspect).rounded()
        let (x, y) = (ObjectPainter.frame / width, ObjectPainter.frame / printHeight)
        let (across, down) = (corners[1] - corners[0], corners[3] - corners[0])
        let (acrossBelow, downRight) = (corners[2] - corners[3], corners[2] - corners[1])
        return [
            corners[0] - across * x - down * y, corners[1] + across * x - downRight * y,
            corners[2] + acrossBelow * x + downRight * y, corners[3] - acrossBelow * x + down * y,
        ]
    }

    /// The rectangle around the corners.
    var box: (low: Place, high: Place) {
        let (xs, ys) = (corners.map(\.x), corners.map(\.y))
        return (Place(xs.min() ?? 0, ys.min() ?? 0), Place(xs.max() ?? 0, ys.max() ?? 0))
    }
}

/// Chooses objects and where they lie.
struct SceneLayout {
    private let camera: SceneCamera
    private let library: SceneLibrary
    private let kinds: [SceneObject.Kind]
    private let baseSize: Double
    private let turnsFreely: Bool
    private let largestOverlap: Double

    init(_ camera: SceneCamera, _ library: SceneLibrary, _ stage: SceneStage, _ random: inout RandomStream) {
        (self.camera, self.library) = (camera, library)
        let unit = camera.side / 224
        let counts: [Double] = stage == .large ? [0.5, 0.5] : [0.2, 0.27, 0.25, 0.16, 0.12]
        var share = random.uniform()
        let count =
            counts.firstIndex { part in
                share -= part
                return share < 0
            } ?? 0
        let mixture = random.uniform()
        let only: SceneObject.Kind? = mixture < 0.35 ? nil : mixture < 0.75 ? .card : Self.kind(&random)
        kinds = (0...count).map { _ in only ?? Self.kind(&random) }
        baseSize = (stage == .large ? random.uniform(45..<130) : random.uniform(32..<120)) * unit
        turnsFreely = random.uniform() < 0.35
        let crowding = random.uniform()
        largestOverlap = crowding < 0.68 ? 0.08 : crowding < 0.92 || stage != .all ? 0.3 : 0.5
    }

    private static func kind(_ random: inout RandomStream) -> SceneObject.Kind {
        let share = random.uniform()
        return share < 0.5 ? .card : share < 0.72 ? .symbol : share < 0.88 ? .glyph : .tile
    }

    /// The objects from the lowest to the topmost; those that found no room are left out.
    mutating func place(_ random: inout RandomStream) -> [PlacedObject] {
        var placed: [PlacedObject] = []
        for kind in kinds {
            let design = ObjectDesign(kind, library, &random)
            for attempt in 0..<14 {
                let candidate = candidate(design, shrunkBy: attempt < 7 ? 1 : 0.7, &random)
                if isVisible(candidate), placed.allSatisfy({ isApart($0.box, candidate.box) }) {
                    placed.append(candidate)
                    break
                }
            }
        }
        return placed
    }

    private func candidate(
        _ design: ObjectDesign, shrunkBy factor: Double, _ random: inout RandomStream
    ) -> PlacedObject {
        // Sizes are those of a card's longer side; what is wide is made as large as what is high.
        let longer = baseSize * random.uniform(0.8..<1.25) * factor
        let height = design.aspect > 1 ? longer / design.aspect : longer
        let half = Place(height * design.aspect / 2, height / 2)
        let angle =
            turnsFreely && design.kind != .glyph ? random.uniform(-3.14159..<3.14159) : 0.3 * random.normal()
        let turn = Turn(min(max(angle, -3.2), 3.2))
        let reach = camera.reach
        let center = Place(random.uniform(-1..<1) * reach.x, random.uniform(-1..<1) * reach.y)
        let isFlat = design.kind == .card || design.kind == .tile
        let jitter = isFlat ? random.uniform(0..<0.06) * longer : 0
        let corners = [Place(-1, -1), Place(1, -1), Place(1, 1), Place(-1, 1)].map { corner in
            camera.project(
                center + turn(corner * half) + Place(random.uniform(-1..<1), random.uniform(-1..<1)) * jitter)
        }
        // Printed a little larger than it will lie there, so that warping loses nothing.
        let printed = min(max(height * 1.25, 24), 200)
        return PlacedObject(design: design, corners: corners, printHeight: printed.rounded())
    }

    /// Whether at most 12 % of half its extent lies outside.
    private func isVisible(_ object: PlacedObject) -> Bool {
        let (low, high) = object.box
        let margin = (high - low) * 0.06
        return low.x > -margin.x && low.y > -margin.y && high.x < camera.side + margin.x
            && high.y < camera.side + margin.y
    }

    private func isApart(_ one: (low: Place, high: Place), _ other: (low: Place, high: Place)) -> Bool {
        let shared = pointwiseMin(one.high, other.high) - pointwiseMax(one.low, other.low)
        guard shared.x > 0, shared.y > 0 else { return true }
        func area(_ box: (low: Place, high: Place)) -> Double { (box.high - box.low).x * (box.high - box.low).y }
        return shared.x * shared.y <= largestOverlap * min(area(one), area(other))
    }
}
