/// Puts the objects found in the parts of a picture together, so that one seen in several parts comes out once.
package struct TileMerging: Sendable, Equatable {
    /// When two boxes of one class are the same object.
    package enum Rule: String, Sendable, CaseIterable {
        /// By intersection over the smaller box: a part of an object, cut off by a tile's edge, goes with the whole.
        case ios
        /// By intersection over union: non-maximum suppression as it is usual.
        case nms
    }

    package var rule: Rule
    /// From this overlap on two boxes are one.
    package var threshold: Double

    /// A rule with its threshold.
    package init(rule: Rule = .ios, threshold: Double = 0.5) {
        (self.rule, self.threshold) = (rule, threshold)
    }

    /// An object found in a part of a picture.
    package struct Candidate: Sendable, Equatable {
        /// In pixels of the whole picture.
        package var box: Box
        package var className: String
        /// 1 where nobody said.
        package var confidence: Double
        /// Where it was looked for.
        package var region: PixelRegion

        /// A candidate.
        package init(box: Box, className: String, confidence: Double, region: PixelRegion) {
            (self.box, self.className, self.confidence, self.region) = (box, className, confidence, region)
        }
    }

    /// The places of the candidates that stay, in their order.
    ///
    /// Class by class, boxes that no tile's edge cuts go first, then the more confident; each takes away what is the same
    /// object. Those of one part are never the same object.
    /// - Parameters:
    ///   - width: of the whole picture, in pixels.
    ///   - height: likewise.
    package func kept(_ candidates: [Candidate], width: Int, height: Int) -> [Int] {
        let isCut = candidates.map { Self.isCut($0, width: width, height: height) }
        let order = candidates.indices.sorted { left, right in
            if isCut[left] != isCut[right] { return !isCut[left] }
            let (first, second) = (candidates[left].confidence, candidates[right].confidence)
            return first == second ? left < right : first > second
        }
        var kept: [Int] = []
        for place in order {
            let box = candidates[place]
            let isKnown = kept.contains { other in
                let known = candidates[other]
                return known.className == box.className && known.region != box.region
                    && overlap(known.box, box.box) >= threshold
            }
            if !isKnown { kept.append(place) }
        }
        return kept.sorted()
    }

    private func overlap(_ left: Box, _ right: Box) -> Double {
        guard rule == .ios else { return left.iou(right) }
        let smaller = min(left.area, right.area)
        return smaller > 0 ? left.intersection(right) / smaller : 0
    }

    /// Whether a box ends where its part ends and the picture goes on: within a hundredth of the part's side.
    private static func isCut(_ candidate: Candidate, width: Int, height: Int) -> Bool {
        let (box, region) = (candidate.box, candidate.region)
        let (x, y) = (Double(region.width) / 100, Double(region.height) / 100)
        return region.x > 0 && box.xMin <= Double(region.x) + x
            || region.y > 0 && box.yMin <= Double(region.y) + y
            || region.x + region.width < width && box.xMax >= Double(region.x + region.width) - x
            || region.y + region.height < height && box.yMax >= Double(region.y + region.height) - y
    }
}
