import CUDABackend
import CUDAEmulator

/// CUDA's libraries without a card: the functions of `Tests/CUDAEmulator`, which run the real kernels on this processor.
package struct EmulatedCUDA: SymbolSource {
    /// Functions that another one stands in for, by name; an empty name takes the function away.
    package var replaced: [String: String]

    /// The emulator, with some functions replaced.
    package init(replaced: [String: String] = [:]) {
        self.replaced = replaced
    }

    package func symbol(_ name: String) -> UnsafeMutableRawPointer? {
        let name = replaced[name] ?? name
        return name.isEmpty ? nil : cudaemulator_symbol(name)
    }

    /// Options for a backend on an emulated card.
    package static func options(device: Int = 0, replaced: [String: String] = [:]) -> CUDAOptions {
        var options = CUDAOptions()
        options.deviceIndex = device
        options.compilesAhead = false
        options.libraries = CUDALibraries(substitute: EmulatedCUDA(replaced: replaced))
        return options
    }
}

/// Whether this machine has a card, and why not; tests that need one are skipped without.
package enum RealCUDA {
    /// A backend on the first card, or nil.
    package static func backend() -> CUDABackend? { try? CUDABackend(options) }

    /// Options for the first card.
    package static var options: CUDAOptions {
        var options = CUDAOptions()
        options.libraries = .customary(cudaHome: nil, pythonFolders: ["/usr/local", "/usr"])
        return options
    }
}
