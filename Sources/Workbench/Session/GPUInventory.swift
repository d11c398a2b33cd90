import CUDABackend
import Console

/// The GPUs of the machine, looked for when somebody first asks.
package final class GPUInventory {
    /// Where CUDA's libraries are; nil where there are to be no GPUs.
    package let libraries: CUDALibraries?
    private var known: [GPUReading]?

    /// Looks for GPUs with libraries from these places; nil finds none.
    package init(_ libraries: CUDALibraries?) {
        self.libraries = libraries
    }

    /// GPUs found by the environment of the process.
    package convenience init(environment: [String: String]) {
        let folders =
            ["VIRTUAL_ENV", "CONDA_PREFIX"].compactMap { environment[$0] }
            + (environment["HOME"].map { ["\($0)/.local"] } ?? []) + ["/usr/local", "/usr"]
        self.init(.customary(cudaHome: environment["CUDA_HOME"], pythonFolders: folders))
    }

    /// What each card says of itself now.
    ///
    /// - Throws: `GPUUnavailable` with the reason why there is none.
    package func read() throws(GPUUnavailable) -> [GPUReading] {
        guard let libraries else { throw .noDevice }
        let readings = try GPUDevice.list(libraries)
        known = readings
        return readings
    }

    /// The cards as they were when first asked for; none where there is a reason against it.
    package var cards: [GPUReading] {
        if let known { return known }
        let found = (try? read()) ?? []
        known = found
        return found
    }

    /// The first card that can compute.
    package var usable: GPUReading? { cards.first { $0.obstacle == nil } }
}

extension SessionSettings {
    /// The device that is meant: `auto` is the first GPU that can compute, or the processor.
    package func resolvedDevice(_ gpus: GPUInventory) -> DeviceChoice {
        guard device == .auto else { return device }
        return gpus.usable.map { .cuda($0.index) } ?? .cpu
    }

    /// What decides the bits of results: the processor's instruction set, or the model of the GPU.
    package func deviceSignature(_ gpus: GPUInventory) -> String {
        if case .cuda(let index) = resolvedDevice(gpus) {
            return "cuda \(gpus.cards.first { $0.index == index }?.name ?? "of number \(index), which is not there")"
        }
        let isa = isa == .auto ? MachineDescription.read().instructionSets.last ?? "portable" : isa.rawValue
        return "cpu \(isa)" + (gemm == .auto ? "" : " \(gemm.rawValue)")
    }
}

extension Session {
    /// What decides the bits of results here.
    package var deviceSignature: String { settings.deviceSignature(surroundings.gpus) }
}
