import Console
import Foundation
import TestSupport
import Testing
import Workbench

/// Every example that help shows is run, in one session with the samples.
@Suite("Examples")
struct ExampleTests {
    /// Examples that are not run here, and why.
    private static let left = [
        "promote 1..3 > out/first.session.md --title 'My test'":
            "needs three cells that did their work; PromoteTests have them",
        "bench cuda": "needs a GPU; SelfCheckTests run it on an emulated one",
        "bench cuda --checks-only --kernels attention,norm": "needs a GPU; BenchCommandTests read its choice",
        "bench paligemma --parts pictures": "measures for seconds; BenchCommandTests runs it with fewer repeats",
        "bench paligemma --shape paligemma2-3b-448 --vision-layers 2 --text-layers 2 --dtype float32":
            "needs 9 GiB of memory and a minute",
        "model init --shape paligemma2-3b-224 --vision-layers 1 --text-layers 1 --out /tmp/palinote-random":
            "writes 1.5 GiB; ModelsTests run it with a small shape",
        "optimize auto --budget 8 --metric map50": "trains for minutes; OptimizeAutoCommandTests make a small search",
        "optimize strategy":
            "measures the gradients of 64 passes of a whole model; the example beside it measures those of four",
    ]

    /// What must be there before the examples of a command.
    private static let before = [
        "model adapt": ["model load"], "model freeze": ["model load"], "train": ["model load"], "infer": ["model load"],
        "confusion": ["evaluate test --count 2"], "calibrate": ["evaluate valid --predictions ranked.jsonl"],
        "thresholds": ["evaluate valid --predictions ranked.jsonl"],
        "optimize data": ["evaluate valid --predictions ranked.jsonl"],
        "optimize architecture": ["evaluate valid --predictions ranked.jsonl"],
    ]

    @Test("the examples of every command run as they stand")
    func examples() throws {
        let folder = try ScratchFolder()
        try writeFiles(in: folder)
        let session = Session(
            surroundings: SessionSurroundings(
                folder: folder.path, assets: AssetFolder(path: folder.path + "/out", shownAs: "out"),
                samples: Folders.samples.path))
        session.surroundings.askSecret = { _ in "geheim-1234" }
        for group in session.registry.groups {
            for command in ["dataset load", "processor load", "model load"] {
                #expect(session.execute(command).status == .ok)
            }
            run(group.entries, in: session, folder)
        }
    }

    private func run(
        _ entries: [CommandRegistry<CommandContext>.Entry], in session: Session, _ folder: ScratchFolder
    ) {
        for entry in entries {
            for example in entry.describe().examples where Self.left[example] == nil {
                for command in Self.before[entry.name] ?? [] { #expect(session.execute(command).status == .ok) }
                // Commands that write a session file refuse one that an earlier example wrote.
                if ["save", "import"].contains(entry.name) {
                    try? FileManager.default.removeItem(atPath: folder.path + "/first.session.md")
                }
                let result = session.execute(example.replacing("/tmp/", with: folder.path + "/"))
                #expect(result.status == .ok, "\(example): \(result.failure?.message.shown ?? "")")
                session.exitCode = nil
            }
        }
    }

    @Test("what is left out are examples that there are")
    func leftOut() {
        let all = Set(CommandRegistry.standard.entries.flatMap { $0.describe().examples })
        #expect(Self.left.keys.allSatisfy(all.contains))
    }

    /// The files that examples read beside the samples.
    private func writeFiles(in folder: ScratchFolder) throws {
        let picture = Folders.samples.path + "/cards/test_000.jpg"
        for (name, text) in [
            "key.txt": "geheim-5678", "texts.jsonl": "\"detect card\"", "ids.jsonl": "[2, 108]",
            "images.jsonl": "\"\(picture)\"",
            "ranked.jsonl": #"{"image":"valid_000.jpg","width":288,"height":288,"boxes":[[31,29,146,174],[9,9,40,40]],"#
                + #""classes":["king of spades","9 of diamonds"],"confidences":[0.9,0.2]}"#,
            "answers.jsonl": #"{"text":"<loc0256><loc0128><loc0768><loc0640> king","width":640,"height":480}"#,
            "boxes.jsonl": #"{"xyxy":[[80,120,400,360]],"class_name":["king"],"width":640,"height":480}"#,
        ] { try folder.write(text.utf8, to: name) }
    }
}

/// Wrong inputs: what is said, where the caret stands, what was perhaps meant, and which command helps.
@Suite("Mistakes")
struct MistakeTests {
    struct Mistake: CustomTestStringConvertible {
        let input: String
        let message: String
        var under: String?
        var suggestions: [String] = []
        var next: String?

