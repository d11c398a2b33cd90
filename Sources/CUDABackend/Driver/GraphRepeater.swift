import Tensors

/// Records the second run of some calls as a graph of the driver, and replays that from the third run on.
///
/// The first run goes as always, and prepares what calls need: kernels, plans of products, memory. The memory that the
/// recorded calls use stays theirs as long as this lives.
final class GraphRepeater: Repeater {
    private let context: CUDAContext
    private let allocator: CachingAllocator
    private var runs = 0
    private var instance: OpaquePointer?
    private var output: Tensor?
    private var blocks: [CachingAllocator.Block] = []

    init(_ context: CUDAContext, _ allocator: CachingAllocator) {
        (self.context, self.allocator) = (context, allocator)
    }

    deinit {
        if instance != nil { _ = context.functions.destroyGraphInstance(instance) }
        for block in blocks { allocator.free(block) }
    }

    func run(_ body: () throws(TensorError) -> Tensor) throws(TensorError) -> Tensor {
        runs += 1
        if runs == 2 { try record(body) }
        guard let output, instance != nil else { return try body() }
        try context.driver.check(context.functions.launchGraph(instance, context.stream), "cuGraphLaunch")
        return output
    }

    /// Records `body`; where it does not lend itself to that, it is run as always from then on.
    private func record(_ body: () throws(TensorError) -> Tensor) throws(TensorError) {
        let relaxed: Int32 = 2  // CU_STREAM_CAPTURE_MODE_RELAXED: memory may be asked for meanwhile
        try context.driver.check(context.functions.beginCapture(context.stream, relaxed), "cuStreamBeginCapture")
        allocator.beginHolding()
        var recorded: Tensor?
        var failure: TensorError?
        do throws(TensorError) { recorded = try body() } catch { failure = error }
        blocks = allocator.endHolding()
        var graph: OpaquePointer?
        let status = context.functions.endCapture(context.stream, &graph)
        defer { if graph != nil { _ = context.functions.destroyGraph(graph) } }
        if case .outOfMemory? = failure, let failure { throw failure }
        guard let recorded, status == 0, graph != nil,
            context.functions.instantiateGraph(&instance, graph, 0) == 0
        else {
            instance = nil
            for block in blocks { allocator.free(block) }
            blocks = []
            context.refusedRecordingCount += 1
            return
        }
        output = recorded
    }
}

extension CUDABackend {
    /// How many repeaters run their calls one by one, because these could not be recorded.
    package var refusedRecordingCount: Int { context.refusedRecordingCount }

    package func makeRepeater() -> any Repeater {
        context.profile == nil ? GraphRepeater(context, allocator) : PlainRepeater()
    }
}
