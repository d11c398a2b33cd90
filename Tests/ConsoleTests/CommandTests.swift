import JSON
import Testing

@testable import Console

/// A log that test commands write to.
private final class Log {
    var lines: [String] = []
}

private enum Optimizer: String, Choice {
    case adamw = "adamw_torch"
    case sgd
}

private struct SharedOptions: OptionGroupContents {
    @Option("how fast to learn") var learningRate = 2e-5
    @Option("betas") var betas: [Double]
}

private struct Train: Command {
    static let name = "model train"
    static let summary = "train the model"
    static let examples = ["model train cards --steps 2"]
    @Argument("the split") var split: String
    @Argument("more splits") var others: [String]
    @OptionGroup var shared: SharedOptions
    @Option("steps", in: 1...10) var steps = 3
    @Option("optimizer") var optim = Optimizer.adamw
    @Option("folder for checkpoints", name: "output-dir", completion: .folder) var output: Path?
    @Flag("keep bad rows") var skipInvalid = false
    @Flag("shuffle the rows") var shuffle = true

    mutating func run(_ log: Log) throws {
        let output = output?.text ?? "-"
        log.lines.append(
            "\(split) \(others) \(shared.learningRate) \(shared.betas) \(steps) \(optim) \(output) \(skipInvalid) \(shuffle)"
        )
    }
}

private struct Save: Command {
    static let name = "model save"
    static let summary = "save the model"
    @Option("where") var out: Path
    mutating func run(_ log: Log) throws { log.lines.append("saved \(out.text)") }
}

private var registry: CommandRegistry<Log> { CommandRegistry([.init("Model", [Train.self, Save.self])]) }

private func words(_ line: String) throws -> [ExpandedWord] {
    guard case .command(let words)? = try StatementReader.statements(of: line).first?.kind else { return [] }
    return try words.flatMap { try $0.expanded(with: [:]) }
}

private func run(_ line: String) throws -> [String] {
    let log = Log()
    try registry.parse(try words(line)).run(log)
    return log.lines
}

@Suite("Command")
struct CommandTests {
    @Test(
        "a line fills the declared parameters",
        arguments: [
            ("model train cards", "cards [] 2e-05 [] 3 adamw - false true"),
            ("model train a b 'c,d'", "a [\"b\", \"c,d\"] 2e-05 [] 3 adamw - false true"),
            (
                "model train a --learning_rate=0.5 --betas 0.9,0.95 --betas 0.1",
                "a [] 0.5 [0.9, 0.95, 0.1] 3 adamw - false true"
            ),
            ("model train --optim sgd a --skip-invalid --no-shuffle", "a [] 2e-05 [] 3 sgd - true false"),
            ("model train --output_dir x -- --odd", "--odd [] 2e-05 [] 3 adamw x false true"),
            ("model train '--odd'", "--odd [] 2e-05 [] 3 adamw - false true"),
            ("model train -5", "-5 [] 2e-05 [] 3 adamw - false true"),
        ])
    func parsing(line: String, expected: String) throws {
        #expect(try run(line) == [expected])
    }

    @Test(
        "a wrong line says what, where, and what was perhaps meant",
        arguments: [
            ("model tran a", .unknownCommand("model tran"), ["model train"]),
            ("modle train", .unknownCommand("modle"), ["model"]),
            ("model", .incompleteCommand("model", members: ["model train", "model save"]), []),
            ("model train a --stpes 3", .unknownOption("--stpes"), ["--steps"]),
            ("model train a -s 3", .unknownOption("-s"), []),
            ("model train a --steps", .missingValue(option: "--steps", valueName: "N"), []),
            ("model train a --steps --shuffle", .missingValue(option: "--steps", valueName: "N"), []),
            ("model train a --steps 11", .badValue(parameter: "--steps", found: "11", expected: "1 to 10"), []),
            ("model train a --steps x", .badValue(parameter: "--steps", found: "x", expected: "a whole number"), []),
            (
                "model train a --learning-rate nan",
                .badValue(parameter: "--learning-rate", found: "nan", expected: "a number"), []
            ),
            (
                "model train a --optim sgdd",
                .badValue(parameter: "--optim", found: "sgdd", expected: "one of adamw_torch, sgd"), ["sgd"]
            ),
            ("model train a --shuffle=1", .unexpectedValue(flag: "--shuffle"), []),
            ("model train a --steps 1 --steps 2", .repeated("--steps"), []),
            ("model train", .missing(["SPLIT"]), []),
            ("model save", .missing(["--out PATH"]), []),
            ("model save x --out y", .extraWord("x"), []),
        ] as [(String, CommandLineError.Reason, [String])])
    func mistakes(line: String, reason: CommandLineError.Reason, suggestions: [String]) {
        let error = #expect(throws: CommandLineError.self) { try run(line) }
        #expect(error?.reason == reason)
        #expect(error?.suggestions == suggestions)
    }

