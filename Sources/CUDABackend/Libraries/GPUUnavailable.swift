import Tensors

/// Why a GPU, or all of them, cannot be used.
package enum GPUUnavailable: Error, Equatable, CustomStringConvertible {
    /// The driver's library cannot be opened.
    case noDriver(library: String)
    /// The driver speaks an older CUDA than this program needs; versions as the driver counts, `12040` for 12.4.
    case driverTooOld(found: Int, needed: Int)
    /// The driver is there and knows no card.
    case noDevice
    /// There is no card of this number.
    case noSuchDevice(index: Int, count: Int)
    /// A card that lacks what the kernels need.
    case deviceTooOld(name: String, capability: String)
    /// A library of CUDA was not found under any of `names`, in any of `folders` and by the loader.
    case missingLibrary(names: [String], folders: [String])
    /// A library lacks a function.
    case missingFunction(library: String, name: String)
    /// A library refused a call.
    case refused(library: String, call: String, status: Int)

    package var description: String {
        switch self {
        case .noDriver(let library):
            "no NVIDIA driver: \(library) was not found by the loader; install the driver of the card"
        case .driverTooOld(let found, let needed):
            "the NVIDIA driver is for CUDA \(Self.version(found)), and \(Self.version(needed)) is needed; update the driver"
        case .noDevice:
            "the NVIDIA driver finds no GPU; see what `nvidia-smi` says, and whether CUDA_VISIBLE_DEVICES hides it"
        case .noSuchDevice(let index, let count):
            "there is no GPU \(index); there are \(count), counted from 0"
        case .deviceTooOld(let name, let capability):
            "\(name) has compute capability \(capability), and 7.5 or newer is needed"
        case .missingLibrary(let names, let folders):
            "\(names.joined(separator: " or ")) was not found by the loader"
                + (folders.isEmpty ? "" : ", nor in \(folders.joined(separator: ", "))")
                + "; install CUDA's libraries (docs/gpu.md) or set CUDA_HOME"
        case .missingFunction(let library, let name):
            "\(library) has no function \(name); install the library of CUDA 12 or 13"
        case .refused(let library, let call, let status):
            "\(library): \(call) failed with status \(status)"
        }
    }

    /// The error that operations throw.
    func tensorError(device: Int) -> TensorError { .unavailable(device: "cuda:\(device)", reason: description) }

    private static func version(_ number: Int) -> String { "\(number / 1000).\(number % 1000 / 10)" }
}
