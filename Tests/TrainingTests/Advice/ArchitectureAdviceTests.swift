import Detection
import Testing

@testable import Training

@Suite("Architecture follows from errors")
struct ArchitectureAdviceTests {
    private static let classes = ["a", "b"]

    /// Pictures of 448 pixels a side, read at 224 in patches of 14: a patch is 28 pixels of the picture.
    private func kinds(
        _ images: [ScoredImage], side: Int = 448, rank: Int? = nil, adaptsVision: Bool = false,
        trainsProjector: Bool = false
    ) throws -> [ArchitectureAdvice.Kind] {
        try advice(images, side: side, rank: rank, adaptsVision: adaptsVision, trainsProjector: trainsProjector)
            .proposals.map(\.kind)
    }

    private func advice(
        _ images: [ScoredImage], side: Int = 448, rank: Int? = nil, adaptsVision: Bool = false,
        trainsProjector: Bool = false
    ) throws -> ArchitectureAdvice {
        try ArchitectureAdvice(
            images, sizes: images.map { _ in (side, side) }, classes: Self.classes,
            model: .init(
                imageSize: 224, patchSize: 14, rank: rank, adaptsVision: adaptsVision,
                trainsProjector: trainsProjector))
    }

    private func image(
        _ side: Double, found: (shift: Double, classID: Int)?, count: Int = 1
    ) -> ScoredImage {
        func detections(_ rows: [(Box, Int)]) -> Detections {
            Detections(
                boxes: rows.map(\.0), classIDs: rows.map(\.1), classNames: rows.map { Self.classes[$0.1] },
                confidences: rows.map { _ in 0.9 })
        }
        let box = Box(xMin: 10, yMin: 10, xMax: 10 + side, yMax: 10 + side)
        return ScoredImage(
            predictions: detections(found.map { [(box.moved(x: $0.shift * side, y: 0), $0.classID)] } ?? []),
            targets: detections([(box, 0)]))
    }

    @Test("small objects that are missed ask for tiles")
    func tiles() throws {
        let images =
            (0..<6).map { _ in image(40, found: nil) } + (0..<6).map { _ in image(300, found: (0, 0)) }
        let advice = try advice(images)
        #expect(advice.proposals.map(\.kind) == [.tiles])
        #expect(advice.sizes.map(\.targetCount) == [6, 0, 0, 6])
        #expect(advice.proposals[0].figures.first?.value == 0)
        // Three of a size say nothing.
        #expect(try kinds(Array(images.dropFirst(3))).isEmpty)
    }

    @Test("edges that lie off ask for a higher resolution and the projector, where there is more to see")
    func resolution() throws {
        // A shift by a fifth of the side: an overlap of two thirds.
        let images = (0..<8).map { _ in image(100, found: (0.2, 0)) }
        #expect(try kinds(images) == [.resolution, .projector])
        #expect(try advice(images).proposals[0].command == "model load --image-size 448")
        #expect(try kinds(images, side: 224, trainsProjector: true).isEmpty)
        #expect(try kinds(images, side: 224, rank: 8) == [.projector])
        #expect(try advice(images, side: 300).proposals[0].command == "model load --image-size 294")
    }

    @Test("classes taken for one another ask for vision adapters and a larger rank")
    func classErrors() throws {
        let images = (0..<8).map { image(200, found: (0, $0 % 2)) }
        #expect(try kinds(images) == [.visionAttention])
        #expect(try kinds(images, rank: 8) == [.visionAttention, .rank])
        #expect(try kinds(images, rank: 8, adaptsVision: true) == [.rank])
        #expect(try kinds(images, rank: 64, adaptsVision: true).isEmpty)
    }

    @Test("a good model is left alone, and nothing says nothing")
    func nothing() throws {
        #expect(try kinds((0..<8).map { _ in image(200, found: (0, 0)) }).isEmpty)
        #expect(try kinds([]).isEmpty)
    }
}
