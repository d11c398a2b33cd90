import Tensors
import Tokenization

extension PaliGemma {
    /// Answers prompts greedily: at each step the token of the largest logit, of those that may follow.
    ///
    /// An answer that has ended leaves the batch. Tokens that can only follow one another are read in one pass.
    /// - Parameters:
    ///   - prompts: rows without labels, padded on the left.
    ///   - features: `[B * N, D]`.
    ///   - shouldStop: asked before each step; true ends the answers where they are.
    ///   - observe: is told the logits of each step for the free answers that go on: their rows, and `[rows, V]`.
    /// - Throws: `TensorError.argument` for rows padded on the right, or grammars that are not one for each row.
    package func generate(
        _ prompts: TokenBatch, features: Tensor, _ generation: GenerationOptions,
        shouldStop: () -> Bool = { false }, observe: ((_ rows: [Int], _ logits: Tensor) -> Void)? = nil
    ) throws(TensorError) -> Generation {
        guard prompts.tokenRanges.allSatisfy({ $0.upperBound == prompts.length }) else {
            throw .argument(operation: "generate", reason: "prompts are padded on the right, expected on the left")
        }
        guard generation.grammars.isEmpty || generation.grammars.count == prompts.count else {
            throw .argument(
                operation: "generate", reason: "\(generation.grammars.count) grammars for \(prompts.count) prompts")
        }
        var answers = (0..<prompts.count).map { AnswerState(generation, row: $0) }
        var active = answers.indices.filter { !answers[$0].isDone }
        let chooser = try TokenChooser(self, generation)
        var reader = AnswerReader(self, prompts, features)
        if !active.isEmpty {
            var hidden = try reader.readPrompts(
                newTokens: generation.usesCache ? generation.maxNewTokens : nil)
            while true {
                try chooser.choose(&answers, active, hidden: hidden, observe)
                let goesOn = active.map { !answers[$0].isDone }
                active = zip(active, goesOn).filter(\.1).map(\.0)
                if active.isEmpty || shouldStop() { break }
                hidden = try reader.read(active.map { ($0, answers[$0].takeUnread()) })
            }
        }
        return Generation(
            ids: answers.map(\.ids), isEnded: answers.map(\.isEnded), objects: answers.map(\.objects),
            repeatCounts: answers.map(\.repeatCount))
    }
}

/// Chooses the next token of answers: over the whole head where an answer is free, over the rows that may follow else.
private struct TokenChooser {
    let model: PaliGemma
    /// The rows of the head for locations, `[1024, D]`.
    private var locations: Tensor?
    /// The rows of the head for names, separator and end, `[words, D]`.
    private var words: Tensor?
    private var wordPlaces: [Int32: Int] = [:]
    private let endIDs: [Int32?]

    init(_ model: PaliGemma, _ generation: GenerationOptions) throws(TensorError) {
        self.model = model
        endIDs = generation.grammars.map { $0?.endID }
        let grammars = generation.grammars.compactMap { $0 }
        guard let base = grammars.first?.locationBase else { return }
        let table = model.decoder.table.value
        let ids = Set(grammars.flatMap(\.words)).sorted()
        guard base >= 0, Int(base) + Tokenizer.locationCount <= table.rows else {
            throw .index(operation: "location tokens", found: Int(base) + Tokenizer.locationCount, limit: table.rows)
        }
        locations = table.part(Int(base)..<Int(base) + Tokenizer.locationCount)
        words = try table.gatheringRows(ids)
        wordPlaces = Dictionary(uniqueKeysWithValues: zip(ids, 0...))
    }

    /// Takes one choice, and what can only follow it, for each active answer.
    ///
    /// - Parameter hidden: the hidden states of the last tokens, a row for each of `active`.
    func choose(
        _ answers: inout [AnswerState], _ active: [Int], hidden: Tensor, _ observe: (([Int], Tensor) -> Void)?
    ) throws(TensorError) {
        let choices = active.map { answers[$0].next }
        func rows(where isMeant: (AnswerState.NextChoice) -> Bool) -> [Int] {
            choices.indices.filter { isMeant(choices[$0]) }
        }
        let free = rows { $0 == .anyToken }
        if !free.isEmpty {
            let logits = try model.logits(hidden.choosing(free))
            observe?(free.map { active[$0] }, logits)
            let ids = try Tensor(uninitialized: [free.count], .int32, on: logits.backend)
            try logits.backend.argmaxRows(ArgmaxRowsCall(input: logits, output: ids))
            for (place, id) in zip(free, try ids.read(as: Int32.self)) { answers[active[place]].take(token: id) }
        }
        let words = try values(of: rows { $0 == .word || $0 == .location(orEnd: true) }, hidden, self.words)
        let locations = try values(
            of: rows { $0 == .location(orEnd: true) || $0 == .location(orEnd: false) }, hidden, self.locations)
        for (place, row) in active.enumerated() {
            switch choices[place] {
            case .anyToken: break
            case .word:
                guard let logits = words[place] else { continue }
                answers[row].take { id in wordPlaces[id].map { logits[logits.startIndex + $0] } ?? -.infinity }
            case .location(let orEnd):
                guard let logits = locations[place] else { continue }
                let end = orEnd ? endIDs[row].flatMap { wordPlaces[$0] } : nil
                answers[row].take(
                    locationLogits: logits, end: end.flatMap { end in words[place].map { $0[$0.startIndex + end] } })
            }
        }
    }

