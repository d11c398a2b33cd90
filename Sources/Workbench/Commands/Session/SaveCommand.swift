import Console

/// `save`: the cells run so far as a session file.
struct SaveCommand: Command {
    static let name = "save"
    static let summary = "write the cells run so far into a session file, with their outputs and pictures"
    static let discussion = """
        The file is what record would have written. Cells that only save, record, export or import are left out.
        palinote replay FILE runs it as a test; states are in it only of cells that ran while record was on.
        """
    static let examples = ["save first.session.md", "save first.session.md --title 'My first session' --replace"]

    @Argument("the session file to write", completion: .file(extensions: ["md"])) var file: Path
    @Option("what the session is about") var title: String?
    @Flag("write over a file that is there") var replace = false

    mutating func run(_ context: CommandContext) throws {
        let path = context.resolveOutput(file)
        try SessionConversion.check(path, shownAs: file.text, replaces: replace)
        let transcript = SessionTranscript(of: context.session, for: path, title: title)
        guard transcript.cellCount > 0 else { throw ConversionError.noCells }
        try SessionPlace.write(transcript.source.file, to: path, secrets: context.session.secrets)
        try transcript.writePictures(beside: path, secrets: context.session.secrets)
        context.warnOfGaps(transcript)
        context.say("saved \(transcript.cellCount.counting("cell")) to \(.path(file.text))")
    }
}

extension CommandContext {
    /// Says what of the session could not be gathered.
    func warnOfGaps(_ transcript: SessionTranscript) {
        for picture in transcript.missingPictures { warn("the picture \(picture) was changed or removed since") }
        if transcript.leftOutCount > 0 {
            warn("left out \(transcript.leftOutCount.counting("cell")) that only save, record, export or import")
        }
    }
}
