import Console
import Datasets
import Detection
import Foundation
import JSON
import Models
import TestSupport
import Testing

@testable import Workbench

@Suite("optimize: data, architecture, strategy")
struct OptimizeCommandTests {
    private let runner: CommandRunner

    init() throws { runner = try CommandRunner() }

    /// Stored predictions of the sample cards' validation split: each king is called a queen, edges lie off by a tenth.
    private func evaluateStored() throws {
        _ = runner.run("dataset load samples/cards")
        let dataset = try #require(runner.session.workspace[DatasetSlot.self])
        let predictions = dataset.examples(.valid).map { example in
            let found = example.detections
            return ImagePredictions(
                image: example.imageName, width: example.width, height: example.height,
                detections: Detections(
                    boxes: found.boxes.map { $0.moved(x: 0.15 * $0.width, y: 0) }, classIDs: found.classIDs,
                    classNames: found.classNames.map { $0 == "king of hearts" ? "queen of hearts" : $0 },
                    confidences: found.boxes.map { _ in 0.9 }))
        }
        try runner.write(ImagePredictions.format(predictions), to: "found.jsonl")
        #expect(runner.run("evaluate valid --predictions found.jsonl").failure == nil)
    }

    private func load() {
        for line in [
            "processor load samples/tiny-paligemma2", "model load samples/tiny-paligemma2",
            "model freeze vision_tower multi_modal_projector",
        ] { #expect(runner.run(line).failure == nil, "\(line)") }
    }

    @Test("data: copies of confused classes are written, shown, and load; the source stays")
    func data() throws {
        try evaluateStored()
        let plan = runner.lines("optimize data").joined(separator: "\n")
        #expect(plan.contains("king of hearts as queen of hearts") && plan.contains("--out FOLDER writes them"))
        #expect(!FileManager.default.fileExists(atPath: runner.folder.path + "/more"))
        let picture = try #require(runner.picture("optimize data --out more --most-pairs 1"))
        #expect(picture.boxes.count > 4)
        #expect(runner.error("optimize data --out more")?.contains("not empty") == true)
        let text = runner.lines("dataset load more").joined(separator: "\n")
        #expect(text.contains("train") && runner.session.workspace[DatasetSlot.self]?.examples(.valid).count == 40)
        #expect((runner.session.workspace[DatasetSlot.self]?.examples(.train).count ?? 0) > 170)
        #expect(runner.error("optimize data --out more --replace")?.contains("stays as it is") == true)
    }

    @Test("strategy: figures and changes are shown, and applied to the next train alone where its line says nothing")
    func strategy() throws {
        _ = runner.run("dataset load samples/cards")
        load()
        let text = runner.lines("optimize strategy --groups 1 --micro-batches 2 --apply").joined(separator: "\n")
        #expect(text.contains("noise scale") && text.contains("boxes of a class"))
        runner.session.workspace[CommandDefaultsSlot.self] = nil
        var defaults = CommandDefaults()
        defaults.set("learning-rate", of: "train", to: "0.003")
        defaults.set("class-weights", of: "train", to: "balanced")
        runner.session.workspace[CommandDefaultsSlot.self] = defaults
        #expect(runner.lines("optimize defaults") == ["train --class-weights balanced --learning-rate 0.003"])
        let trained = runner.lines("train --max-steps 1 --class-weights none").joined(separator: "\n")
        #expect(trained.contains("as optimize set: --learning-rate 0.003"))
        #expect(runner.session.workspace[TrainerSlot.self]?.trainer.arguments.learningRate == 0.003)
        #expect(runner.session.workspace[TrainerSlot.self]?.trainer.arguments.classWeights == nil)
        #expect(runner.lines("train --max-steps 1").contains { $0.contains("weight of its tokens") })
        _ = runner.run("optimize defaults --clear")
        #expect(runner.session.workspace[CommandDefaultsSlot.self] == nil)
        #expect(!runner.lines("train --max-steps 1").contains { $0.contains("as optimize set") })
    }

    @Test("class weights come from a file of the classes")
    func classWeights() throws {
        _ = runner.run("dataset load samples/cards")
        load()
        try runner.write(#"{"king of hearts": 2}"#, to: "weights.json")
        #expect(runner.run("train --max-steps 1 --class-weights weights.json").failure == nil)
        #expect(
            runner.session.workspace[TrainerSlot.self]?.trainer.arguments.classWeights?.values == ["king of hearts": 2])
        try runner.write(#"{"king": 2}"#, to: "weights.json")
        #expect(runner.error("train --max-steps 1 --class-weights weights.json")?.contains("king") == true)
        #expect(runner.error("train --max-steps 1 --class-weights none.json") != nil)
    }

    @Test("architecture: proposals name their figures, and are made so where that is asked for")
    func architecture() throws {
        #expect(runner.error("optimize architecture")?.contains("nothing has been evaluated") == true)
        try evaluateStored()
        load()
        let text = runner.lines("optimize architecture").joined(separator: "\n")
        #expect(text.contains("resolution: edges lie off") && text.contains("projector:") && text.contains("mean_iou"))
        #expect(text.contains("vision-attention: classes are taken for one another"))
        #expect(runner.error("optimize architecture --apply --only rank")?.contains("none of the proposals") == true)
        let applied = runner.lines("optimize architecture --apply").joined(separator: "\n")
        let model = try #require(runner.session.workspace[ModelSlot.self]?.model)
        #expect(model.configuration.vision.imageSize == 280 && applied.contains("280x280"))
        #expect(runner.session.workspace[ProcessorSlot.self]?.processor.pixels.imageSize == 280)
        #expect(runner.session.workspace[ProcessorSlot.self]?.processor.imageTokenCount == 400)
        #expect(model.adapter?.modulesToSave == ["multi_modal_projector"])
        #expect(model.parameters.trainable.contains { $0.name.hasPrefix("vision_tower.") })
        #expect(model.parameters.trainable.contains { $0.name.hasPrefix("multi_modal_projector.") })
        #expect(runner.run("train --max-steps 1").failure == nil)
    }

    @Test("a model is loaded at another size, the processor follows in either order, and both are saved so")
    func resolution() throws {
        load()
        let text = runner.lines("model load samples/tiny-paligemma2 --image-size 252").joined(separator: "\n")
        #expect(text.contains("the processor follows: 252x252 pixels, 324 image tokens"))
        #expect(runner.lines("processor load samples/tiny-paligemma2").contains { $0.contains("252x252") })
        #expect(
            runner.lines("infer 'samples/cards/test_000.jpg' --prefix 'detect card'").contains { $0.contains("answer") }
        )
        #expect(runner.run("model save larger").failure == nil)
        let again = runner.lines("model load larger").joined() + runner.lines("processor load larger").joined()
        #expect(again.contains("252x252"))
        #expect(
            runner.error("model load samples/tiny-paligemma2 --image-size 250")?.contains("multiple of the patch")
                == true)
    }

