/// One thing in a session file that should be mended: what it is, and what to do.
struct LintFinding: Equatable {
    /// The line, counted from 1; nil for what belongs to no line.
    let line: Int?
    /// One sentence.
    let message: String
}
