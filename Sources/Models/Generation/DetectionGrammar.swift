import Tokenization

/// What an answer to a `detect` prompt may be: four locations, a known class, then ` ; ` and the next object, or the end.
///
/// Class names are a trie over the tokens that the tokenizer gives for a whole answer: after a name stands either ` ; `
/// and a location, or nothing, and a tokenizer may cut the name differently before each.
package struct DetectionGrammar: Sendable {
    /// The names that may be said; classes of objects are places in this list.
    package let classes: [String]
    /// The id of location 0; the other 1,023 follow it.
    package let locationBase: Int32
    /// The id that ends an answer.
    package let endID: Int32
    /// An object of the same class that overlaps an earlier one by more than this is a repeat, and so is one with the
    /// same four locations. Repeats are left out; the second in a row ends an answer.
    package var repeatOverlap = 0.9
    /// Where set, answers hold this many objects: the end cannot be said before, and repeats do not end them.
    package var objectCount: Int?
    /// The class that stands for nothing, which is weighed but never chosen.
    package var noiseClass: Int?

    /// The trie; its first node follows four locations.
    private(set) var nodes = [Node()]

    /// What may follow the tokens of a name that have been said.
    struct Node: Sendable, Equatable {
        /// The next tokens, in the order of the classes.
        var children: [(id: Int32, node: Int)] = []
        /// The classes that can still be meant, in order.
        var classes: [Int] = []
        /// The class whose name is complete here if the answer ends.
        var completeClass: Int?
        /// The class whose name and separator are complete here: a location follows.
        var separatedClass: Int?

        static func == (left: Node, right: Node) -> Bool {
            left.children.elementsEqual(right.children, by: ==) && left.classes == right.classes
                && left.completeClass == right.completeClass && left.separatedClass == right.separatedClass
        }
    }

    /// The grammar of answers that name the given classes.
    ///
    /// - Throws: `ModelError.inputs` without classes, for a name that location text cannot hold, or a tokenizer without
    ///   location tokens.
    package init(classes: [String], processor: PaliGemmaProcessor) throws(ModelError) {
        try self.init(classes: classes, tokenizer: processor.tokenizer, endID: processor.specialIDs.end)
    }

    init(classes: [String], tokenizer: Tokenizer, endID: Int32) throws(ModelError) {
        guard !classes.isEmpty else { throw .inputs(reason: "a detection grammar needs at least one class") }
        guard let base = tokenizer.locationBase else {
            throw .inputs(reason: "the tokenizer has no location tokens <loc0000> to <loc1023>")
        }
        (self.classes, self.endID, locationBase) = (classes, endID, base)
        for (number, name) in classes.enumerated() {
            let box = "<loc0000>"
            let ended = Array(tokenizer.encode("\(box) \(name)").dropFirst())
            let separated = Array(tokenizer.encode("\(box) \(name) ; \(box)").dropFirst().dropLast())
            let locations = base..<base + Int32(Tokenizer.locationCount)
            guard !ended.isEmpty, !name.contains(";"), !(ended + separated).contains(where: locations.contains) else {
                throw .inputs(reason: "the class name \"\(name)\" cannot stand in location text")
            }
            nodes[insert(ended, number)].completeClass = number
            nodes[insert(separated, number)].separatedClass = number
        }
    }

    private mutating func insert(_ ids: [Int32], _ classNumber: Int) -> Int {
        var node = 0
        for id in ids {
            note(classNumber, at: node)
            if let next = nodes[node].children.first(where: { $0.id == id }) {
                node = next.node
            } else {
                nodes.append(Node())
                nodes[node].children.append((id, nodes.count - 1))
                node = nodes.count - 1
            }
        }
        note(classNumber, at: node)
        return node
    }

    private mutating func note(_ classNumber: Int, at node: Int) {
        if nodes[node].classes.last != classNumber { nodes[node].classes.append(classNumber) }
    }

    /// The most tokens that an object and its separator take.
    package var longestObject: Int {
        var depths = Array(repeating: 0, count: nodes.count)
        // A node's children were added after it.
        for (number, node) in nodes.enumerated() {
            for child in node.children { depths[child.node] = depths[number] + 1 }
        }
        return 4 + (depths.max() ?? 0)
    }

    /// All tokens of names and separators, and the end, each once and in order.
    var words: [Int32] {
        Set(nodes.flatMap { $0.children.map(\.id) } + [endID]).sorted()
    }

    /// Something that may be said after a part of a name.
    struct Choice: Equatable {
        /// The token; the end's for an answer that ends here.
        let id: Int32
        /// Where the token leads, nil for the end.
        let node: Int?
        /// The classes that the token leaves possible.
        let classes: [Int]
    }

    /// What may be said at a node, the end included.
    func choices(at node: Int) -> [Choice] {
        let here = nodes[node]
        let end = here.completeClass.map { Choice(id: endID, node: nil, classes: [$0]) }
        return here.children.map { Choice(id: $0.id, node: $0.node, classes: nodes[$0.node].classes) }
            + (end.map { [$0] } ?? [])
    }
}
