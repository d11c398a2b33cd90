/// Fills a command's parameters from words.
///
/// `--name value`, `--name=value`, flags `--name` and `--no-name`, arguments by place; `--` ends the options.
/// Names may be written with `_` for `-`, as TrainingArguments spells them.
struct CommandParser {
    let command: String
    let parameters: [(description: ParameterDescription, storage: any AnyParameter)]
    private let takesOptions: Bool

    /// Makes a parser; without options every word is an argument.
    init(command: String, parameters: [(ParameterDescription, any AnyParameter)], takesOptions: Bool = true) {
        self.command = command
        self.takesOptions = takesOptions
        self.parameters = parameters.map { (description: $0.0, storage: $0.1) }
    }

    func parse(_ words: [ExpandedWord]) throws(CommandLineError) {
        var places = parameters.indices.filter { parameters[$0].description.kind == .argument }[...]
        var given: Set<Int> = []
        var onlyArguments = !takesOptions
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            if !onlyArguments, !word.isQuoted, word.text == "--" {
                onlyArguments = true
            } else if !onlyArguments, !word.isQuoted, isOption(word.text) {
                try takeOption(word, words, &index, &given)
            } else {
                guard let place = places.first else { throw error(.extraWord(word.text), at: word) }
                try take(word.text, for: place, at: word)
                if !parameters[place].description.isList { places.removeFirst() }
            }
        }
        try checkRequired(at: words.last)
    }
}

extension CommandParser {
    /// `-5` and `-` are values; `-x` and `--x` are options.
    private func isOption(_ text: String) -> Bool {
        guard text.hasPrefix("-"), text.count > 1 else { return false }
        return Double(text) == nil
    }

    private func takeOption(
        _ word: ExpandedWord, _ words: [ExpandedWord], _ index: inout Int, _ given: inout Set<Int>
    ) throws(CommandLineError) {
        let halves = word.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let written = halves[0]
        let name = String(written.drop { $0 == "-" }).replacing("_", with: "-")
        guard written.hasPrefix("--"), let (place, isOn) = find(name) else { throw unknownOption(written, at: word) }
        let parameter = parameters[place].description
        if parameter.kind == .flag {
            guard halves.count == 1 else { throw error(.unexpectedValue(flag: written), at: word) }
            try take(isOn ? "true" : "false", for: place, at: word)
            return
        }
        guard parameter.isList || given.insert(place).inserted else { throw error(.repeated(written), at: word) }
        if halves.count == 2 {
            try take(halves[1], for: place, at: word)
        } else if index < words.count, words[index].isQuoted || !words[index].text.hasPrefix("--") {
            try take(words[index].text, for: place, at: words[index])
            index += 1
        } else {
            throw error(.missingValue(option: written, valueName: parameter.valueName), at: word)
        }
    }

    /// The option or flag of a name; `no-` in front of a flag's name turns it off.
    private func find(_ name: String) -> (place: Int, isOn: Bool)? {
        for (place, parameter) in parameters.enumerated() where parameter.description.kind != .argument {
            if parameter.description.name == name { return (place, true) }
            if parameter.description.kind == .flag, name == "no-" + parameter.description.name { return (place, false) }
        }
        return nil
    }

    private func take(_ text: String, for place: Int, at word: ExpandedWord) throws(CommandLineError) {
        do {
            try parameters[place].storage.take(text)
        } catch {
            let parameter = parameters[place].description
            let name = parameter.kind == .argument ? parameter.name.uppercased() : "--\(parameter.name)"
            throw self.error(
                .badValue(parameter: name, found: text, expected: error.expected), at: word,
                suggestions: error.suggestions)
        }
    }

    private func checkRequired(at last: ExpandedWord?) throws(CommandLineError) {
        let missing = parameters.filter { !$0.storage.isSatisfied }.map(\.description.usage)
        if !missing.isEmpty {
            throw CommandLineError(reason: .missing(missing), command: command, position: last?.position)
        }
    }

    private func unknownOption(_ written: String, at word: ExpandedWord) -> CommandLineError {
        let names = parameters.map(\.description).filter { $0.kind != .argument }.map(\.name)
        let near = Suggestions.nearest(to: String(written.drop { $0 == "-" }), among: names)
        return error(.unknownOption(written), at: word, suggestions: near.map { "--" + $0 })
    }

    private func error(
        _ reason: CommandLineError.Reason, at word: ExpandedWord, suggestions: [String] = []
    ) -> CommandLineError {
        CommandLineError(reason: reason, command: command, position: word.position, suggestions: suggestions)
    }
}
