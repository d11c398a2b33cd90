extension LocationText {
    /// The order in which boxes are written.
    package enum Order: String, Sendable, CaseIterable {
        /// As the detections stand.
        case asGiven
        /// By the top edge, then by the left edge.
        case topToBottom
        /// By the left edge, then by the top edge.
        case leftToRight
    }

    /// Writes detections as a label's suffix: `<locYMIN><locXMIN><locYMAX><locXMAX> name ; …`.
    ///
    /// A location is `floor(coordinate * 1024 / size)` clipped to 0…1023; with the divisor 1023 it is rounded instead.
    /// - Parameters:
    ///   - detections: boxes in pixels, and names.
    ///   - imageWidth: width of the picture, in pixels.
    ///   - imageHeight: height of the picture, in pixels.
    ///   - order: the order of the boxes; equal keys keep their order.
    ///   - divisor: how many locations span the picture.
    package static func format(
        _ detections: Detections, imageWidth: Int, imageHeight: Int, order: Order = .asGiven,
        divisor: LocationTextOptions.Divisor = .locations1024
    ) -> String {
        let scale = LocationScale(width: Double(imageWidth), height: Double(imageHeight), divisor: divisor)
        return rows(of: detections, in: order).map { row in
            let locations = scale.locations(detections.boxes[row]).map { "<loc\(padded($0))>" }
            return "\(locations.joined()) \(detections.classNames[row])"
        }.joined(separator: " ; ")
    }

    /// A location as its four digits.
    package static func padded(_ location: Int) -> String {
        let digits = String(location)
        return String(repeating: "0", count: max(4 - digits.count, 0)) + digits
    }

    private static func rows(of detections: Detections, in order: Order) -> [Int] {
        let boxes = detections.boxes
        switch order {
        case .asGiven: return Array(boxes.indices)
        case .topToBottom: return boxes.indices.stablySorted { (boxes[$0].yMin, boxes[$0].xMin) }
        case .leftToRight: return boxes.indices.stablySorted { (boxes[$0].xMin, boxes[$0].yMin) }
        }
    }
}

extension Range<Int> {
    /// The numbers of the range by a pair of keys, equal keys in their order.
    fileprivate func stablySorted(by key: (Int) -> (Double, Double)) -> [Int] {
        sorted { left, right in
            let (leftKey, rightKey) = (key(left), key(right))
            return leftKey == rightKey ? left < right : leftKey < rightKey
        }
    }
}
