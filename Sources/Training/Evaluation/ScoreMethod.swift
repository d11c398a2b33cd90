import Glibc
import Models

/// How a box's confidence is made of the model's own probabilities.
package enum ScoreMethod: String, Sendable, CaseIterable {
    /// The probability of the class among the known ones.
    case `class`
    /// How surely the edges are placed: the geometric mean, over the four edges, of the probability near the location chosen.
    case location
    /// The product of both.
    case joint
    /// No confidence: boxes keep the order in which they were said.
    case none

    /// The confidence of an object, 0 to 1; nil where there is none.
    package func confidence(of object: GeneratedObject) -> Double? {
        let location = pow(object.edges.reduce(1) { $0 * $1.mass }, 1 / Double(max(object.edges.count, 1)))
        return switch self {
        case .class: object.classProbability
        case .location: location
        case .joint: object.classProbability * location
        case .none: nil
        }
    }
}
