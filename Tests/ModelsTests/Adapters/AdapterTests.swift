import CPUBackend
import Checkpoints
import Foundation
import JSON
import Models
import Tensors
import TestSupport
import Testing

/// An adapter that peft wrote, and what the adapted model answered. Made by `Tests/Reference/adapters/make_adapters.py`.
struct PeftCase: CustomTestStringConvertible, Sendable {
    let name: String
    let version: String

    var testDescription: String { "\(name) \(version)" }
    var folder: String { Fixture.path("adapters/\(name)-\(version)") }

    func file() throws -> SafetensorsFile { try SafetensorsFile(path: folder + ".safetensors") }

    func adapted(on backend: any Backend) throws -> PaliGemma {
        let model = try Fixture.model(on: backend)
        model.options.compatibility = version == "period" ? .period : .newest
        try model.loadAdapter(folder: folder)
        return model
    }

    static let all =
        ["lora", "rslora"].flatMap { name in
            ["newest", "period"].map { PeftCase(name: name, version: $0) }
        } + [PeftCase(name: "dora", version: "period")]
}

@Suite("Adapters go from peft to Palinote and back")
struct AdapterTests {
    @Test("peft's files give peft's logits, loss and gradients", arguments: PeftCase.all)
    func peft(_ fixture: PeftCase) throws {
        let file = try fixture.file()
        let model = try fixture.adapted(on: CPUBackend())
        let results = try model.traced(file, gradients: .trainable)
        let attends = try file.integers("attention_mask").map { $0 != 0 }
        let logits = try #require(results["logits"])
        let distance = rangeDistance(rows(logits, where: attends), rows(try file.floats("logits"), where: attends))
        // `lora` makes this model ill-conditioned: of the range, release 5.23's float32 logits are 7e-5 from its float64
        // ones, ours 4e-5, to the other side.
        #expect(distance <= (fixture.name == "lora" ? 2e-4 : 1e-4), "logits are off by \(distance) of their range")
        expectClose(try #require(results["loss"]), try file.floats("loss"), relative: 1e-4, "loss")
        let gradients = file.names.filter { $0.hasPrefix("grad/") }
        #expect(gradients.count == model.parameters.trainable.count && !gradients.isEmpty)
        for name in gradients {
            let distance = relativeDistance(
                try #require(results[Self.ourName(name)], "no \(name)"), try file.floats(name))
            #expect(distance <= 1e-3, "\(name) is off by \(distance)")
        }
    }

    /// A gradient's name in a trace for that in peft's tree of either release.
    private static func ourName(_ name: String) -> String {
        name.replacing("base_model.model.", with: "")
            .replacing("grad/model.language_model.", with: "grad/language_model.model.")
            .replacing("grad/model.vision_tower.vision_model.", with: "grad/vision_tower.vision_model.")
            .replacing("grad/model.vision_tower.", with: "grad/vision_tower.vision_model.")
    }

    @Test("the list of names reaches the tower's q, k and v too, the expression the language model alone")
    func targets() throws {
        let backend = try CPUBackend()
        let list = try Fixture.model(on: backend).loadAdapter(folder: PeftCase(name: "lora", version: "newest").folder)
        #expect(list.count == 4 * 7 + 3 * 3)
        #expect(list.filter { $0.hasPrefix("vision_tower.") }.count == 9)
        let expression = try Fixture.model(on: backend)
            .loadAdapter(folder: PeftCase(name: "rslora", version: "period").folder)
        #expect(expression.count == 8 && expression.allSatisfy { $0.hasPrefix("language_model.") })
    }

    @Test("saved and loaded again, an adapter gives the same bits", arguments: PeftCase.all)
    func roundTrip(_ fixture: PeftCase) throws {
        let backend = try CPUBackend()
        let model = try fixture.adapted(on: backend)
        let folder = try ScratchFolder()
        try model.saveAdapter(folder: folder.path, baseModel: "../../models/pg2-tiny")
        let again = try Fixture.model(on: backend)
        again.options = model.options
        try again.loadAdapter(folder: folder.path)
        let file = try fixture.file()
        #expect(try again.traced(file)["logits"].map(bits) == model.traced(file)["logits"].map(bits))
        #expect(again.adapter == model.adapter)

        // The file is peft's own of release 0.14, whose names every release loads: names, shapes and bytes.
        let ours = try SafetensorsFile(path: folder.path + "/adapter_model.safetensors")
        let peft = try SafetensorsFile(
            path: PeftCase(name: fixture.name, version: "period").folder + "/adapter_model.safetensors")
        #expect(ours.names.sorted() == peft.names.sorted())
        for name in peft.names {
            #expect(try ours.entry(name).shape == peft.entry(name).shape)
            #expect(try bits(ours.floats(name)) == bits(peft.floats(name)))
        }
    }

    @Test("adapter_config.json says what peft's says", arguments: PeftCase.all)
    func configuration(_ fixture: PeftCase) throws {
        let folder = try ScratchFolder()
        try fixture.adapted(on: CPUBackend()).saveAdapter(folder: folder.path, baseModel: "../../models/pg2-tiny")
        func read(_ folder: String) throws -> JSON {
            let file = folder + "/adapter_config.json"
            return try JSON(parsing: MappedFile(path: file).withBytes { Array($0) }, name: file)
        }
        let (ours, peft) = (try read(folder.path), try read(fixture.folder))
        for field in try #require(ours.object).keys where field != "target_modules" {
            let (found, expected) = (ours[field], peft[field])
            #expect(found == expected || found?.double == expected?.double && found?.double != nil, "\(field)")
        }
        func names(_ value: JSON) -> [String] {
            value["target_modules"]?.array?.compactMap(\.string).sorted() ?? [value["target_modules"]?.string ?? ""]
        }
        #expect(names(ours) == names(peft))
    }

    @Test("a new adapter leaves the answers as they were, bit for bit, and trains nothing else")
    func fresh() throws {
        let file = try PeftCase(name: "lora", version: "newest").file()
        let model = try Fixture.model(on: CPUBackend())
        let before = try model.traced(file)["logits"].map(bits)
        let paths = try model.attach(AdapterConfiguration(r: 2, targetModules: .suffixes(["q_proj", "fc1"])), seed: 1)
        #expect(try model.traced(file)["logits"].map(bits) == before)
        #expect(model.parameters.trainable.count == 2 * paths.count)
        #expect(model.parameters.trainable.allSatisfy { $0.name.contains(".lora_") })
        #expect(!model.hasFixedImageFeatures)
        model.detachAdapter()
        #expect(try model.traced(file)["logits"].map(bits) == before)
        #expect(model.parameters.trainable.isEmpty && model.hasFixedImageFeatures && model.adapter == nil)
    }

    @Test("a new DoRA adapter with modules to save answers as before, and leaves no trace when it goes")
    func freshDora() throws {
        let file = try PeftCase(name: "lora", version: "newest").file()
        let model = try Fixture.model(on: CPUBackend())
        let before = try #require(try model.traced(file)["logits"])
        let bytes = try model.weightBytes()
        var configuration = AdapterConfiguration(r: 2, targetModules: .suffixes(["q_proj", "down_proj"]))
        configuration.useDora = true
        configuration.modulesToSave = ["multi_modal_projector", "norm"]
        let paths = try model.attach(configuration, seed: 1)
        #expect(rangeDistance(try #require(try model.traced(file)["logits"]), before) <= 1e-4)
        // The last norm, and by peft's rule every module whose name ends so: four norms a layer, and the tower's last.
        #expect(model.parameters.trainable.count == 3 * paths.count + 2 + 1 + 4 * 4 + 2)
        #expect(!model.hasFixedImageFeatures)
        model.detachAdapter()
        #expect(try model.weightBytes() == bytes && model.parameters.trainable.isEmpty)
    }

    @Test("a module in 4 bits cannot be trained whole")
    func quantizedModuleToSave() throws {
        let model = try PaliGemma(
            folder: Fixture.path("models/pg2-tiny"), elementType: .float32, quantization: QuantizationConfiguration(),
            backend: CPUBackend())
        var configuration = AdapterConfiguration()
        configuration.modulesToSave = ["multi_modal_projector"]
        let error = #expect(throws: ModelError.self) { try model.attach(configuration, seed: 1) }
        #expect(try #require(error).description.contains("--skip-modules multi_modal_projector"))
        #expect(model.adapter == nil)
    }

    @Test("a new adapter's numbers follow from the seed, within peft's bounds")
    func initialization() throws {
        let backend = try CPUBackend()
        func weights(seed: UInt64) throws -> [String: [UInt8]] {
            let model = try Fixture.model(on: backend)
            try model.attach(AdapterConfiguration(r: 4, targetModules: .languageModel(["q_proj"])), seed: seed)
            return try model.weightBytes().filter { $0.key.contains(".lora_") }
        }
        #expect(try weights(seed: 1) == weights(seed: 1))
        #expect(try weights(seed: 1) != weights(seed: 2))
        let model = try Fixture.model(on: backend)
        try model.attach(AdapterConfiguration(r: 8, targetModules: .languageModel(["q_proj"])), seed: 1)
        let a = try model.parameters.trainable.filter { $0.name.hasSuffix("lora_A.weight") }.flatMap {
            try $0.value.floats()
        }
        // peft: kaiming_uniform_(a = sqrt 5), so within 1 / sqrt(in) with deviation 1 / sqrt(3 in).
        let bound = 1 / Float(40).squareRoot()
        let deviation = (a.reduce(0) { $0 + $1 * $1 } / Float(a.count)).squareRoot()
        #expect(a.allSatisfy { abs($0) <= bound })
        #expect(abs(deviation / (bound / Float(3).squareRoot()) - 1) < 0.05)
    }

    /// A change to peft's files, and what the error must name.
    struct Damage: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let old: String
        let new: String
        let names: [String]
    }

