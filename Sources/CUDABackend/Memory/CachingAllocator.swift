import Tensors

/// Memory of the card, asked for in segments, given out in blocks, kept when freed.
///
/// All work runs on one stream, in order: a freed block can be given out at once, since what uses it next runs after what
/// used it last. Small blocks share small segments, so that one live tensor does not hold a large segment.
final class CachingAllocator {
    /// A part of a segment, in use or free; parts of a segment form a list in order of address.
    final class Block {
        let address: DeviceAddress
        fileprivate(set) var byteCount: Int
        fileprivate let isSmall: Bool
        fileprivate var isFree = true
        fileprivate var next: Block?
        fileprivate unowned(unsafe) var previous: Block?

        fileprivate init(address: DeviceAddress, byteCount: Int, isSmall: Bool) {
            (self.address, self.byteCount, self.isSmall) = (address, byteCount, isSmall)
        }

        /// Whether it is a whole segment.
        fileprivate var isWhole: Bool { next == nil && previous == nil }
    }

    /// Blocks are multiples of this, which is also how they are aligned.
    static let granularity = 512
    /// The largest block of small segments, and the size of those.
    private static let (smallestLarge, smallSegment) = (1 << 20, 2 << 20)
    /// Blocks of less than this share segments of `sharedSegment`; larger ones have a segment of their size.
    private static let (smallestOwn, sharedSegment) = (10 << 20, 20 << 20)

    private(set) var figures = BackendMemory(allocated: 0, reserved: 0, peak: 0)
    private let context: CUDAContext
    /// The most bytes that segments may take; nil for what the card has.
    private let budget: Int?
    /// Whether freed memory is kept. Tools that look for reads outside of memory want it returned.
    private let keepsMemory: Bool
    /// Free blocks by size, then address.
    private var freeBlocks: (small: [Block], large: [Block]) = ([], [])
    /// While calls are recorded: blocks that were freed since, which only the recording may give out again.
    private var held: [Block]?
    /// The first block of each segment that has blocks in use or free: lists are owned from their heads.
    private var segments: [DeviceAddress: Block] = [:]

    /// Asks for nothing yet.
    init(_ context: CUDAContext, budget: Int?, keepsMemory: Bool) {
        (self.context, self.budget, self.keepsMemory) = (context, budget, keepsMemory)
    }

    deinit {
        for block in segments.values { _ = context.functions.free(block.address) }
    }

    /// A block of at least `byteCount` bytes, or nil where there is none, after all that was kept has been returned.
    func allocate(byteCount: Int) throws(TensorError) -> Block? {
        let (padded, overflow) = max(byteCount, 1).addingReportingOverflow(Self.granularity - 1)
        guard !overflow else { return nil }
        let size = padded / Self.granularity * Self.granularity
        if let block = heldBlock(size) { return block }
        var found = reused(size)
        if found == nil { found = try segment(for: size) }
        guard let block = found else { return nil }
        split(block, at: size)
        block.isFree = false
        figures.allocated += block.byteCount
        figures.peak = max(figures.peak, figures.allocated)
        return block
    }

    /// Takes a block back.
    func free(_ block: Block) {
        if held != nil {
            held?.append(block)
            return
        }
        figures.allocated -= block.byteCount
        block.isFree = true
        let merged = merge(block)
        insert(merged)
        if !keepsMemory && merged.isWhole { release(merged) }
    }

    /// Begins to hold back what is freed: a recording uses it again whenever it is replayed.
    func beginHolding() { held = [] }

    /// Ends it; the blocks count as allocated until their new owner frees them.
    func endHolding() -> [Block] {
        defer { held = nil }
        return held ?? []
    }

    /// Returns what is kept and not in use to the driver.
    func releaseKept() {
        for block in freeBlocks.small + freeBlocks.large where block.isWhole { release(block) }
    }
}

extension CachingAllocator {
    /// The smallest block that was freed in this recording and fits without waste.
    private func heldBlock(_ size: Int) -> Block? {
        guard let held else { return nil }
        let fitting = held.indices.filter { held[$0].byteCount >= size && held[$0].byteCount <= 2 * size }
        guard let place = fitting.min(by: { held[$0].byteCount < held[$1].byteCount }) else { return nil }
        return self.held?.remove(at: place)
    }

