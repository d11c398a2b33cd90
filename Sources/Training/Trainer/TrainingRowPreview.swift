import Models

/// A training row in words: what the model reads, and what of it is learned.
package struct TrainingRowPreview: Sendable, Equatable {
    /// A run of tokens that are all learned, or all not.
    package struct Part: Sendable, Equatable {
        /// The tokens' text, with marks such as `<bos>`; image tokens are counted, not listed.
        package var text: String
        package var tokenCount: Int
        package var isLearned: Bool
    }

    /// The picture's file name.
    package var imageName: String
    package var parts: [Part]

    /// A preview of the first row of a batch; padding is left out.
    init(imageName: String, _ tokens: TokenBatch, _ processor: PaliGemmaProcessor) {
        self.imageName = imageName
        parts = []
        var run: [Int32] = []
        var isLearned = false
        func end() {
            guard !run.isEmpty else { return }
            parts.append(Part(text: Self.text(run, processor), tokenCount: run.count, isLearned: isLearned))
            run = []
        }
        for place in tokens.tokenRanges.first ?? 0..<0 {
            let learns = (tokens.labels?[place] ?? TokenBatch.ignoredLabel) != TokenBatch.ignoredLabel
            if learns != isLearned { end() }
            isLearned = learns
            run.append(tokens.ids[place])
        }
        end()
    }

    private static func text(_ ids: [Int32], _ processor: PaliGemmaProcessor) -> String {
        let image = processor.specialIDs.image
        let imageCount = ids.count { $0 == image }
        let words = processor.tokenizer.decode(ids.filter { $0 != image }).replacing("\n", with: "\\n")
        return imageCount == 0 ? words : "<image> x \(imageCount) \(words)"
    }

    /// How many tokens are learned.
    package var learnedCount: Int { parts.reduce(0) { $0 + ($1.isLearned ? $1.tokenCount : 0) } }

    /// How many tokens there are.
    package var tokenCount: Int { parts.reduce(0) { $0 + $1.tokenCount } }
}
