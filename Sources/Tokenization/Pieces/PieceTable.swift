/// The ids of pieces by their bytes: a hash table with open addressing over one buffer of text.
///
/// A dictionary of strings would take two ways to compose an accent for one piece, and is slower to fill.
struct PieceTable: Sendable {
    private var text: [UInt8] = []
    private var starts: [Int32] = [0]
    private var ids: [Int32] = []
    /// Entry numbers, -1 where empty; the count is a power of two and at least twice the number of entries.
    private var slots: [Int32]

    /// An empty table with room for a number of pieces.
    init(minimumCapacity: Int) {
        var slotCount = 16
        while slotCount < minimumCapacity * 2 { slotCount *= 2 }
        slots = Array(repeating: -1, count: slotCount)
    }

    /// Adds a piece; returns the id it has already, and changes nothing, if it is there.
    mutating func insert(_ piece: String, id: Int32) -> Int32? {
        var piece = piece
        return piece.withUTF8 { bytes in insert(bytes, id: id) }
    }

    private mutating func insert(_ bytes: UnsafeBufferPointer<UInt8>, id: Int32) -> Int32? {
        if (ids.count + 1) * 2 > slots.count { grow() }
        let slot = slot(of: bytes)
        if slots[slot] >= 0 { return ids[Int(slots[slot])] }
        slots[slot] = Int32(ids.count)
        ids.append(id)
        text.append(contentsOf: bytes)
        starts.append(Int32(text.count))
        return nil
    }

    /// The id of a piece.
    func id(of piece: some Collection<UInt8>) -> Int32? {
        let found = piece.withContiguousStorageIfAvailable { id(of: $0) }
        return found ?? Array(piece).withUnsafeBufferPointer { id(of: $0) }
    }

    /// The id of a piece of text.
    func id(of piece: String) -> Int32? {
        var piece = piece
        return piece.withUTF8 { id(of: $0) }
    }

    /// The id of a piece.
    func id(of bytes: UnsafeBufferPointer<UInt8>) -> Int32? {
        let entry = slots[slot(of: bytes)]
        return entry < 0 ? nil : ids[Int(entry)]
    }

    /// The slot that holds these bytes, or the empty one where they belong.
    private func slot(of bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var slot = Self.hash(bytes) & (slots.count - 1)
        while slots[slot] >= 0, !holds(Int(slots[slot]), bytes) { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    private func holds(_ entry: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = Int(starts[entry])
        guard Int(starts[entry + 1]) - start == bytes.count else { return false }
        for offset in 0..<bytes.count where text[start + offset] != bytes[offset] { return false }
        return true
    }

    private mutating func grow() {
        var larger = [Int32](repeating: -1, count: slots.count * 2)
        text.withUnsafeBufferPointer { text in
            for entry in ids.indices {
                let bytes = UnsafeBufferPointer(rebasing: text[Int(starts[entry])..<Int(starts[entry + 1])])
                var slot = Self.hash(bytes) & (larger.count - 1)
                while larger[slot] >= 0 { slot = (slot + 1) & (larger.count - 1) }
                larger[slot] = Int32(entry)
            }
        }
        slots = larger
    }

    /// The FNV-1a hash of the bytes, its high bits folded into the low ones.
    private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: (hash ^ hash >> 29) & 0x7FFF_FFFF_FFFF)
    }
}
