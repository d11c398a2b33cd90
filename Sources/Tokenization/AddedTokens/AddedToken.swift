/// A token that is looked for in a text before the text is cut into pieces.
struct AddedToken: Equatable, Sendable {
    /// The text that it stands for.
    let content: String
    /// Its id.
    let id: Int32
    /// Whether it is a mark such as `<eos>`, which decoding may leave out.
    var isSpecial = false
    /// Whether it is looked for after spaces have been written as `▁`, and not in the text as it came.
    var isNormalized = false
    /// Whether it takes the white space before it.
    var takesSpaceBefore = false
    /// Whether it takes the white space after it.
    var takesSpaceAfter = false
    /// Whether it counts only where no letter, digit or underscore touches it.
    var isSingleWord = false
}
