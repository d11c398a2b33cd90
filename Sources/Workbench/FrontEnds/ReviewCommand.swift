import Console
import Images

/// `palinote review`: looks at what a replay found to be different, one cell after the other.
struct ReviewCommand: Command {
    static let name = "review"
    static let summary = "walk through what a replay found to be different, and accept or reject each cell"
    static let discussion = """
        Each difference of FILE.new is shown with its pictures side by side. Answer a to accept it, r to reject it, s to
        leave it for later, A, R or S to do so with it and all the rest, q to leave. What is accepted is written into the
        file at once, where lines whose masks still match stay as they are. When nothing is left, FILE.new and its
        pictures go. With CI set in the environment nothing is accepted: the code is 3.
        """
    static let examples = ["palinote review sessions/walkthrough.session.md"]

    @Argument("the session file", completion: .file(extensions: ["md"])) var file: Path
    @OptionGroup var options: GlobalOptions

    mutating func run(_ context: ProgramContext) throws {
        try ReviewError.check(context.surroundings.environment)
        let printer = OutputPrinter(context.surroundings, options)
        if context.surroundings.outputIsTerminal { printer.showPicture = context.pictureWriter(options) }
        guard let review = try PendingReview(file.text, context.surroundings, try context.secrets()) else {
            printer.print(.text(Text("nothing to review: \(file.text).new is not there")))
            return
        }
        try review.finishIfDone()
        if let remark = review.placeRemark { printer.print(.warning(Text(remark))) }
        var walk = ReviewWalk(review: review, printer: printer, surroundings: context.surroundings)
        try walk.run()
    }
}

/// `palinote accept`: what `review` does, without questions.
struct AcceptCommand: Command {
    static let name = "accept"
    static let summary = "take what a replay found to be different into the session file"
    static let discussion = """
        It works from FILE.new, which a replay writes when something differs. Lines whose masks still match stay as they
        are. With CI set in the environment nothing is accepted: the code is 3.
        """
    static let examples = [
        "palinote accept notes.session.md --cell train", "palinote accept notes.session.md --all",
    ]

    @Argument("the session file", completion: .file(extensions: ["md"])) var file: Path
    @Option("a cell's name, or its number where it has none; may be given again") var cell: [String]
    @Flag("accept every cell that differs") var all = false
    @OptionGroup var options: GlobalOptions

    mutating func run(_ context: ProgramContext) throws {
        guard all != !cell.isEmpty else {
            throw CommandLineError(
                reason: .missing([all ? "--cell or --all, not both" : "--cell ID or --all"]), command: Self.name)
        }
        try ReviewError.check(context.surroundings.environment)
        let printer = OutputPrinter(context.surroundings, options)
        guard var review = try PendingReview(file.text, context.surroundings, try context.secrets()) else {
            guard all else { throw unknown(cell[0], among: []) }
            printer.print(.text(Text("nothing to accept: \(file.text).new is not there")))
            return
        }
        if let remark = review.placeRemark { printer.print(.warning(Text(remark))) }
        let changes = review.changes
        for id in cell where !changes.contains(where: { $0.id == id }) { throw unknown(id, among: changes.map(\.id)) }
        let chosen = changes.filter { all || cell.contains($0.id) }
        for change in chosen { try review.accept(change) }
        try review.finishIfDone()
        printer.print(ReviewCounts(accepted: chosen.count, left: changes.count - chosen.count).output(of: file.text))
    }

    private func unknown(_ id: String, among ids: [String]) -> CommandLineError {
        let expected = ids.isEmpty ? "no cell: none differs" : "a cell that differs: \(ids.joined(separator: ", "))"
        return CommandLineError(
            reason: .badValue(parameter: "--cell", found: id, expected: expected), command: Self.name,
            suggestions: Suggestions.nearest(to: id, among: ids))
    }
}

/// What became of the differences.
private struct ReviewCounts {
    var accepted = 0
    var rejected = 0
    var left = 0

    func output(of path: String) -> Output {
        let rest: Text = left == 0 ? "nothing is left of \(path).new" : "\(left) left in \(path).new"
        let turnedDown: Text = rejected == 0 ? "" : "\(rejected) rejected, "
        return .text("\(accepted) accepted, " + turnedDown + rest)
    }
}

/// The questions of a review.
private struct ReviewWalk {
    private enum Answer: Character {
        case accept = "a"
        case reject = "r"
        case skip = "s"
        case leave = "q"
    }

    private var review: PendingReview
    private let printer: OutputPrinter
    private let surroundings: ProcessSurroundings
    private var lines: LineSource
    private var answerForRest: Answer?
    private var counts = ReviewCounts()

    init(review: PendingReview, printer: OutputPrinter, surroundings: ProcessSurroundings) {
        self.review = review
        self.printer = printer
        self.surroundings = surroundings
        lines = LineSource(read: surroundings.readInput)
    }

    mutating func run() throws {
        let changes = review.changes
        for (number, change) in changes.enumerated() {
            try show(change, number + 1, of: changes.count)
            switch answerForRest ?? ask() {
            case .accept:
                try review.accept(change)
                counts.accepted += 1
            case .reject:
                try review.reject(change)
                counts.rejected += 1
            case .skip: break
            case .leave:
                finish(changes.count)
                return
            }
        }
        finish(changes.count)
    }

    private mutating func finish(_ total: Int) {
        counts.left = total - counts.accepted - counts.rejected
        printer.print(counts.output(of: review.opened.path))
    }

    /// Shows a cell's commands, the lines that changed, and its pictures.
    private func show(_ change: PendingReview.Change, _ number: Int, of total: Int) throws {
        printer.print(
            .text(Text("cell \(change.id), difference \(number) of \(total), line \(change.old.line)", style: .strong)))
        for line in change.old.sourceText.linesOfText { printer.print(.text(Text("  > " + line))) }
        let lines = LineChanges(from: change.old.outputs.flatMap(\.lines), to: change.new.outputs.flatMap(\.lines))
        for line in lines.shortened() { printer.print(.text(line.text)) }
        let pictures = review.pictures
        for new in change.new.pictures {
            let old = change.old.pictures.first { Paths.name(of: $0.path) == Paths.name(of: new.path) }
            if let old, old.digest == new.digest { continue }
            let beside = try old.flatMap { try pictures.sideBySide($0, new) }
            let path = beside ?? pictures.newPath(new)
            guard let image = try? ImageBuffer(contentsOf: path) else { continue }
            printer.print(
                .image(
                    ImageOutput(
                        path: shown(path), width: image.width, height: image.height, digest: image.pixelDigest,
                        alt: new.alt)))
        }
    }

    /// A path as seen from the folder the program was started in.
    private func shown(_ path: String) -> String {
        let folder = surroundings.folder + "/"
        return path.hasPrefix(folder) ? String(path.dropFirst(folder.count)) : path
    }

    private mutating func ask() -> Answer {
        while true {
            _ = surroundings.writeOutput("accept, reject, skip, or leave? [a r s q, A R S for all the rest] ")
            guard let line = lines.next() else {
                _ = surroundings.writeOutput("\n")
                return .leave
            }
            let word = line.trimmed
            guard word.count == 1, let letter = word.first, let lower = letter.lowercased().first,
                let answer = Answer(rawValue: lower), letter == lower || answer != .leave
            else { continue }
            if letter != lower { answerForRest = answer }
            return answer
        }
    }
}
