import Checkpoints
import Images
import JSON
import Tokenization

/// Turns prompts, answers and pictures into what the model reads: `<image>` x N, `<bos>`, prefix, newline, suffix, `<eos>`.
package struct PaliGemmaProcessor: Sendable {
    /// Whose rows are made.
    package enum Compatibility: String, Sendable, CaseIterable {
        /// Every suffix ends in `<eos>`.
        case newest
        /// transformers 4.47.0 with `<image>` in the prefix: the suffix has no `<eos>`, so a model never learns to stop.
        case period = "hf-4.47.0"
    }

    /// The side on which shorter rows are filled.
    package enum PaddingSide: String, Sendable, CaseIterable {
        case left, right
    }

    /// Text to ids and back.
    package let tokenizer: Tokenizer
    /// How pictures become numbers.
    package private(set) var pixels: PixelSettings
    /// How many image tokens stand before a prompt.
    package private(set) var imageTokenCount: Int
    /// The ids that frame a row.
    package let specialIDs: SpecialIDs
    /// Whose rows are made.
    package var compatibility = Compatibility.newest

    /// The ids that frame a row.
    package struct SpecialIDs: Sendable, Equatable {
        package let image, padding, beginning, end: Int32
    }

    /// Reads tokenizer and preprocessor_config.json of a checkpoint's folder.
    ///
    /// - Parameter configuration: the model's, which decides resolution, image tokens and special ids.
    /// - Throws: `ModelError.tokenizer` or `ModelError.configuration`.
    package init(folder: String, configuration: PaliGemmaConfiguration) throws(ModelError) {
        do throws(TokenizerError) {
            tokenizer = try Tokenizer(folder: folder)
        } catch {
            throw .tokenizer(error)
        }
        pixels = try PixelSettings(folder: folder, imageSize: configuration.vision.imageSize)
        imageTokenCount = configuration.vision.patchCount
        specialIDs = SpecialIDs(
            image: Int32(configuration.imageTokenID), padding: Int32(configuration.padID),
            beginning: Int32(configuration.beginningID), end: Int32(configuration.endID))
    }

    /// The processor for a model of another resolution.
    package func following(_ configuration: PaliGemmaConfiguration) -> PaliGemmaProcessor {
        var copy = self
        copy.pixels.imageSize = configuration.vision.imageSize
        copy.imageTokenCount = configuration.vision.patchCount
        return copy
    }

    /// The ids of one prompt; `<image>`, as the reference asks for, may be there or not.
    ///
    /// Where it stands inside the text, image tokens stand there, with the beginning after them, as in the reference.
    package func promptIDs(_ prefix: String) -> [Int32] {
        let place = prefix.ranges(of: "<image>").last
        let before = place.map { prefix[..<$0.lowerBound] } ?? ""
        let after = place.map { prefix[$0.upperBound...] } ?? prefix[...]
        return (before.isEmpty ? [] : tokenizer.encode(String(before)))
            + Array(repeating: specialIDs.image, count: imageTokenCount) + [specialIDs.beginning]
            + tokenizer.encode(after + "\n")
    }

    /// The ids of one answer.
    package func suffixIDs(_ suffix: String) -> [Int32] {
        tokenizer.encode(suffix) + (compatibility == .newest ? [specialIDs.end] : [])
    }

    /// Rows of prompts, with answers to learn if `suffixes` are given.
    ///
    /// - Throws: `ModelError.inputs` if there is not one suffix for each prefix, or no prefix.
    package func batch(
        prefixes: [String], suffixes: [String]? = nil, paddingSide: PaddingSide = .left
    ) throws(ModelError) -> TokenBatch {
        guard !prefixes.isEmpty, suffixes.map({ $0.count == prefixes.count }) ?? true else {
            throw .inputs(reason: "\(prefixes.count) prompts and \(suffixes?.count ?? 0) answers do not go together")
        }
        let rows = prefixes.indices.map { row in
            TokenRow(prompt: promptIDs(prefixes[row]), suffix: suffixes.map { suffixIDs($0[row]) } ?? [])
        }
        return try TokenBatch(rows, withLabels: suffixes != nil, padID: specialIDs.padding, paddingSide)
    }

    /// Rows of prompts with several answers each, which share the prompt's pass.
    ///
    /// - Throws: `ModelError.inputs` if prompts have not equally many answers each.
    package func packedBatch(prefixes: [String], suffixes: [[String]]) throws(ModelError) -> TokenBatch {
        guard prefixes.count == suffixes.count else {
            throw .inputs(reason: "\(prefixes.count) prompts and \(suffixes.count) lists of answers do not go together")
        }
        let rows = zip(prefixes, suffixes).map { prefix, answers in
            PackedRow(prompt: promptIDs(prefix), suffixes: answers.map(suffixIDs))
        }
        return try TokenBatch(packing: rows, padID: specialIDs.padding)
    }

    /// The text of an answer, without what ends it.
    package func text(of ids: [Int32]) -> String {
        tokenizer.decode(ids.filter { $0 != specialIDs.end && $0 != specialIDs.padding })
    }
}

/// The ids of one row before padding.
package struct TokenRow: Sendable, Equatable {
    /// Image, beginning, prefix and newline.
    package var prompt: [Int32]
    /// What is to be learned.
    package var suffix: [Int32]

    /// A row.
    package init(prompt: [Int32], suffix: [Int32]) {
        self.prompt = prompt
        self.suffix = suffix
    }

    /// How many tokens it has.
    package var count: Int { prompt.count + suffix.count }
}

extension TokenBatch {
    /// Rows padded to the longest, or to the next multiple of `lengthMultiple`.
    package init(
        _ rows: [TokenRow], withLabels: Bool, padID: Int32, _ side: PaliGemmaProcessor.PaddingSide,
        lengthMultiple: Int = 1
    ) throws(ModelError) {
        let longest = rows.map(\.count).max() ?? 0
        let length = (longest + lengthMultiple - 1) / lengthMultiple * lengthMultiple
        func filled<Element>(_ padding: Element, _ row: (TokenRow) -> [Element]) -> [Element] {
            rows.flatMap { source in
                let pads = Array(repeating: padding, count: length - source.count)
                return side == .left ? pads + row(source) : row(source) + pads
            }
        }
        let ignored = TokenBatch.ignoredLabel
        try self.init(
            count: rows.count, length: length,
            ids: filled(padID) { $0.prompt + $0.suffix },
            attends: filled(false) { Array(repeating: true, count: $0.count) },
            types: filled(0) { $0.prompt.map { _ in 0 } + $0.suffix.map { _ in 1 } },
            labels: withLabels ? filled(ignored) { $0.prompt.map { _ in ignored } + $0.suffix } : nil)
    }
}
