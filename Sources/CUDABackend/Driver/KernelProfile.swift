import Tensors

/// How long kernels take on the card, by name, while it watches.
final class KernelProfile {
    private struct Launch {
        let name: String
        let start, end: CUDAEvent
    }

    private let context: CUDAContext
    private var launches: [Launch] = []

    init(_ context: CUDAContext) {
        self.context = context
    }

    /// Runs a launch between two marks in the stream.
    func measure(_ name: String, _ launch: () throws(TensorError) -> Void) throws(TensorError) {
        let (start, end) = (try CUDAEvent(context, isTimed: true), try CUDAEvent(context, isTimed: true))
        try start.record()
        try launch()
        try end.record()
        launches.append(Launch(name: name, start: start, end: end))
    }

    /// The sums, longest first.
    func summary() throws(TensorError) -> [CUDABackend.KernelTime] {
        try context.synchronize()
        var times: [String: CUDABackend.KernelTime] = [:]
        for launch in launches {
            let seconds = try launch.start.milliseconds(until: launch.end) / 1000
            times[launch.name, default: .init(name: launch.name, count: 0, seconds: 0)].count += 1
            times[launch.name]?.seconds += seconds
        }
        return times.values.sorted { ($0.seconds, $1.name) > ($1.seconds, $0.name) }
    }
}

extension CUDABackend {
    /// What the launches of one kernel took together.
    package struct KernelTime: Sendable, Equatable {
        /// The kernel, or the product by its sizes.
        package var name: String
        package var count: Int
        /// On the card, from one mark in the stream to the next: a few microseconds a launch belong to the marks.
        package var seconds: Double
    }

    /// Measures every kernel from here on. Nothing is recorded as a graph meanwhile.
    package func startProfiling() { context.profile = KernelProfile(context) }

    /// Ends what `startProfiling` began, and tells how long each kernel took on the card, longest first.
    package func endProfiling() throws(TensorError) -> [KernelTime] {
        defer { context.profile = nil }
        return try context.profile?.summary() ?? []
    }
}
