/// A vocabulary with a list of merges, as `tokenizer.json` holds it: byte-pair encoding by rank.
///
/// A text starts as its characters, or as the bytes of those that are no piece; then, again and again, the neighbours
/// whose merge comes first in the list become one, the leftmost of equals first.
struct BytePairModel: PieceModel {
    /// The place of a merge in the list, and what it makes.
    struct Merge: Sendable {
        let rank: Int32
        let id: Int32
    }

    /// The pieces by id; nil where the vocabulary skips a number.
    let pieces: [String?]
    /// The ids by piece.
    let ids: PieceTable
    /// The merges of two pieces, under `left << 32 | right`.
    let merges: [UInt64: Merge]
    /// The ids of `<0x00>` to `<0xFF>`, each nil where the vocabulary lacks it (Gemma's has tabs as a piece, not as a byte).
    let byteIDs: [Int32?]
    /// The id for a character without piece and without bytes, or nil to leave it out.
    let unknownID: Int32?
    /// Whether neighbouring unknown characters become one unknown.
    let fusesUnknown: Bool

    var pieceCount: Int { pieces.count }

    func piece(_ id: Int32) -> String? {
        pieces.indices.contains(Int(id)) ? pieces[Int(id)] : nil
    }

    func id(of piece: String) -> Int32? { ids.id(of: Array(piece.utf8)) }

    func encode(_ text: [UInt8], into ids: inout [Int32]) {
        var chain = SymbolChain(symbols(of: text))
        merge(&chain)
        ids.append(contentsOf: chain.remaining)
    }

    /// The merge of two neighbours, if there is one.
    func merge(_ left: Int32, _ right: Int32) -> Merge? {
        merges[Self.key(left, right)]
    }

    /// The key of a pair in `merges`.
    static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// The characters of a text as ids.
    private func symbols(of text: [UInt8]) -> [Int32] {
        var symbols: [Int32] = []
        symbols.reserveCapacity(text.count)
        var start = 0
        var lastIsUnknown = false
        while start < text.count {
            var end = start + 1
            while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
            let character = text[start..<end]
            start = end
            if let id = ids.id(of: character) {
                symbols.append(id)
            } else if let bytes = bytes(of: character) {
                symbols.append(contentsOf: bytes)
            } else if let unknownID {
                if !(fusesUnknown && lastIsUnknown) { symbols.append(unknownID) }
                lastIsUnknown = true
                continue
            }
            lastIsUnknown = false
        }
        return symbols
    }

    /// The bytes of a character as ids, if the vocabulary has all of them.
    private func bytes(of character: ArraySlice<UInt8>) -> [Int32]? {
        let found = character.compactMap { byteIDs[Int($0)] }
        return found.count == character.count ? found : nil
    }

    private func merge(_ chain: inout SymbolChain) {
        var queue = MergeQueue()
        for left in 0..<max(0, chain.count - 1) { propose(left, in: chain, to: &queue) }
        while let next = queue.pop() {
            // A pair whose symbols changed since it was proposed has had its turn.
            guard let right = chain.next(of: next.position),
                let merge = merge(chain[next.position], chain[right]), merge.id == next.id
            else { continue }
            chain.join(next.position, as: merge.id)
            if let left = chain.previous(of: next.position) { propose(left, in: chain, to: &queue) }
            propose(next.position, in: chain, to: &queue)
        }
    }

    private func propose(_ left: Int, in chain: SymbolChain, to queue: inout MergeQueue) {
        guard let right = chain.next(of: left), let merge = merge(chain[left], chain[right]) else { return }
        queue.push(MergeQueue.Candidate(rank: merge.rank, position: left, id: merge.id))
    }
}

/// The symbols of a text, each knowing its neighbours.
private struct SymbolChain {
    private var ids: [Int32]
    private var nexts: [Int]
    private var previouses: [Int]

    /// The mark of a symbol that became part of its left neighbour.
    private static let joined: Int32 = -1

    init(_ ids: [Int32]) {
        self.ids = ids
        nexts = Array(1..<ids.count + 1)
        previouses = Array(-1..<ids.count - 1)
    }

    var count: Int { ids.count }

    /// What is left, in order.
    var remaining: [Int32] { ids.filter { $0 != Self.joined } }

    subscript(position: Int) -> Int32 { ids[position] }

    /// The right neighbour, or nil at the end and for a symbol that is part of another.
    func next(of position: Int) -> Int? {
        ids[position] != Self.joined && nexts[position] < ids.count ? nexts[position] : nil
    }

    func previous(of position: Int) -> Int? {
        previouses[position] >= 0 ? previouses[position] : nil
    }

    /// Makes a symbol and its right neighbour one.
    mutating func join(_ position: Int, as id: Int32) {
        let right = nexts[position]
        ids[position] = id
        ids[right] = Self.joined
        nexts[position] = nexts[right]
        if nexts[right] < ids.count { previouses[nexts[right]] = position }
    }
}