        var testDescription: String { input }

        init(_ input: String, _ message: String, under: String? = nil, meant: [String] = [], next: String? = nil) {
            self.input = input
            self.message = message
            self.under = under
            suggestions = meant
            self.next = next
        }
    }

    @Test(
        "a mistake is explained",
        arguments: [
            Mistake("hlep", "no command is called \"hlep\"", under: "hlep", meant: ["help"], next: "help"),
            Mistake("modle load", "no command is called \"modle\"", under: "modle", meant: ["model"], next: "help"),
            Mistake(
                "model laod", "no command is called \"model laod\"", under: "laod",
                meant: ["model load", "model save"], next: "help"),
            Mistake("dataset", "dataset is a family of commands: dataset", under: "dataset", next: "help"),
            Mistake("help sed", "no command is called \"sed\"", meant: ["seed", "set"], next: "help"),
            Mistake(
                "set --isaa avx2", "--isaa is no option of set", under: "--isaa", meant: ["--isa"], next: "help set"),
            Mistake("set --isa avx3", "--isa of set is \"avx3\"", under: "avx3", meant: ["avx2"], next: "help set"),
            Mistake("set --isa", "--isa of set needs a value", under: "--isa", next: "help set"),
            Mistake("set --threads 1 --threads 2", "given twice", under: "--threads", next: "help set"),
            Mistake(
                "seed -1", "VALUE of seed is \"-1\", expected a whole number from 0", under: "-1", next: "help seed"),
            Mistake("seed 1 2", "\"2\" is one word too many", under: "2", next: "help seed"),
            Mistake("seed 'open", "the quote ' is never closed", under: "'"),
            Mistake("x = [1, 2", "the bracket [ is never closed", under: "["),
            Mistake("x = maybe", "\"maybe\" is no literal", under: "maybe"),
            Mistake("rate = 3\nseed $rat", "no variable is called rat", under: "$rat", meant: ["$rate"]),
            Mistake("exit 256", "expected 0 to 255", under: "256", next: "help exit"),
            Mistake("alias seed = vars", "seed is a command", next: "help seed"),
            Mistake("alias a = vrs", "no command is called \"vrs\"", meant: ["vars"], next: "help"),
            Mistake("alias a=vars", "written with blanks", next: "help alias"),
            Mistake("alias quitt", "no alias is called \"quitt\"", meant: ["quit"], next: "alias"),
            Mistake("alias remove quitt", "no alias is called \"quitt\"", meant: ["quit"], next: "alias"),
            Mistake("infer x.jpg", "an image file needs --prefix"),
            Mistake("dataset head train", "there is no data set yet", next: "dataset load"),
            Mistake("model info", "there is no model yet", next: "model load"),
            Mistake("secret remove NOPE", "NOPE"),
            Mistake("record off", "nothing is being recorded; begin with record FILE"),
            Mistake("dataset load /nonexistent/cards", "/nonexistent/cards"),
        ])
    func mistakes(mistake: Mistake) throws {
        let session = Session(
            surroundings: SessionSurroundings(folder: "/nonexistent", assets: AssetFolder(path: "/nonexistent")))
        let result = session.execute(mistake.input)
        let failure = try #require(result.failure)
        #expect(result.code == 1)
        #expect(failure.message.shown.contains(mistake.message), "\(failure.message.shown)")
        #expect(failure.suggestions == mistake.suggestions)
        if let next = mistake.next { #expect(failure.next == next) }
        if let under = mistake.under {
            let caret = try #require(failure.caret)
            let line = caret.line.dropFirst(caret.position.column - 1)
            #expect(line.prefix(caret.position.length) == under)
        }
        // What it tells to do next is a command that there is.
        if let next = failure.next {
            #expect(session.registry.find(next.split(separator: " ").map(String.init)) != nil)
        }
    }
}
