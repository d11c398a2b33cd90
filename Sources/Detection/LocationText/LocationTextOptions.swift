/// How location text is read and written.
package struct LocationTextOptions: Sendable, Equatable {
    /// Whose reading of odd text to follow.
    package enum Compatibility: String, Sendable, CaseIterable {
        /// Keeps every name, and reports each piece of text that is no detection.
        case palinote
        /// What `Detections.from_lmm` of supervision 0.25.1 reads, cut names and all.
        case supervision025 = "supervision-0.25"
    }

    /// How many locations span a picture.
    package enum Divisor: Int, Sendable, CaseIterable {
        /// A location is a 1024th of the picture, as in Hugging Face's and Roboflow's tools.
        case locations1024 = 1024
        /// The first and last location are the picture's edges, as in big_vision.
        case locations1023 = 1023
    }

    /// Whose reading of odd text to follow.
    package var compatibility: Compatibility
    /// How many locations span a picture.
    package var divisor: Divisor

    /// Makes options; by default the project's own reading in 1024ths.
    package init(compatibility: Compatibility = .palinote, divisor: Divisor = .locations1024) {
        self.compatibility = compatibility
        self.divisor = divisor
    }
}
