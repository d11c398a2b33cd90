import Console

/// The samples that come with the program: what commands take when they are told nothing.
enum SampleFolders {
    static let modelName = "samples/tiny-paligemma2"
    static let cardsName = "samples/cards"
}

extension CommandContext {
    /// Where a path leads; `samples/…` is found beside the program if the session's folder has no such thing.
    func resolveSample(_ path: Path) -> String {
        let own = resolveInput(path)
        guard path.text.hasPrefix("samples/"), !FileAccess.exists(own), let samples = session.surroundings.samples
        else {
            return own
        }
        return Paths.join(samples, String(path.text.dropFirst("samples/".count)))
    }
}