    @Test("tiles find what the picture alone shows, and more boxes are merged than kept")
    func tiles() throws {
        load()
        let line = "infer 'samples/cards/test_000.jpg' --prefix 'detect card'"
        #expect(runner.run(line + " --tiles 2x2 --tile-overlap 0.3").failure == nil)
        #expect(!runner.lines(line + " --tiles 1x2").isEmpty)
        for wrong in ["2", "0x1", "2x2x2", "axb", "2x99"] {
            #expect(runner.error(line + " --tiles \(wrong)") != nil, "\(wrong)")
        }
    }
}

@Suite("optimize auto: a search that goes on after a kill, and the best model")
struct OptimizeAutoCommandTests {
    @Test("searches, trains with the best, reports as text, JSON and a page, and is not made twice")
    func search() throws {
        let runner = try CommandRunner()
        _ = runner.run("dataset make-cards --out cards --train 3 --valid 1 --test 1 --size 224")
        for line in [
            "dataset load cards", "processor load samples/tiny-paligemma2", "model load samples/tiny-paligemma2",
        ] {
            #expect(runner.run(line).failure == nil)
        }
        let line = "optimize auto --budget 3 --epochs 1 --targets attention --output-dir search --html page.html"
        let result = runner.run(line)
        #expect(result.failure == nil)
        let text = result.outputs.flatMap(Renderer().lines).joined(separator: "\n")
        #expect(text.contains("the best") && text.contains("one training by hand: ") && text.contains("round 1 ends"))
        #expect(runner.session.workspace[TrainerSlot.self]?.outcome.isInterrupted == false)
        let page = try String(contentsOfFile: runner.folder.path + "/page.html", encoding: .utf8)
        #expect(page.contains("<svg") && page.contains("learning_rate") && !page.contains("http"))
        let before = runner.session.workspace[ModelSlot.self]?.stateParts.map(\.digest)
        // The same search again is read back; the model starts as it was loaded.
        #expect(runner.run("model load samples/tiny-paligemma2").failure == nil)
        let again = runner.lines(line).joined(separator: "\n")
        #expect(again.contains("(from search)"))
        #expect(runner.session.workspace[ModelSlot.self]?.stateParts.map(\.digest) == before)
        #expect(runner.run("model load samples/tiny-paligemma2").failure == nil)
        let json = runner.lines(line + " --json --search-only").joined(separator: "\n")
        let start = try #require(json.firstIndex(of: "{"))
        let value = try JSON(parsing: String(json[start...]))
        #expect(value["history"]?.array?.count == 5 && value["best"]?["learning_rate"]?.double != nil)
        #expect(runner.session.workspace[ModelSlot.self]?.model.adapter == nil)
        #expect(runner.error(line + " --metric loss")?.contains("metric was map50, is loss") == true)
        #expect(runner.error(line + " --epochs 0")?.contains("above zero") == true)
    }
}
