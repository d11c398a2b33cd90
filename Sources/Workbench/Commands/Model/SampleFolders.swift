import Console

/// The samples that come with the program: what commands take when they are told nothing.
enum SampleFolders {
    static let modelName = "samples/tiny-paligemma2"
    static let cardsName = "samples/cards"

    /// A file of ours by which a folder of samples is told from another of that name.
    private static let knownFile = "tiny-paligemma2/config.json"

    /// The folder of the samples: `PALINOTE_SAMPLES`, else `share/palinote/samples` of the place where the program is
    /// installed, else a folder `samples` beside the program or above it, as in a checkout.
    ///
    /// - Parameters:
    ///   - program: the whole path of the program.
    ///   - folder: where `PALINOTE_SAMPLES` starts from if it is no whole path.
    /// - Returns: nil where none of them has our files. `PALINOTE_SAMPLES` is taken as it is.
    static func find(program: String, environment: [String: String], folder: String) -> String? {
        if let named = environment["PALINOTE_SAMPLES"], !named.isEmpty { return Paths.resolve(named, in: folder) }
        var above = Paths.folder(of: program)
        var places = [Paths.normalized(Paths.join(above, "../share/palinote/samples"))]
        while above != "/", above != "." {
            places.append(Paths.join(above, "samples"))
            above = Paths.folder(of: above)
        }
        return places.first { FileAccess.exists(Paths.join($0, knownFile)) }
    }
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
