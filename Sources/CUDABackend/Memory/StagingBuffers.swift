import Dispatch
import Tensors

/// Page-locked memory that copies to the device go through: a few buffers in turn, each free again once its copy is done.
///
/// The caller's memory is read before `copy` returns, and while one buffer is on its way the next is filled.
final class StagingBuffers {
    private let context: CUDAContext
    private let byteCount: Int
    private let start: UnsafeMutableRawPointer
    private let events: [CUDAEvent]
    private var current = 0
    private var used = 0

    /// Locks `count` buffers of `byteCount` bytes.
    init(_ context: CUDAContext, count: Int, byteCount: Int) throws(TensorError) {
        var memory: UnsafeMutableRawPointer?
        try context.driver.check(context.functions.allocatePinned(&memory, count * byteCount, 0), "cuMemHostAlloc")
        guard let memory else { throw .unavailable(device: "cuda", reason: "no page-locked memory") }
        var events: [CUDAEvent] = []
        for _ in 0..<count { events.append(try CUDAEvent(context)) }
        (self.context, self.byteCount, self.start, self.events) = (context, byteCount, memory, events)
    }

    deinit {
        _ = context.functions.freePinned(start)
    }

    /// Copies bytes to the device, in order with all other work.
    func copy(_ bytes: UnsafeRawBufferPointer, to address: DeviceAddress) throws(TensorError) {
        var done = 0
        while done < bytes.count {
            if used == byteCount || (used > 0 && byteCount - used < min(bytes.count - done, byteCount)) {
                try advance()
            }
            let part = min(bytes.count - done, byteCount - used)
            let place = start + current * byteCount + used
            Self.fill(place, from: UnsafeRawBufferPointer(rebasing: bytes[done..<done + part]))
            try context.driver.check(
                context.functions.copyToDevice(address + DeviceAddress(done), place, part, context.stream),
                "cuMemcpyHtoDAsync")
            done += part
            used += (part + 63) / 64 * 64
            used = min(used, byteCount)
        }
    }

    /// Leaves the current buffer to its copies and waits for those of the next.
    private func advance() throws(TensorError) {
        try events[current].record()
        current = (current + 1) % events.count
        used = 0
        try events[current].wait()
    }

    /// Copies within the host; large parts by several threads, since one reads a mapped file slower than the bus takes it.
    private static func fill(_ target: UnsafeMutableRawPointer, from bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        let part = 1 << 20
        guard bytes.count > 2 * part else {
            target.copyMemory(from: source, byteCount: bytes.count)
            return
        }
        // Each thread writes a part of its own; the pointers outlive the loop, which waits for all.
        nonisolated(unsafe) let (from, to) = (source, target)
        let count = bytes.count
        DispatchQueue.concurrentPerform(iterations: (count + part - 1) / part) { index in
            let begin = index * part
            (to + begin).copyMemory(from: from + begin, byteCount: min(part, count - begin))
        }
    }
}
