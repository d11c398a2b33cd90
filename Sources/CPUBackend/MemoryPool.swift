import CKernels
import Tensors

/// Aligned memory that is kept for reuse when freed: fresh pages cost more than the kernels that fill them.
final class MemoryPool {
    /// Blocks from this size on are kept; the C library is good at smaller ones.
    static let smallestKept = 256 << 10

    /// Bytes of packed weights, which are part of `figures.allocated`.
    var packedByteCount = 0
    private(set) var figures = BackendMemory(allocated: 0, reserved: 0, peak: 0)
    private var kept: [Int: [UnsafeMutableRawPointer]] = [:]
    private var keptByteCount = 0
    private let budget: Int
    /// The most bytes that are handed out; nil for no bound.
    var limit: Int?

    /// Keeps at most `budget` bytes of freed blocks, and hands out `limit` bytes in all at most.
    init(budget: Int, limit: Int? = nil) {
        (self.budget, self.limit) = (budget, limit)
    }

    deinit {
        dropKept()
    }

    /// A block of at least `byteCount` bytes with undefined contents, or nil where there is no memory.
    func allocate(byteCount: Int) -> UnsafeMutableRawPointer? {
        if let limit, byteCount > limit - figures.allocated { return nil }
        let size = Self.blockSize(for: byteCount)
        guard let block = reused(size) ?? fresh(size) else { return nil }
        figures.allocated += byteCount
        figures.peak = max(figures.peak, figures.allocated)
        return block
    }

    /// Takes back a block that was asked for with `byteCount`.
    func free(_ block: UnsafeMutableRawPointer, byteCount: Int) {
        let size = Self.blockSize(for: byteCount)
        figures.allocated -= byteCount
        if size >= Self.smallestKept && keptByteCount + size <= budget {
            kept[size, default: []].append(block)
            keptByteCount += size
        } else {
            ckernels_free(block, size)
            figures.reserved -= size
        }
    }
}

extension MemoryPool {
    private func reused(_ size: Int) -> UnsafeMutableRawPointer? {
        guard let block = kept[size]?.popLast() else { return nil }
        keptByteCount -= size
        return block
    }

    /// Asks the system; if it refuses, once more after giving back what is kept.
    private func fresh(_ size: Int) -> UnsafeMutableRawPointer? {
        var block = ckernels_allocate(size)
        if block == nil && keptByteCount > 0 {
            dropKept()
            block = ckernels_allocate(size)
        }
        if block != nil { figures.reserved += size }
        return block
    }

    /// Gives all kept blocks back to the system.
    func dropKept() {
        for (size, blocks) in kept {
            for block in blocks { ckernels_free(block, size) }
            figures.reserved -= size * blocks.count
        }
        kept = [:]
        keptByteCount = 0
    }

    /// The size of a block for `byteCount` bytes: eight steps for each doubling, so that shapes that differ little share blocks.
    static func blockSize(for byteCount: Int) -> Int {
        guard byteCount > smallestKept else { return (max(byteCount, 1) + 63) / 64 * 64 }
        let step = 1 << (Int.bitWidth - 1 - byteCount.leadingZeroBitCount - 3)
        let (sum, overflow) = byteCount.addingReportingOverflow(step - 1)
        return overflow ? byteCount : sum / step * step
    }
}
