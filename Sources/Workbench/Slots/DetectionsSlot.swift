import Console
import Detection

/// The detections that `infer` showed last.
struct ShownDetections {
    /// The picture as the user named it.
    let image: String
    let detections: Detections
}

/// What `infer` found last, to be looked at again; results do not depend on it.
enum DetectionsSlot: WorkspaceSlot {
    static let name = "detections"

    static func summary(of shown: ShownDetections) -> Text { "\(shown.detections.count) objects in \(shown.image)" }

    static func stateParts(of shown: ShownDetections) -> [StatePart] { [] }

    static var isTracked: Bool { false }
}
