import Glibc
import Tokenization

/// One answer as it grows: what may come next, and what has been said.
struct AnswerState {
    /// What the next token is chosen from.
    enum NextChoice: Equatable {
        /// The whole vocabulary.
        case anyToken
        /// The location tokens; and the end, where the answer may be empty.
        case location(orEnd: Bool)
        /// Tokens of names, the separator, the end.
        case word
    }

    private(set) var objects: [GeneratedObject] = []
    private(set) var isEnded = false
    /// How many objects were left out because they had been said before.
    private(set) var repeatCount = 0
    /// Every id, those of repeats included, which the model has read.
    private var said: [Int32] = []
    /// The places of repeats among them.
    private var repeated: [Range<Int>] = []
    private let limit: Int
    private let endIDs: Set<Int32>
    private let grammar: DetectionGrammar?
    private var readCount = 0
    private var place = Place.locations
    private var edges: [LocationEstimate] = []
    private var objectStart = 0
    private var repeatsInARow = 0
    private var classProbability = 1.0
    /// How many objects have been said, repeats included.
    private var saidCount = 0
    /// How many ids there were when the name of this object was complete, where a separator may follow it.
    private var nameEnd: Int?
    /// How many ids there were when the name of the last object that was kept was complete.
    private var keptEnd = 0

    private enum Place: Equatable {
        case locations
        case name(node: Int)
    }

    init(_ generation: GenerationOptions, row: Int) {
        limit = max(generation.maxNewTokens, 0)
        endIDs = generation.endIDs
        grammar = generation.grammars.isEmpty ? nil : generation.grammars[row]
    }

    var isDone: Bool { isEnded || said.count >= limit }

    /// The ids of the answer, without what was said again.
    var ids: [Int32] {
        said.indices.filter { place in !repeated.contains { $0.contains(place) } }.map { said[$0] }
    }

    var next: NextChoice {
        guard let grammar else { return .anyToken }
        switch place {
        case .locations:
            return .location(orEnd: edges.isEmpty && saidCount == 0 && grammar.objectCount == nil)
        case .name: return .word
        }
    }

    /// The ids that the model has not read yet, which it now does.
    mutating func takeUnread() -> [Int32] {
        defer { readCount = said.count }
        return Array(said[readCount...])
    }

    /// Goes on with a token of a free answer.
    mutating func take(token id: Int32) {
        if endIDs.contains(id) { isEnded = true } else { said.append(id) }
    }

    /// Goes on with a location, or ends the answer before its first.
    ///
    /// - Parameters:
    ///   - logits: one for each location.
    ///   - end: that of the end, where it may be said.
    mutating func take(locationLogits logits: ArraySlice<Float>, end: Float?) {
        guard let grammar else { return }
        let estimate = LocationEstimate(logits: logits)
        if let end, end > logits[logits.startIndex + estimate.location] {
            isEnded = true
            return
        }
        said.append(grammar.locationBase + Int32(estimate.location))
        edges.append(estimate)
        guard edges.count == 4 else { return }
        let isRepeat = objects.contains { $0.edges.map(\.location) == edges.map(\.location) }
        if isRepeat && grammar.objectCount == nil && repeatsInARow > 0 {
            repeatCount += 1
            return endBeforeRepeat()
        }
        (place, classProbability) = (.name(node: 0), 1)
        takeForced(grammar)
    }

    /// Goes on with a token of a name, the separator or the end, and with all that can only follow it.
    ///
    /// - Parameter logit: that of a token.
    mutating func take(wordLogit logit: (Int32) -> Float) {
        guard let grammar, case .name(let node) = place else { return }
        let choices = grammar.choices(at: node)
        let open = choices.indices.filter { isOpen(choices[$0], grammar) }
        let logits = choices.map { logit($0.id) }
        guard let first = open.first else {
            isEnded = true
            return
        }
        let best = open.dropFirst().reduce(first) { logits[$1] > logits[$0] ? $1 : $0 }
        let largest = logits.max() ?? 0
        let weights = logits.map { exp(Double($0) - Double(largest)) }
        let meant = choices.indices.filter { choices[$0].classes == choices[best].classes }
        classProbability *= meant.reduce(0) { $0 + weights[$1] } / weights.reduce(0, +)
        take(choices[best], grammar)
        takeForced(grammar)
    }

    /// Whether something may be chosen: not the noise, and not the end before there are enough objects.
    private func isOpen(_ choice: DetectionGrammar.Choice, _ grammar: DetectionGrammar) -> Bool {
        let isNoise = grammar.noiseClass.map { choice.classes == [$0] } ?? false
        let isEarlyEnd = choice.node == nil && (grammar.objectCount.map { saidCount + 1 < $0 } ?? false)
        return !isNoise && !isEarlyEnd
    }

    /// Takes tokens as long as only one may follow.
    private mutating func takeForced(_ grammar: DetectionGrammar) {
        while !isDone, case .name(let node) = place {
            let choices = grammar.choices(at: node)
            guard choices.count == 1 || !choices.contains(where: { $0.classes != choices[0].classes }) else { return }
            let open = choices.filter { isOpen($0, grammar) }
            guard open.count == 1, let only = open.first else { return }
            take(only, grammar)
        }
    }

    private mutating func take(_ choice: DetectionGrammar.Choice, _ grammar: DetectionGrammar) {
        guard let node = choice.node else {
            isEnded = true
            return finishObject(choice.classes, grammar)
        }
        said.append(choice.id)
        place = .name(node: node)
        let there = grammar.nodes[node]
        if there.completeClass != nil { nameEnd = said.count }
        if let found = there.separatedClass ?? (said.count >= limit ? there.completeClass : nil) {
            finishObject([found], grammar)
        }
    }

    private mutating func finishObject(_ classes: [Int], _ grammar: DetectionGrammar) {
        guard let classIndex = classes.first else { return }
        let object = GeneratedObject(edges: edges, classIndex: classIndex, classProbability: classProbability)
        let isRepeat = objects.contains { earlier in
            earlier.edges.map(\.location) == edges.map(\.location)
                || earlier.classIndex == classIndex && earlier.overlap(object) > grammar.repeatOverlap
        }
        saidCount += 1
        if isRepeat && grammar.objectCount == nil {
            passOver()
        } else {
            if !isRepeat { objects.append(object) }
            repeatsInARow = 0
            keptEnd = nameEnd ?? said.count
        }
        (edges, place, nameEnd, objectStart) = ([], .locations, nil, said.count)
        guard let count = grammar.objectCount, saidCount == count else { return }
        isEnded = true
        said.removeSubrange(keptEnd...)
    }

    /// Leaves out an object that was said before; the second in a row ends the answer.
    private mutating func passOver() {
        repeatCount += 1
        repeatsInARow += 1
        if isEnded || repeatsInARow > 1 { endBeforeRepeat() } else { repeated.append(objectStart..<said.count) }
    }

    /// Ends the answer after the last object that was kept.
    private mutating func endBeforeRepeat() {
        said.removeSubrange(keptEnd...)
        repeated.removeAll { $0.lowerBound >= keptEnd }
        isEnded = true
    }
}