    static let damages = [
        Damage(
            testDescription: "another kind", old: #""peft_type": "LORA""#, new: #""peft_type": "IA3""#,
            names: ["adapter_config.json", "peft_type"]),
        Damage(
            testDescription: "another rank", old: #""r": 3"#, new: #""r": 2"#,
            names: ["adapter_model.safetensors", "lora_A", "[3, 40]", "[2, 40]"]),
        Damage(
            testDescription: "no rank", old: #""r": 3"#, new: #""r": 0"#, names: ["adapter_config.json", "r is not"]),
        Damage(
            testDescription: "more layers than weights", old: "(q_proj|v_proj)", new: "(q_proj|v_proj|o_proj)",
            names: ["adapter_model.safetensors", "o_proj.lora_A.weight", "missing"]),
        Damage(
            testDescription: "fewer layers than weights", old: "(q_proj|v_proj)", new: "(q_proj)",
            names: ["adapter_model.safetensors", "no place for 8 tensors", "v_proj"]),
        Damage(
            testDescription: "no such layer", old: "(q_proj|v_proj)", new: "(w_proj)", names: ["w_proj", "q_proj"]),
        Damage(
            testDescription: "no expression", old: "(q_proj|v_proj)", new: "(q_proj", names: ["regular expression"]),
        Damage(
            testDescription: "weight-decomposed", old: #""use_dora": false"#, new: #""use_dora": true"#,
            names: ["adapter_model.safetensors", "lora_magnitude_vector", "missing"]),
        Damage(
            testDescription: "a module to save that is not stored", old: #""modules_to_save": null"#,
            new: #""modules_to_save": ["multi_modal_projector"]"#,
            names: ["adapter_model.safetensors", "multi_modal_projector.linear.weight", "missing"]),
        Damage(
            testDescription: "no such module to save", old: #""modules_to_save": null"#,
            new: #""modules_to_save": ["projectile"]"#, names: ["projectile"]),
    ]

    @Test("files that do not fit say so, and the model is as before", arguments: damages)
    func damage(_ damage: Damage) throws {
        let folder = try ScratchFolder()
        let source = PeftCase(name: "rslora", version: "period").folder
        let text = try String(contentsOfFile: source + "/adapter_config.json", encoding: .utf8)
        #expect(text.contains(damage.old))
        try text.replacing(damage.old, with: damage.new)
            .write(toFile: folder.path + "/adapter_config.json", atomically: true, encoding: .utf8)
        try FileManager.default.copyItem(
            atPath: source + "/adapter_model.safetensors", toPath: folder.path + "/adapter_model.safetensors")
        let model = try Fixture.model(on: CPUBackend())
        let error = #expect(throws: ModelError.self) { try model.loadAdapter(folder: folder.path) }
        let message = try #require(error).description
        for name in damage.names { #expect(message.contains(name), "\"\(message)\" does not say \(name)") }
        #expect(model.adapter == nil && model.parameters.elementCount == 111_934)
        #expect(model.parameters.trainable.count == model.parameters.parameters.count)
        try model.loadAdapter(folder: source)
    }

    @Test("a second adapter, a missing folder, and saving without one are errors")
    func misuse() throws {
        let model = try Fixture.model(on: CPUBackend())
        let folder = try ScratchFolder()
        #expect(throws: ModelError.self) { try model.loadAdapter(folder: folder.path) }
        #expect(throws: ModelError.self) { try model.saveAdapter(folder: folder.path, baseModel: nil) }
        #expect(throws: ModelError.self) { try model.attach(AdapterConfiguration(r: 0), seed: 1) }
        try model.attach(AdapterConfiguration(), seed: 1)
        #expect(throws: ModelError.self) { try model.attach(AdapterConfiguration(), seed: 1) }
    }
}
