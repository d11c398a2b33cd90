import Models
import Scenes

/// The pictures, prompts and labels that go through the model at once. A value: threads hand it over whole.
package struct PretrainingBatch: Sendable {
    /// Places in a list of rows, and a label for each.
    struct Labels: Sendable, Equatable {
        var places: [Int32] = []
        var labels: [Int32] = []
    }

    /// Bytes of some pictures in a row, `[.., side, side, 3]`; together those of all.
    let pixels: [[UInt8]]
    let side: Int
    let pictureCount: Int
    /// One row for each prompt.
    let tokens: TokenBatch
    /// Which picture each row is about.
    let pictureOfRow: [Int]
    /// The kind of what is seen at each patch, 0 for nothing; all patches of all pictures.
    let kinds: [Int32]
    /// The glyphs, symbols and inks of patches that show one.
    let glyphs, symbols, inks: Labels
    /// Patches that belong to an object, and for each the object's edges less the patch's center, over the picture's side:
    /// left, top, right, bottom.
    let boxPlaces: [Int32]
    let boxes: [Float]
}

/// The part of a batch that one thread draws.
struct PretrainingGroup: Sendable {
    var pixels: [UInt8] = []
    var rows: [TokenRow] = []
    /// Per picture, per patch.
    var kinds: [Int32] = []
    var glyphs = PretrainingBatch.Labels()
    var symbols = PretrainingBatch.Labels()
    var inks = PretrainingBatch.Labels()
    var boxPlaces: [Int32] = []
    var boxes: [Float] = []

    /// Adds a scene's pixels and the labels of its patches.
    mutating func add(_ scene: Scene, patchSize: Int) {
        let first = Int32(kinds.count)
        let perRow = scene.side / patchSize
        let side = Double(scene.side)
        pixels += scene.pixels
        for (patch, owner) in scene.patchOwners.enumerated() {
            guard owner > 0 else {
                kinds.append(0)
                continue
            }
            let (object, place) = (scene.objects[Int(owner) - 1], first + Int32(patch))
            kinds.append(Int32(object.kind.rawValue))
            glyphs.add(object.glyph, at: place)
            symbols.add(object.symbol, at: place)
            inks.add(object.ink, at: place)
            let x = Double(patch % perRow * patchSize) + Double(patchSize) / 2
            let y = Double(patch / perRow * patchSize) + Double(patchSize) / 2
            boxPlaces.append(place)
            boxes += [object.box.xMin - x, object.box.yMin - y, object.box.xMax - x, object.box.yMax - y].map {
                Float($0 / side)
            }
        }
    }
}

extension PretrainingBatch.Labels {
    fileprivate mutating func add(_ label: Int?, at place: Int32) {
        guard let label else { return }
        places.append(place)
        labels.append(Int32(label))
    }

    /// The labels of groups that follow one another, each with `stride` rows before the next.
    fileprivate static func joined(_ parts: [(labels: PretrainingBatch.Labels, offset: Int32)]) -> Self {
        var result = Self()
        for (part, offset) in parts {
            result.places += part.places.map { $0 + offset }
            result.labels += part.labels
        }
        return result
    }
}

extension PretrainingBatch {
    /// Puts the groups of a batch together, padded to a multiple of 16 tokens so that few lengths occur.
    init(
        _ groups: [PretrainingGroup], side: Int, promptsPerPicture: Int, padID: Int32
    ) throws(ModelError) {
        let rows = groups.flatMap(\.rows)
        self.side = side
        pixels = groups.map(\.pixels)
        pictureCount = rows.count / promptsPerPicture
        pictureOfRow = rows.indices.map { $0 / promptsPerPicture }
        tokens = try TokenBatch(rows, withLabels: true, padID: padID, .left, lengthMultiple: 16)
        var offsets: [Int32] = []
        var count: Int32 = 0
        for group in groups {
            offsets.append(count)
            count += Int32(group.kinds.count)
        }
        let placed = zip(groups, offsets)
        kinds = groups.flatMap(\.kinds)
        glyphs = Labels.joined(placed.map { ($0.glyphs, $1) })
        symbols = Labels.joined(placed.map { ($0.symbols, $1) })
        inks = Labels.joined(placed.map { ($0.inks, $1) })
        boxPlaces = placed.flatMap { group, offset in group.boxPlaces.map { $0 + offset } }
        boxes = groups.flatMap(\.boxes)
    }
}
