import CUDABackend
import Console
import Tensors

/// Watches the kernels of a GPU, and tells how long each took.
struct KernelWatch {
    private let gpu: CUDABackend

    /// - Throws: a `Failure` where the backend is no GPU.
    init(_ backend: any Backend) throws {
        guard let gpu = backend as? CUDABackend else {
            throw Failure(
                code: "DeviceError", message: "--profile watches a GPU, and the model is on the processor",
                next: "set --device cuda:0")
        }
        self.gpu = gpu
    }

    func start() { gpu.startProfiling() }

    /// What ran since the start, the longest first.
    func end() throws(TensorError) -> Table {
        let times = try gpu.endProfiling()
        var table = Table("kernel", "launches", "together", "each")
        for time in times { table.add(Self.row(time.name, time.count, time.seconds)) }
        let (count, seconds) = times.reduce((0, 0)) { ($0.0 + $1.count, $0.1 + $1.seconds) }
        table.add(Self.row("all", count, seconds))
        return table
    }

    private static func row(_ name: String, _ count: Int, _ seconds: Double) -> [Text] {
        [Text(name), "\(count)", Text(.duration(seconds)), Text(.duration(seconds / Double(max(count, 1))))]
    }
}