    /// The logits of some rows over a part of the head, by row.
    private func values(
        of rows: [Int], _ hidden: Tensor, _ table: Tensor?
    ) throws(TensorError) -> [Int: ArraySlice<Float>] {
        guard !rows.isEmpty, let table else { return [:] }
        let values = try model.logits(hidden.choosing(rows), over: table).floats()
        return Dictionary(
            uniqueKeysWithValues: rows.enumerated().map { place, row in
                (row, values[place * table.rows..<(place + 1) * table.rows])
            })
    }
}

extension Tensor {
    /// Some rows, or the tensor itself where all are meant.
    fileprivate func choosing(_ rows: [Int]) throws(TensorError) -> Tensor {
        rows.count == self.rows ? self : try gatheringRows(rows.map { Int32($0) })
    }
}

/// Reads prompts and then more tokens of each answer; gives the hidden state of the last token read.
private struct AnswerReader {
    let model: PaliGemma
    let prompts: TokenBatch
    let features: Tensor
    private var pass = Pass()
    /// What has been read of each answer.
    private var read: [[Int32]]
    /// What steps of some size share, by how many tokens and answers there are.
    private var steps: [[Int]: DecodeStep] = [:]

    init(_ model: PaliGemma, _ prompts: TokenBatch, _ features: Tensor) {
        (self.model, self.prompts, self.features) = (model, prompts, features)
        read = Array(repeating: [], count: prompts.count)
    }

    /// - Parameter newTokens: how many tokens of answers there must be room for, or nil to keep no keys and values.
    /// - Returns: `[B, D]`.
    mutating func readPrompts(newTokens: Int?) throws(TensorError) -> Tensor {
        if let newTokens {
            let text = model.configuration.text
            pass.cache = try KeyValueCache(
                layerCount: text.layerCount, batch: prompts.count, capacity: prompts.length + newTokens,
                headCount: text.keyValueHeadCount, headDimension: text.headDimension, elementType: model.elementType,
                backend: model.backend)
        }
        return try lastRows(model.hiddenStates(prompts, features: features, pass))
    }

    /// Reads the next tokens of some answers, at least one for each.
    ///
    /// - Returns: a row for each of `news`.
    mutating func read(_ news: [(row: Int, ids: [Int32])]) throws(TensorError) -> Tensor {
        guard let cache = pass.cache else {
            for (row, ids) in news { read[row] += ids }
            return try readAgain(news.map(\.row))
        }
        let places = news.flatMap { row, ids in
            ids.indices.map {
                CachePlaces.Place(
                    row: row, first: prompts.tokenRanges[row].lowerBound,
                    column: prompts.length + read[row].count + $0)
            }
        }
        for (row, ids) in news { read[row] += ids }
        let size = [places.count, news.count]
        let step = try step(of: size)
        return try step.run(model, news.map(\.ids), places, cache, pass)
    }

    private mutating func step(of size: [Int]) throws(TensorError) -> DecodeStep {
        if let step = steps[size] { return step }
        let step = try DecodeStep(tokens: size[0], answers: size[1], on: model.backend)
        steps[size] = step
        return step
    }

    /// Reads prompts and answers of some rows from their start.
    private func readAgain(_ rows: [Int]) throws(TensorError) -> Tensor {
        let patches = features.rows / prompts.count
        let kept = rows.flatMap { row in (row * patches..<(row + 1) * patches).map { Int32($0) } }
        let sequences = TokenBatch(answering: prompts, rows: rows, with: rows.map { read[$0] })
        return try lastRows(model.hiddenStates(sequences, features: features.gatheringRows(kept), pass))
    }

    /// The hidden states in the last column, `[B, D]`.
    private func lastRows(_ hidden: Tensor) throws(TensorError) -> Tensor {
        try hidden.gatheringRows((0..<hidden.shape[0]).map { Int32(($0 + 1) * hidden.shape[1] - 1) })
    }
}

extension TokenBatch {
    /// Some rows of prompts with what was answered to each, padded on the left.
    fileprivate init(answering prompts: TokenBatch, rows: [Int], with answers: [[Int32]]) {
        let added = answers.map(\.count).max() ?? 0
        let length = prompts.length + added
        func filled<Element>(_ values: [Element], _ padding: Element, _ answer: (Int32) -> Element) -> [Element] {
            var all: [Element] = []
            for (row, ids) in zip(rows, answers) {
                all += Array(repeating: padding, count: added - ids.count)
                all += values[row * prompts.length..<(row + 1) * prompts.length]
                all += ids.map(answer)
            }
            return all
        }
        self.init(
            trusted: rows.count, length: length, ids: filled(prompts.ids, 0) { $0 },
            attends: filled(prompts.attends, false) { _ in true }, types: filled(prompts.types, 0) { _ in 1 },
            tokenRanges: zip(rows, answers).map { row, ids in
                prompts.tokenRanges[row].lowerBound + added - ids.count..<length
            })
    }
}
