/// A piece of a model's answer, or of a label, that is no detection.
package struct RejectedDetection: Sendable, Equatable, CustomStringConvertible {
    /// Why a piece of text is no detection.
    package enum Reason: Sendable, Equatable, CustomStringConvertible {
        /// Text without a location token.
        case noLocations
        /// A run of more or fewer than four location tokens.
        case locationCount(Int)
        /// A token that starts like a location and is none, such as `<loc12>` or `<loc1024>`.
        case malformedLocation(String)
        /// Four locations without a name.
        case noName
        /// A name that is not among the classes asked for.
        case unknownClass(String)

        /// What was found and what was expected.
        package var description: String {
            switch self {
            case .noLocations: "no location token"
            case .locationCount(let count):
                "\(count) location token\(count == 1 ? "" : "s"), a box needs 4"
            case .malformedLocation(let token): "\(token), which is no location (those are <loc0000> to <loc1023>)"
            case .noName: "no name after the locations"
            case .unknownClass(let name): "the class \"\(name)\", which was not asked for"
            }
        }
    }

    /// The text that was rejected, as it stood.
    package let text: String
    /// Why it is no detection.
    package let reason: Reason

    /// Makes a record of rejected text.
    package init(text: String, reason: Reason) {
        self.text = text
        self.reason = reason
    }

    /// The reason and the text.
    package var description: String { "\(reason): \"\(text)\"" }
}