    @Test("the position of a mistake is the word at fault")
    func position() {
        let error = #expect(throws: CommandLineError.self) { try run("model train a --stpes 3") }
        #expect(error?.position == SourcePosition(line: 1, column: 15, length: 7))
    }

    @Test("help shows usage, units, defaults, allowed values and examples")
    func help() {
        let page = CommandHelp.page(of: Train.description).flatMap(Renderer().lines)
        #expect(
            page
                == [
                    "model train: train the model",
                    "usage: model train SPLIT [OTHERS...] [options]",
                    "", "arguments",
                    "  SPLIT        the split",
                    "  [OTHERS...]  more splits",
                    "", "options",
                    "  --learning-rate X        how fast to learn (default 2e-05)",
                    "  --betas X,...            betas",
                    "  --steps N                steps (1 to 10; default 3)",
                    "  --optim adamw_torch|sgd  optimizer (default adamw_torch)",
                    "  --output-dir PATH        folder for checkpoints",
                    "  --skip-invalid           keep bad rows",
                    "  --no-shuffle             shuffle the rows",
                    "", "examples",
                    "  model train cards --steps 2",
                ])
    }

    @Test("the declaration is written as JSON")
    func json() {
        let object = JSONRenderer.object(Save.description)
        #expect(object["usage"]?.string == "model save --out PATH")
        #expect(object["parameters"]?[0]?["required"]?.bool == true)
    }
}

@Suite("Completer")
struct CompleterTests {
    private let completer = Completer(
        registry: registry,
        liveNames: { $0 == .variables ? ["rate", "名"] : [] },
        aliases: { Aliases(["s": "model save", "fit": "model train a"]) },
        folderEntries: { folder, _ in
            folder == "."
                ? [
                    .init(name: "cards", isFolder: true), .init(name: "a.txt", isFolder: false),
                    .init(name: ".git", isFolder: true), .init(name: "two words", isFolder: false),
                ]
                : folder == "cards/" ? [.init(name: "train", isFolder: true)] : []
        })

    @Test(
        "candidates fit the place of the cursor",
        arguments: [
            ("", 0, ["model"]), ("mo", 2, ["model"]), ("model ", 0, ["save", "train"]), ("model t", 1, ["train"]),
            ("help mo", 2, ["model"]), ("?mo", 2, ["model"]), ("zzz", 3, []),
            ("model train a --st", 4, ["--steps"]), ("model train a --optim ", 0, ["adamw_torch", "sgd"]),
            ("model train a --optim=s", 1, ["sgd"]), ("model train a --output_dir ", 0, ["cards/"]),
            ("model save --out ", 0, ["a.txt", "cards/", "two words"]),
            ("model save --out cards/t", 7, ["cards/train/"]),
            ("model save --out .g", 2, [".git/"]), ("model train $", 0, ["rate", "名"]),
            ("x = 1\nmodel s", 1, ["save"]), ("s --o", 3, ["--out"]), ("fit --optim ", 0, ["adamw_torch", "sgd"]),
        ])
    func candidates(line: String, replaced: Int, expected: [String]) {
        #expect(completer.complete(line) == CompletionResult(replacedCount: replaced, candidates: expected))
    }

    @Test(
        "what Tab inserts is a whole word that can be read back, in quotes where it needs them",
        arguments: [
            ("mo", "model "), ("model save --out tw", "model save --out 'two words' "),
            ("model save --out 'tw", "model save --out 'two words' "),
            ("model save --out=\"tw", "model save --out=\"two words\" "),
            ("model save --out ca", "model save --out cards/"),
            ("model save --out \"ca", "model save --out \"cards/"), ("model train $r", "model train $rate "),
            ("model train \"a $r", "model train \"a $r"), ("model ", "model "),
            ("model train a --betas 1,2", "model train a --betas 1,2"),
        ])
    func insertion(line: String, expected: String) {
        let result = completer.complete(line)
        let replacement = result.insertion ?? String(line.suffix(result.replacedCount))
        #expect(String(line.dropLast(result.replacedCount)) + replacement == expected)
    }

    @Test("ten thousand names are completed at once")
    func manyNames() {
        let names = (0..<10_000).map { "name\($0)" }
        let many = Completer(registry: registry, liveNames: { _ in names }, folderEntries: { _, _ in [] })
        let result = many.complete("model train $name99")
        #expect(result.candidates.count == 111)
        #expect(result.commonPrefix == "name99")
    }
}
