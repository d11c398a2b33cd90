/// Precision, recall, F1 and support of one class, or of all together.
package struct ClassScores: Sendable, Equatable {
    /// The class's name, or what the row sums up.
    package let name: String
    /// Targets predicted as what they are.
    package let truePositives: Int
    /// Predictions that are something else, or nothing.
    package let falsePositives: Int
    /// Targets predicted as something else, or missed.
    package let falseNegatives: Int

    /// Makes scores from counts.
    package init(name: String, truePositives: Int, falsePositives: Int, falseNegatives: Int) {
        self.name = name
        self.truePositives = truePositives
        self.falsePositives = falsePositives
        self.falseNegatives = falseNegatives
    }

    /// The scores of several classes together (micro average).
    package init(summing scores: [ClassScores]) {
        self.init(
            name: "all", truePositives: scores.reduce(0) { $0 + $1.truePositives },
            falsePositives: scores.reduce(0) { $0 + $1.falsePositives },
            falseNegatives: scores.reduce(0) { $0 + $1.falseNegatives })
    }

    /// The share of predictions that are right; zero without predictions.
    package var precision: Double { Self.ratio(truePositives, truePositives + falsePositives) }
    /// The share of targets that are found; zero without targets.
    package var recall: Double { Self.ratio(truePositives, support) }
    /// The harmonic mean of precision and recall; zero where both are.
    package var f1: Double { Self.ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives) }
    /// The number of targets.
    package var support: Int { truePositives + falseNegatives }

    private static func ratio(_ part: Int, _ whole: Int) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole)
    }
}

/// Means of precision, recall and F1 over classes.
package struct AverageScores: Sendable, Equatable {
    /// The mean precision.
    package let precision: Double
    /// The mean recall.
    package let recall: Double
    /// The mean F1.
    package let f1: Double
    /// The number of targets.
    package let support: Int

    /// Averages scores with a weight for each; all zero where no weight is.
    init(_ scores: [ClassScores], weight: (ClassScores) -> Double) {
        let total = scores.reduce(0) { $0 + weight($1) }
        func average(_ value: KeyPath<ClassScores, Double>) -> Double {
            total == 0 ? 0 : scores.reduce(0) { $0 + $1[keyPath: value] * weight($1) } / total
        }
        precision = average(\.precision)
        recall = average(\.recall)
        f1 = average(\.f1)
        support = scores.reduce(0) { $0 + $1.support }
    }
}

extension ConfusionMatrix {
    /// The scores of each class, in the order of the list.
    package var classScores: [ClassScores] {
        classes.indices.map { classID in
            let predicted = counts.reduce(0) { $0 + $1[classID] }
            let labelled = counts[classID].reduce(0, +)
            let hits = counts[classID][classID]
            return ClassScores(
                name: classes[classID], truePositives: hits, falsePositives: predicted - hits,
                falseNegatives: labelled - hits)
        }
    }

    /// The scores of all classes together (micro average).
    package var totals: ClassScores { ClassScores(summing: classScores) }

    /// Targets that were taken for another class, by how often.
    package struct Confusion: Sendable, Equatable {
        /// What is there.
        package let labelled: String
        /// What was found.
        package let predicted: String
        /// How often.
        package let count: Int
    }

    /// The pairs of classes that are confused, the most frequent first; equal ones in the order of the classes.
    package var confusions: [Confusion] {
        let pairs = classes.indices.flatMap { row in
            classes.indices.filter { $0 != row && counts[row][$0] > 0 }.map { column in
                Confusion(labelled: classes[row], predicted: classes[column], count: counts[row][column])
            }
        }
        return pairs.indicesByFalling { Double($0.count) }.map { pairs[$0] }
    }

    /// The plain mean over classes that have targets.
    package var macroAverage: AverageScores { AverageScores(classScores) { $0.support > 0 ? 1 : 0 } }

    /// The mean over classes, weighted by their targets.
    package var weightedAverage: AverageScores { AverageScores(classScores) { Double($0.support) } }
}
