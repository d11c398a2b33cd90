import Tensors

/// Memory of a `CUDABackend`.
final class CUDAStorage: Storage {
    let byteCount: Int
    /// The first byte, on the device.
    var address: DeviceAddress { block.address }
    /// What the host knows of the integers that lie here, so that checking them needs no wait; nil once a kernel wrote.
    var indices: KnownIndices?
    private let block: CachingAllocator.Block
    private let allocator: CachingAllocator

    /// Takes over a block of `allocator`.
    init(_ block: CachingAllocator.Block, byteCount: Int, of allocator: CachingAllocator) {
        (self.block, self.byteCount, self.allocator) = (block, byteCount, allocator)
    }

    deinit {
        allocator.free(block)
    }
}

/// What is known on the host of int32 numbers on the device.
enum KnownIndices {
    /// All of them, as bytes: they were copied from there.
    case copied([UInt8])
    /// They are at least 0 and below this: a kernel chose them among so many.
    case below(Int)
}
