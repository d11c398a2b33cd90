import Tensors

/// What memory is taken for.
package enum MemoryPart: Int, Sendable, CaseIterable {
    case weights, packedWeights, adapters, masters, gradients, moments, undo, features, activations, logits, working

    /// The part in words.
    package var name: String {
        switch self {
        case .weights: "weights"
        case .packedWeights: "weights packed for products"
        case .adapters: "adapters"
        case .masters: "float32 masters"
        case .gradients: "gradients"
        case .moments: "optimizer moments"
        case .undo: "kept to undo"
        case .features: "image features"
        case .activations: "saved activations"
        case .logits: "logits chunk"
        case .working: "working memory"
        }
    }
}

/// Counts what a device would hold, by what it is for.
package final class MemoryMeter {
    /// Bytes held now, by part.
    private var bytes = [Int](repeating: 0, count: MemoryPart.allCases.count)
    /// Bytes held when most were held, by part.
    private(set) var peakBytes = [Int](repeating: 0, count: MemoryPart.allCases.count)
    private(set) var figures = BackendMemory(allocated: 0, reserved: 0, peak: 0)
    /// The most that was held from the system, blocks kept for reuse included.
    private(set) var reservedPeak = 0
    /// Bytes of mapped files that are in use as they lie.
    fileprivate(set) var mapped = 0
    private var live: [ObjectIdentifier: Reference] = [:]
    private var kept: [Int: Int] = [:]
    private var keptByteCount = 0
    private let rules: MemoryRules

    private struct Reference {
        unowned let storage: RehearsedStorage
    }

    init(_ rules: MemoryRules) {
        self.rules = rules
        if rules.ownByteCount > 0 { take(rules.ownByteCount, .working) }
    }

    /// Counts a storage that was made.
    func add(_ storage: RehearsedStorage) {
        live[ObjectIdentifier(storage)] = Reference(storage: storage)
        take(storage.byteCount, storage.part)
    }

    /// Counts bytes that were taken.
    func take(_ byteCount: Int, _ part: MemoryPart) {
        let byteCount = rounded(byteCount)
        bytes[part.rawValue] += byteCount
        figures.allocated += byteCount
        let size = rules.blockSize(byteCount)
        if kept[size, default: 0] > 0 {
            kept[size]? -= 1
            keptByteCount -= size
        } else {
            figures.reserved += size
            reservedPeak = max(reservedPeak, figures.reserved)
        }
        guard figures.allocated > figures.peak else { return }
        figures.peak = figures.allocated
        peakBytes = bytes
    }

    /// Counts bytes that were given back.
    func give(_ byteCount: Int, _ part: MemoryPart) {
        let byteCount = rounded(byteCount)
        bytes[part.rawValue] -= byteCount
        figures.allocated -= byteCount
        let size = rules.blockSize(byteCount)
        if size >= rules.smallestKept, keptByteCount + size <= rules.reuseBudget {
            kept[size, default: 0] += 1
            keptByteCount += size
        } else {
            figures.reserved -= size
        }
    }

    /// Forgets a storage that goes.
    fileprivate func remove(_ storage: RehearsedStorage) {
        live[ObjectIdentifier(storage)] = nil
        give(storage.byteCount, storage.part)
    }

    /// Says what the memory of some tensors is for.
    func tag(_ tensors: [Tensor], _ part: MemoryPart) {
        tag(tensors.map(\.storage), part)
    }

    /// Says what some memory is for.
    func tag(_ storages: [any Storage], _ part: MemoryPart) {
        for case let storage as RehearsedStorage in storages where !storage.isAdopted { move(storage, to: part) }
    }

    /// Counts what is held as working memory now as saved for the way back: a forward has ended.
    func noteForwardEnd() {
        for reference in live.values where reference.storage.part == .working {
            move(reference.storage, to: .activations)
        }
    }

    private func rounded(_ byteCount: Int) -> Int {
        (byteCount + rules.granularity - 1) / rules.granularity * rules.granularity
    }

    private func move(_ storage: RehearsedStorage, to part: MemoryPart) {
        bytes[storage.part.rawValue] -= rounded(storage.byteCount)
        bytes[part.rawValue] += rounded(storage.byteCount)
        storage.part = part
        if figures.allocated == figures.peak { peakBytes = bytes }
    }
}

/// Memory that a rehearsal counts and does not take.
final class RehearsedStorage: Storage {
    /// Which part of a storage was packed, and how.
    struct PackedKey: Hashable {
        let byteOffset: Int
        let shape: [Int]
        let transposed: Bool
    }

    let byteCount: Int
    /// Bytes of a mapped file, which are there to be read; nil for memory that is not there.
    let adopted: UnsafeRawBufferPointer?
    fileprivate(set) var part: MemoryPart
    private(set) var packed: [PackedKey: Int] = [:]
    private let isMapped: Bool
    private let owner: AnyObject?
    private let meter: MemoryMeter

    /// Memory of its own.
    init(byteCount: Int, _ part: MemoryPart, _ meter: MemoryMeter) {
        (self.byteCount, self.part, self.meter) = (byteCount, part, meter)
        (adopted, owner, isMapped) = (nil, nil, false)
        meter.add(self)
    }

    /// Bytes of a mapped file that the device shares; `bytes` is nil where there is no file to read.
    init(mapping byteCount: Int, _ bytes: UnsafeRawBufferPointer?, owner: AnyObject?, _ meter: MemoryMeter) {
        (self.byteCount, part, self.meter) = (byteCount, .weights, meter)
        (adopted, self.owner, isMapped) = (bytes, owner, true)
        meter.mapped += byteCount
    }

    var isAdopted: Bool { isMapped }

    /// Notes a packed form.
    func keepPacked(_ byteCount: Int, under key: PackedKey) {
        if isMapped, packed.isEmpty { meter.mapped -= self.byteCount }
        packed[key] = byteCount
        meter.take(byteCount, .packedWeights)
    }

    /// Forgets packed forms, which are no longer right; returns their bytes.
    @discardableResult
    func dropPacked() -> Int {
        let sum = packed.values.reduce(0, +)
        for byteCount in packed.values { meter.give(byteCount, .packedWeights) }
        if isMapped, !packed.isEmpty { meter.mapped += byteCount }
        packed = [:]
        return sum
    }

    deinit {
        dropPacked()
        if isMapped { meter.mapped -= byteCount } else { meter.remove(self) }
    }
}