    /// The smallest free block that fits and is not wasted on `size`.
    private func reused(_ size: Int) -> Block? {
        let isSmall = isSmall(size)
        let blocks = isSmall ? freeBlocks.small : freeBlocks.large
        let place = Self.place(of: (size, 0), in: blocks)
        guard place < blocks.count else { return nil }
        let block = blocks[place]
        if isSmall { freeBlocks.small.remove(at: place) } else { freeBlocks.large.remove(at: place) }
        return block
    }

    /// A new segment, if the driver and the budget allow; once more after returning what is kept.
    private func segment(for size: Int) throws(TensorError) -> Block? {
        let byteCount = segmentSize(for: size)
        if let block = try fresh(byteCount, isSmall: isSmall(size)) { return block }
        try context.synchronize()
        releaseKept()
        return try fresh(byteCount, isSmall: isSmall(size))
    }

    private func fresh(_ byteCount: Int, isSmall: Bool) throws(TensorError) -> Block? {
        if let budget, figures.reserved + byteCount > budget { return nil }
        var address: DeviceAddress = 0
        let status = context.functions.allocate(&address, byteCount)
        if status == DriverResult.outOfMemory { return nil }
        try context.driver.check(status, "cuMemAlloc")
        figures.reserved += byteCount
        let block = Block(address: address, byteCount: byteCount, isSmall: isSmall)
        segments[address] = block
        return block
    }

    private func isSmall(_ size: Int) -> Bool { keepsMemory && size <= Self.smallestLarge }

    private func segmentSize(for size: Int) -> Int {
        guard keepsMemory else { return size }
        if size <= Self.smallestLarge { return Self.smallSegment }
        if size < Self.smallestOwn { return Self.sharedSegment }
        let step = 2 << 20
        return (size + step - 1) / step * step
    }

    /// Gives what a block has beyond `size` to a free block of its own, where that is worth it.
    private func split(_ block: Block, at size: Int) {
        let rest = block.byteCount - size
        guard rest >= (block.isSmall ? Self.granularity : Self.smallestLarge) else { return }
        let tail = Block(address: block.address + DeviceAddress(size), byteCount: rest, isSmall: block.isSmall)
        block.byteCount = size
        (tail.next, tail.previous) = (block.next, block)
        block.next?.previous = tail
        block.next = tail
        insert(tail)
    }

    /// Joins a free block with its free neighbours.
    private func merge(_ block: Block) -> Block {
        var block = block
        if let next = block.next, next.isFree {
            remove(next)
            absorb(next, into: block)
        }
        if let previous = block.previous, previous.isFree {
            remove(previous)
            absorb(block, into: previous)
            block = previous
        }
        return block
    }

    private func absorb(_ next: Block, into block: Block) {
        block.byteCount += next.byteCount
        block.next = next.next
        block.next?.previous = block
    }

    private func release(_ block: Block) {
        remove(block)
        segments[block.address] = nil
        figures.reserved -= block.byteCount
        _ = context.functions.free(block.address)
    }

    private func insert(_ block: Block) {
        if block.isSmall {
            freeBlocks.small.insert(block, at: Self.place(of: block, in: freeBlocks.small))
        } else {
            freeBlocks.large.insert(block, at: Self.place(of: block, in: freeBlocks.large))
        }
    }

    private func remove(_ block: Block) {
        if block.isSmall {
            freeBlocks.small.remove(at: Self.place(of: block, in: freeBlocks.small))
        } else {
            freeBlocks.large.remove(at: Self.place(of: block, in: freeBlocks.large))
        }
    }

    private static func place(of block: Block, in blocks: [Block]) -> Int {
        place(of: (block.byteCount, block.address), in: blocks)
    }

    /// Where a block of a size and address stands, or would stand, by binary search.
    private static func place(of key: (Int, DeviceAddress), in blocks: [Block]) -> Int {
        var (low, high) = (0, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            if (blocks[middle].byteCount, blocks[middle].address) < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
