/// Why detections cannot be scored.
package enum MetricError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Which side of the comparison a box is on.
    package enum Role: String, Sendable {
        case prediction, target
    }

    /// A box whose class is not in the list of classes.
    case unknownClass(Role, image: Int, row: Int, name: String, classID: Int?, classCount: Int)
    /// A box or a confidence that is not a number.
    case notFinite(Role, image: Int, row: Int)
    /// A threshold outside 0 to 1.
    case threshold(name: String, value: Double)

    /// What was found, what was expected and what to do.
    package var description: String {
        switch self {
        case .unknownClass(let role, let image, let row, let name, let classID, let classCount):
            let found = classID.map { "class id \($0)" } ?? "no class id"
            return "\(role.rawValue) \(row) (\"\(name)\") of image \(image) has \(found), "
                + "the \(classCount) classes are numbered from 0; look names up in the class list before scoring"
        case .notFinite(let role, let image, let row):
            return "\(role.rawValue) \(row) of image \(image) has an edge or confidence that is not a finite number; "
                + "correct it or leave it out"
        case .threshold(let name, let value):
            return "\(name) is \(value), it must lie between 0 and 1"
        }
    }
}
