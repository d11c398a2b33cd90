import Tensors

/// How an answer is generated.
package struct GenerationOptions: Sendable {
    /// The most tokens that an answer may have.
    package var maxNewTokens = 128
    /// The ids that end an answer, which then leaves them out.
    package var endIDs: Set<Int32>
    /// Whether keys and values are kept from step to step; without, each step computes the whole sequence again.
    package var usesCache = true

    /// Options with what ends an answer.
    package init(endIDs: Set<Int32>) {
        self.endIDs = endIDs
    }
}

/// The answers to a batch of prompts.
package struct Generation: Sendable, Equatable {
    /// The ids of each answer, without the one that ended it.
    package var ids: [[Int32]]
    /// Whether each answer came to its end, rather than to the limit.
    package var isEnded: [Bool]
}

extension PaliGemma {
    /// Answers prompts greedily: at each step the token of the largest logit.
    ///
    /// - Parameters:
    ///   - prompts: rows without labels, padded on the left.
    ///   - features: `[B * N, D]`.
    ///   - shouldStop: asked before each step; true ends the answers where they are.
    ///   - observe: is told the logits of each step, `[B, V]`.
    /// - Throws: `TensorError.argument` for rows padded on the right.
    package func generate(
        _ prompts: TokenBatch, features: Tensor, _ generation: GenerationOptions,
        shouldStop: () -> Bool = { false }, observe: ((Tensor) -> Void)? = nil
    ) throws(TensorError) -> Generation {
        guard prompts.tokenRanges.allSatisfy({ $0.upperBound == prompts.length }) else {
            throw .argument(operation: "generate", reason: "prompts are padded on the right, expected on the left")
        }
        var state = GenerationState(count: prompts.count, padID: Int32(configuration.padID), generation)
        guard generation.maxNewTokens > 0 else { return state.result }
        var pass = Pass()
        if generation.usesCache { pass.cache = try makeCache(for: prompts, generation.maxNewTokens) }
        var hidden = try hiddenStates(prompts, features: features, pass)
        var sequence = prompts
        for step in 0..<generation.maxNewTokens {
            let lastRows = (0..<prompts.count).map { Int32(($0 + 1) * hidden.shape[1] - 1) }
            let logits = try logits(hidden.gatheringRows(lastRows))
            observe?(logits)
            let choices = try Tensor(uninitialized: [prompts.count], .int32, on: backend)
            try backend.argmaxRows(ArgmaxRowsCall(input: logits, output: choices))
            let next = state.take(try choices.read(as: Int32.self))
            if state.isDone || step + 1 == generation.maxNewTokens || shouldStop() { break }
            if generation.usesCache {
                hidden = try advance(next, after: prompts, step: step, pass)
            } else {
                sequence = sequence.appending(next)
                hidden = try hiddenStates(sequence, features: features, pass)
            }
        }
        return state.result
    }

    private func makeCache(for prompts: TokenBatch, _ newTokens: Int) throws(TensorError) -> KeyValueCache {
        let text = configuration.text
        return try KeyValueCache(
            layerCount: text.layerCount, batch: prompts.count, capacity: prompts.length + newTokens,
            headCount: text.keyValueHeadCount, headDimension: text.headDimension, elementType: elementType,
            backend: backend)
    }

    /// The hidden states of one more token for each row, `[B, 1, D]`.
    private func advance(
        _ ids: [Int32], after prompts: TokenBatch, step: Int, _ pass: Pass
    ) throws(TensorError) -> Tensor {
        let column = prompts.length + step
        let positions = prompts.tokenRanges.map { Int32(column - $0.lowerBound + 1) }
        let mask = AttentionMask(
            keys: prompts.tokenRanges.map { $0.lowerBound..<column + 1 },
            prefixEnd: prompts.prefixEnds, queryOffset: column, windowSparesPrefix: options.compatibility == .newest)
        let context = DecoderContext(
            positions: try Tensor(positions, shape: [ids.count], on: backend), fullMask: mask, window: window)
        let x = try decoder.embed(ids, pass).reshaped(to: [ids.count, 1, configuration.text.hiddenSize])
        return try decoder(x, context, pass)
    }
}

/// What has been generated so far.
private struct GenerationState {
    var ids: [[Int32]]
    var isEnded: [Bool]
    let padID: Int32
    let endIDs: Set<Int32>

    init(count: Int, padID: Int32, _ generation: GenerationOptions) {
        ids = Array(repeating: [], count: count)
        isEnded = Array(repeating: false, count: count)
        self.padID = padID
        endIDs = generation.endIDs
    }

    var isDone: Bool { isEnded.allSatisfy { $0 } }
    var result: Generation { Generation(ids: ids, isEnded: isEnded) }

    /// Notes one chosen id for each row; returns what the model reads next: padding where an answer has ended.
    mutating func take(_ choices: [Int32]) -> [Int32] {
        for (row, id) in choices.enumerated() where !isEnded[row] {
            if endIDs.contains(id) { isEnded[row] = true } else { ids[row].append(id) }
        }
        return zip(choices, isEnded).map { $1 ? padID : $0 }
    }
}

extension TokenBatch {
    /// The rows with one more suffix token each.
    fileprivate func appending(_ next: [Int32]) -> TokenBatch {
        func widened<Element>(_ values: [Element], _ added: (Int) -> Element) -> [Element] {
            (0..<count).flatMap { row in Array(values[row * length..<(row + 1) * length]) + [added(row)] }
        }
        return TokenBatch(
            trusted: count, length: length + 1, ids: widened(ids) { next[$0] }, attends: widened(attends) { _ in true },
            types: widened(types) { _ in 1 }, tokenRanges: tokenRanges.map { $0.lowerBound..<$0.upperBound + 1 })
    }
}
