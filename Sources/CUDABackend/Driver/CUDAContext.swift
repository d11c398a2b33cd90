import Tensors

/// The context of one card with the stream that all work runs on, in order.
final class CUDAContext {
    let driver: CUDADriver
    let device: DeviceDescription
    /// Whether the last work on the stream is a kernel that lets the next one start early.
    private(set) var nextMayStart = false
    private let onlyStream: OpaquePointer?
    private let context: OpaquePointer?
    /// What watches launches, while somebody asked for it.
    var profile: KernelProfile?
    /// How many recordings of calls failed.
    var refusedRecordingCount = 0

    /// Takes the card's primary context, which libraries share.
    init(_ driver: CUDADriver, _ device: DeviceDescription) throws(TensorError) {
        var (context, stream): (OpaquePointer?, OpaquePointer?)
        try driver.check(driver.functions.retainContext(&context, device.handle), "cuDevicePrimaryCtxRetain")
        _ = driver.functions.setContext(context)
        let status = driver.functions.makeStream(&stream, 1)  // CU_STREAM_NON_BLOCKING
        if status != 0 { _ = driver.functions.releaseContext(device.handle) }
        try driver.check(status, "cuStreamCreate")
        (self.driver, self.device, self.context, onlyStream) = (driver, device, context, stream)
    }

    deinit {
        _ = driver.functions.setContext(context)
        _ = driver.functions.synchronizeStream(onlyStream)
        _ = driver.functions.destroyStream(onlyStream)
        _ = driver.functions.releaseContext(device.handle)
    }

    /// The stream, for somebody who may put work on it: what comes next starts after that.
    var stream: OpaquePointer? {
        nextMayStart = false
        return onlyStream
    }

    /// Says that a kernel which lets the next one start early was put on the stream.
    func noteEarlyStart() { nextMayStart = true }

    /// The driver's functions, with this context made that of the calling thread.
    var functions: DriverFunctions {
        _read {
            _ = driver.functions.setContext(context)
            yield driver.functions
        }
    }

    /// Waits until everything has been done.
    func synchronize() throws(TensorError) {
        try driver.check(functions.synchronizeStream(stream), "cuStreamSynchronize")
    }

    /// Free and total bytes of the card.
    func memoryInformation() -> (free: Int, total: Int) {
        var (free, total) = (0, 0)
        _ = functions.memoryInformation(&free, &total)
        return (free, total)
    }
}

/// A point in the stream that can be waited for.
final class CUDAEvent {
    private let context: CUDAContext
    private var event: OpaquePointer?
    private var isRecorded = false

    /// An event; one for timing costs a little more.
    init(_ context: CUDAContext, isTimed: Bool = false) throws(TensorError) {
        self.context = context
        // CU_EVENT_BLOCKING_SYNC is left out: waits are short, and spinning returns sooner.
        try context.driver.check(context.functions.makeEvent(&event, isTimed ? 0 : 2), "cuEventCreate")
    }

    deinit {
        _ = context.functions.destroyEvent(event)
    }

    /// Marks the point that the stream has been given so far.
    func record() throws(TensorError) {
        try context.driver.check(context.functions.recordEvent(event, context.stream), "cuEventRecord")
        isRecorded = true
    }

    /// Waits until the stream has passed the point.
    func wait() throws(TensorError) {
        guard isRecorded else { return }
        try context.driver.check(context.functions.synchronizeEvent(event), "cuEventSynchronize")
        isRecorded = false
    }

    /// Milliseconds from this point to a later one; both have been passed.
    func milliseconds(until end: CUDAEvent) throws(TensorError) -> Double {
        var result: Float = 0
        try context.driver.check(context.functions.elapsedTime(&result, event, end.event), "cuEventElapsedTime")
        return Double(result)
    }
}
