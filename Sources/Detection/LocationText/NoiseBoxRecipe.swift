/// The recipe of Pix2Seq, which PaliGemma 2's report follows for detection: every answer says the same number of boxes,
/// the real ones and then noise, and the probability of a real class is the score.
///
/// - Source: Chen et al., "Pix2seq", 2022, section 2.3; Steiner et al., "PaliGemma 2", 2024, on detection.
package struct NoiseBoxRecipe: Sendable, Equatable {
    /// What is asked whatever the classes.
    package static let prompt = "detect all classes"
    /// The class of boxes around nothing.
    package static let noiseName = "noise"

    /// The classes, without the noise.
    package let classes: [String]
    /// How many boxes an answer says.
    package let objectCount: Int

    /// The recipe for some classes; nil without classes, with one that is called as the noise is, or without boxes.
    package init?(classes: [String], objectCount: Int) {
        guard !classes.isEmpty, !classes.contains(Self.noiseName), objectCount > 0 else { return nil }
        (self.classes, self.objectCount) = (classes, objectCount)
    }
}
