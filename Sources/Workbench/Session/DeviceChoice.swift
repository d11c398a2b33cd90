import Console
import Tensors

/// The device to compute on, as users name it: `auto`, `cpu`, `cuda:0`.
package enum DeviceChoice: Sendable, Equatable {
    /// The first GPU, or the processor where there is none.
    case auto
    /// The processor.
    case cpu
    /// A GPU by its number.
    case cuda(Int)

    /// The word for the device: `cuda:0`.
    package var name: String {
        switch self {
        case .auto: "auto"
        case .cpu: "cpu"
        case .cuda(let index): "cuda:\(index)"
        }
    }

    /// Reads a name; `cuda` means the first GPU.
    package init?(name: String) {
        switch name {
        case "auto": self = .auto
        case "cpu": self = .cpu
        case "cuda": self = .cuda(0)
        default:
            guard name.hasPrefix("cuda:"), let index = Int(name.dropFirst(5)), (0..<64).contains(index) else {
                return nil
            }
            self = .cuda(index)
        }
    }

    /// The kind of device that a recording's signature names, such as `cpu avx2` or `cuda NVIDIA H100 80GB HBM3`.
    package init?(signature: String) {
        switch signature.split(separator: " ").first {
        case "cpu": self = .cpu
        case "cuda": self = .cuda(0)
        default: return nil
        }
    }
}

extension DeviceChoice: ArgumentValue {
    package init(argument word: String) throws(ValueProblem) {
        guard let choice = DeviceChoice(name: word) else {
            let words = ["auto", "cpu", "cuda:0"]
            throw ValueProblem(
                expected: "auto, cpu, or a GPU such as cuda:0",
                suggestions: Suggestions.nearest(to: word, among: words))
        }
        self = choice
    }

    package static var valueName: String { "auto|cpu|cuda:N" }
    package static var completion: CompletionKind { .values(["auto", "cpu", "cuda:0"]) }
    package var argumentText: String? { name }
}
