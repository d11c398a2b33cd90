/// How an answer is generated.
package struct GenerationOptions: Sendable {
    /// The most tokens that an answer may have.
    package var maxNewTokens = 128
    /// The ids that end an answer, which then leaves them out.
    package var endIDs: Set<Int32>
    /// Whether keys and values are kept from step to step; without, each step computes the whole sequence again.
    package var usesCache = true
    /// What each answer may be, nil for anything; an empty list leaves all answers free.
    package var grammars: [DetectionGrammar?] = []

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
    /// The objects of each answer that followed a grammar, none where it was free.
    package var objects: [[GeneratedObject]]
    /// How many objects of each answer were left out because it had said them before.
    package var repeatCounts: [Int]
}

/// An object as the model said it, with how sure each part was.
package struct GeneratedObject: Sendable, Equatable {
    /// The edges as locations, in the order of the text: y min, x min, y max, x max.
    package var edges: [LocationEstimate]
    /// The place of the class in the grammar's list.
    package var classIndex: Int
    /// The probability of the class among the known ones, 0 to 1.
    package var classProbability: Double

    /// Puts an object together.
    package init(edges: [LocationEstimate], classIndex: Int, classProbability: Double) {
        (self.edges, self.classIndex, self.classProbability) = (edges, classIndex, classProbability)
    }

    /// The overlap of the boxes that two objects say: intersection over union, 0 where either is empty.
    func overlap(_ other: GeneratedObject) -> Double {
        let (a, b) = (edges.map { Double($0.location) }, other.edges.map { Double($0.location) })
        let height = min(a[2], b[2]) - max(a[0], b[0])
        let width = min(a[3], b[3]) - max(a[1], b[1])
        guard height > 0, width > 0 else { return 0 }
        let areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
        return height * width / (areas - height * width)
    }
}
