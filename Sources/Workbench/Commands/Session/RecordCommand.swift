import Console

/// `record FILE`, `record off`.
struct RecordCommand: Command {
    static let name = "record"
    static let summary = "write the cells that follow into a session file, until record off"
    static let discussion = """
        After each cell the whole file is on disk. Values that vary between runs are written as masks, secrets by their
        names, and pictures go to a folder beside the file. palinote replay FILE runs it as a test.
        """
    static let examples = ["record first.session.md --title 'My first session'", "record off"]

    @Argument("the session file to write, or off") var target: Path
    @Option("what the session is about") var title: String?

    mutating func run(_ context: CommandContext) throws {
        let session = context.session
        if session.journal?.isRestoring == true {
            context.warn("a recording ends when its session is cut; what was finished is in \(target.text)")
            return
        }
        if target.text == "off" {
            guard let recorder = session.recorder else { throw RecordingError.notRecording }
            session.endRecording()
            context.say("recorded \(recorder.cellCount) cells in \(.path(recorder.path))")
            return
        }
        if let recorder = session.recorder { throw RecordingError.alreadyRecording(recorder.path) }
        let path = context.resolve(target)
        let name = SessionPlace.stem(of: Paths.name(of: path))
        let recorder = try SessionRecorder(path: path, title: title ?? name, session: session)
        session.beginRecording(recorder)
        context.say("recording to \(.path(path))")
    }
}
