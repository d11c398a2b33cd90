import Detection

/// Looking at pictures in tiles: each tile is shown to the model at its whole resolution, so that small objects are larger.
extension Detector {
    /// The answers for pictures that are looked at whole and in tiles; objects seen in several parts are merged.
    func tiledAnswers(
        to queries: [DetectionQuery], _ tiles: TileGrid, shouldStop: () -> Bool, observe: (Int) -> Void
    ) throws(TrainingError) -> [DetectionAnswer] {
        var answers: [DetectionAnswer] = []
        for query in queries {
            let parts = Self.parts(of: query, tiles)
            let found = try plainAnswers(to: parts, shouldStop: shouldStop, observe: { _ in })
            guard found.count == parts.count else { break }
            answers.append(merged(found, parts, query))
            observe(answers.count)
        }
        return answers
    }

    /// The picture itself, then its tiles.
    private static func parts(of query: DetectionQuery, _ tiles: TileGrid) -> [DetectionQuery] {
        [query]
            + tiles.regions(width: query.width, height: query.height).map { region in
                var part = query
                (part.width, part.height, part.region) = (region.width, region.height, region)
                return part
            }
    }

    /// One answer of those for the parts: boxes in pixels of the picture, each object once.
    private func merged(
        _ answers: [DetectionAnswer], _ parts: [DetectionQuery], _ query: DetectionQuery
    ) -> DetectionAnswer {
        let whole = PixelRegion(x: 0, y: 0, width: query.width, height: query.height)
        let moved = zip(answers, parts).map { answer, part in
            answer.detections.moved(x: Double(part.region?.x ?? 0), y: Double(part.region?.y ?? 0))
        }
        let all = Detections(joining: moved)
        let regions = zip(moved, parts).flatMap { found, part in
            Array(repeating: part.region ?? whole, count: found.count)
        }
        let candidates = (0..<all.count).map { row in
            TileMerging.Candidate(
                box: all.boxes[row], className: all.classNames[row], confidence: all.confidences?[row] ?? 1,
                region: regions[row])
        }
        let kept = merging.kept(candidates, width: query.width, height: query.height)
        let objects = answers.flatMap(\.objects)
        return DetectionAnswer(
            text: answers.map(\.text).joined(separator: "\n"), detections: all.selecting(rows: kept),
            rejected: answers.flatMap(\.rejected), objects: objects.count == all.count ? kept.map { objects[$0] } : [],
            isEnded: answers.allSatisfy(\.isEnded), repeatCount: answers.reduce(0) { $0 + $1.repeatCount })
    }
}

extension Detections {
    /// The same objects elsewhere, moved by so many pixels.
    fileprivate func moved(x: Double, y: Double) -> Detections {
        Detections(
            boxes: boxes.map { $0.moved(x: x, y: y) }, classIDs: classIDs, classNames: classNames,
            confidences: confidences, deviations: deviations)
    }

    /// The objects of several, one after another; confidences and deviations where all that are not empty have them.
    fileprivate init(joining all: [Detections]) {
        let filled = all.filter { !$0.isEmpty }
        let confidences = filled.compactMap(\.confidences)
        let deviations = filled.compactMap(\.deviations)
        self.init(
            boxes: filled.flatMap(\.boxes), classIDs: filled.flatMap(\.classIDs),
            classNames: filled.flatMap(\.classNames),
            confidences: confidences.count == filled.count ? confidences.flatMap { $0 } : nil,
            deviations: deviations.count == filled.count ? deviations.flatMap { $0 } : nil)
    }
}
