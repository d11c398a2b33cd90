import CKernels
import Tensors

/// Memory of a `CPUBackend`: its own block, or bytes that somebody else holds.
final class CPUStorage: Storage {
    let byteCount: Int
    /// The first byte.
    let start: UnsafeMutableRawPointer
    /// Packed forms of weights that lie here; gone when the memory is written to or freed.
    var packedWeights: [PackedWeight.Key: PackedWeight] = [:]
    private let origin: Origin

    private enum Origin {
        case block(MemoryPool)
        case adopted(owner: AnyObject)
    }

    /// Takes over a block of `pool`.
    init(block: UnsafeMutableRawPointer, byteCount: Int, pool: MemoryPool) {
        start = block
        self.byteCount = byteCount
        origin = .block(pool)
    }

    /// Names bytes that stay valid as long as `owner` lives, and that are only read.
    init(adopting bytes: UnsafeRawBufferPointer, owner: AnyObject) {
        // A place that is never read stands for no bytes at all.
        start = UnsafeMutableRawPointer(
            mutating: bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 64).unsafelyUnwrapped)
        byteCount = bytes.count
        origin = .adopted(owner: owner)
    }

    package var isAdopted: Bool {
        if case .adopted = origin { true } else { false }
    }

    deinit {
        if case .block(let pool) = origin { pool.free(start, byteCount: byteCount) }
    }
}

/// A weight rearranged for products, kept with the storage that it was made from.
final class PackedWeight {
    /// Which part of a storage was packed, and how.
    struct Key: Hashable {
        let byteOffset: Int
        let shape: [Int]
        let elementType: ElementType
        let transposed: Bool
    }

    /// The packed bytes.
    let start: UnsafeMutableRawPointer
    private let byteCount: Int
    private let pool: MemoryPool

    /// Allocates room for a packed weight, or nothing if there is none.
    init?(byteCount: Int, pool: MemoryPool) {
        guard let start = pool.allocate(byteCount: byteCount) else { return nil }
        pool.packedByteCount += byteCount
        self.start = start
        self.byteCount = byteCount
        self.pool = pool
    }

    deinit {
        pool.packedByteCount -= byteCount
        pool.free(start, byteCount: byteCount)
    }
}
