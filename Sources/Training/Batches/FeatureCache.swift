import Models
import Tensors

/// The features of pictures that were seen before, within a budget of bytes; the least recently used go first.
package final class FeatureCache {
    private struct Entry {
        let features: Tensor
        var lastUse: Int
    }

    /// The most bytes that are kept.
    package private(set) var budget: Int
    /// The bytes that are kept.
    package private(set) var byteCount = 0
    /// How many look-ups found features, and how many did not.
    package private(set) var hits = 0, misses = 0
    private var entries: [String: Entry] = [:]
    private var clock = 0

    /// An empty cache.
    package init(budget: Int) {
        self.budget = budget
    }

    /// The features kept under a key, `[N, D]`.
    func features(of key: String) -> Tensor? {
        clock += 1
        guard let entry = entries[key] else {
            misses += 1
            return nil
        }
        hits += 1
        entries[key]?.lastUse = clock
        return entry.features
    }

    /// The features of pictures one after another, `[B * N, D]`; those that are not kept are made in one go, and kept.
    ///
    /// - Parameters:
    ///   - keys: what identifies the pictures; one may come more than once.
    ///   - make: the features of the pictures at some places of `keys`.
    func features(
        under keys: [String], making make: (_ missing: [Int]) throws(TrainingError) -> Tensor
    ) throws(TrainingError) -> Tensor {
        var found: [String: Tensor] = [:]
        for key in keys where found[key] == nil { found[key] = features(of: key) }
        var missing: [Int] = []
        for (place, key) in keys.enumerated()
        where found[key] == nil && !missing.contains(where: { keys[$0] == key }) { missing.append(place) }
        if !missing.isEmpty {
            let all = try make(missing)
            let count = all.rows / missing.count
            for (number, place) in missing.enumerated() {
                let features = try trainingErrors { () throws(TensorError) in
                    try all.part(number * count..<(number + 1) * count).copied()
                }
                keep(features, of: keys[place])
                found[keys[place]] = features
            }
        }
        return try trainingErrors { () throws(TensorError) in try .stacking(keys.compactMap { found[$0] }) }
    }

    /// The features that are kept.
    var kept: [Tensor] { entries.values.map(\.features) }

    /// Keeps features if there is room, after the least recently used have gone.
    func keep(_ features: Tensor, of key: String) {
        guard features.byteCount <= budget else { return }
        while byteCount + features.byteCount > budget,
            let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            entries[oldest.key] = nil
            byteCount -= oldest.value.features.byteCount
        }
        if let earlier = entries.updateValue(Entry(features: features, lastUse: clock), forKey: key) {
            byteCount -= earlier.features.byteCount
        }
        byteCount += features.byteCount
    }

    /// Forgets everything, and keeps nothing from now on.
    func close() {
        removeAll()
        budget = 0
    }

    /// Forgets everything: for when tower or projector change.
    package func removeAll() {
        entries.removeAll()
        byteCount = 0
    }
}
