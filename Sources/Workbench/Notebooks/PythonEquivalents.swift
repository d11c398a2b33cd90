import Console

/// What does the work of a piece of Python here: for the programs of notebooks that people bring along.
enum PythonEquivalents {
    /// A piece of Python, and what to say of it.
    struct Rule {
        /// What stands in the program.
        let mark: String
        /// What to say; commands stand in backticks.
        let note: String
    }

    static let rules: [Rule] = [
        Rule(mark: "pip install", note: "nothing to install"),
        Rule(mark: "nvidia-smi", note: "`device`"),
        Rule(mark: "%matplotlib", note: "pictures are shown and saved by the commands that make them"),
        Rule(mark: "userdata.get(", note: "`secret set NAME`"),
        Rule(mark: "os.environ[", note: "`secret set NAME`"),
        Rule(mark: "Roboflow(", note: "`dataset load FOLDER`, once the files are in a folder"),
        Rule(mark: "PaliGemmaProcessor", note: "`processor load FOLDER`"),
        Rule(mark: "AutoProcessor", note: "`processor load FOLDER`"),
        Rule(mark: "ForConditionalGeneration.from_pretrained", note: "`model load FOLDER`"),
        Rule(mark: "requires_grad = False", note: "`model freeze vision_tower multi_modal_projector`"),
        Rule(mark: "get_peft_model(", note: "`model adapt --r 8`"),
        Rule(mark: "plot_images_grid(", note: "`dataset show train --count 25`"),
        Rule(mark: ".generate(", note: "`infer test[0]`"),
        Rule(mark: "MeanAveragePrecision(", note: "`evaluate test`"),
        Rule(mark: "ConfusionMatrix.", note: "`confusion`"),
        Rule(mark: ".save_pretrained(", note: "`model save FOLDER`"),
    ]

    /// The arguments of `TrainingArguments` that `train` takes under the same names.
    static let trainingArguments = [
        "num_train_epochs", "per_device_train_batch_size", "gradient_accumulation_steps", "warmup_steps",
        "learning_rate", "weight_decay", "adam_beta2", "logging_steps", "save_steps", "save_total_limit",
    ]

    /// What to say of a program, each thing once.
    static func notes(on source: String) -> [String] {
        let code = source.split(whereSeparator: \.isNewline).map(\.trimmed).filter { !$0.hasPrefix("#") }
            .joined(separator: "\n")
        var notes: [String] = []
        for rule in rules where code.contains(rule.mark) && !notes.contains(rule.note) { notes.append(rule.note) }
        if code.contains("TrainingArguments(") || code.contains(".train()") { notes.append("`\(training(code))`") }
        return notes
    }

    /// `train` with the arguments that stand in the program as numbers.
    private static func training(_ code: String) -> String {
        let options = trainingArguments.compactMap { name -> String? in
            guard let place = code.firstRange(of: name + "=") else { return nil }
            let value = code[place.upperBound...].prefix { !",)\n ".contains($0) }
            guard Double(value) != nil else { return nil }
            return "--\(name.replacing("_", with: "-")) \(value)"
        }
        return (["train"] + options).joined(separator: " ")
    }
}
