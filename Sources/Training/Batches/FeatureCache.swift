import Models
import Tensors

/// The features of pictures that were seen before, within a budget of bytes; the least recently used go first.
package final class FeatureCache {
    private struct Entry {
        let features: Tensor
        var lastUse: Int
    }

    /// The most bytes that are kept.
    package let budget: Int
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

    /// Forgets everything: for when tower or projector change.
    package func removeAll() {
        entries.removeAll()
        byteCount = 0
    }
}
