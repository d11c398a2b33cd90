import CPUBackend
import CUDABackend
import CUDATestSupport
import Tensors
import Testing

/// A backend under test. The suites of this folder run on each; a new kind of device joins by a line in `all`.
struct Subject: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Products of at most so many rows may round otherwise than products of more; within either kind rows are alike.
    var fewRows = 0
    let make: @Sendable () throws -> any Backend

    /// The processor, a GPU without a card, and the card where there is one.
    static let all: [Subject] = processors + [emulatedGPU] + gpus

    /// The kernels of a GPU, run by the processor. Each tensor has memory of its own with a guard around it.
    static let emulatedGPU = Subject(testDescription: "cuda emulated", fewRows: 16) {
        var options = EmulatedCUDA.options()
        options.keepsFreedMemory = false
        options.usesWarpgroups = false
        return try CUDABackend(options)
    }

    /// The same where attention goes to kernels for warpgroups.
    static let emulatedWarpgroups = Subject(testDescription: "cuda emulated, warpgroups", fewRows: 16) {
        var options = EmulatedCUDA.options()
        options.keepsFreedMemory = false
        return try CUDABackend(options)
    }

    /// The first card, if there is one.
    static let gpus: [Subject] =
        RealCUDA.backend() == nil
        ? [] : [Subject(testDescription: "cuda:0", fewRows: 16) { try CUDABackend(RealCUDA.options) }]

    /// Every instruction set that this machine has, with threads that divide no shape of the tests.
    static let processors: [Subject] = InstructionSet.allCases.filter { $0 != .auto }.compactMap { instructions in
        subject("cpu \(instructions.rawValue)") { $0.instructionSet = instructions }
    }

    /// Whether this machine has AVX-512.
    static let hasAVX512 = all.contains { $0.testDescription == "cpu avx512" }

    /// The foreign libraries that are installed, for what they do: products.
    static let libraries: [Subject] = MatmulLibrary.allCases.filter { $0 != .auto }.compactMap { library in
        subject("cpu with \(library.rawValue)") { $0.matmulLibrary = library }
    }

    private static func subject(_ name: String, _ choose: (inout CPUOptions) -> Void) -> Subject? {
        var options = CPUOptions()
        options.threads = 3
        choose(&options)
        let fixed = options
        guard (try? CPUBackend(fixed)) != nil else { return nil }
        return Subject(testDescription: name) { try CPUBackend(fixed) }
    }
}

/// The types that layers compute with, and how far a result may be from the exact one for its rounding.
enum RealType: String, Sendable, CaseIterable {
    case float32, bfloat16

    var elementType: ElementType { self == .float32 ? .float32 : .bfloat16 }

    /// The relative error of rounding once, with room for sums in float32.
    var tolerance: Double { self == .float32 ? 2e-5 : 5e-3 }
}

/// Values on a device and, exactly, on the host.
struct Sample {
    let tensor: Tensor
    /// The values after rounding to the tensor's type.
    let values: [Double]
    let shape: [Int]

    /// Normal numbers of the given deviation, from a stream named after `name`.
    init(
        _ name: String, _ shape: [Int], _ type: RealType = .float32, deviation: Double = 1, on backend: any Backend
    ) throws {
        var stream = RandomStream(seed: 7, purpose: name)
        let count = shape.reduce(1, *)
        try self.init((0..<count).map { _ in Float(deviation * stream.normal()) }, shape, type, on: backend)
    }

    /// The given values.
    init(_ values: [Float], _ shape: [Int], _ type: RealType = .float32, on backend: any Backend) throws {
        tensor = try Tensor(values, shape: shape, on: backend).converted(to: type.elementType)
        self.values = try tensor.floats().map(Double.init)
        self.shape = shape
    }
}

/// Room for a result, filled with what no kernel would leave there.
func room(_ shape: [Int], _ type: ElementType = .float32, on backend: any Backend) throws -> Tensor {
    let tensor = try Tensor(uninitialized: shape, type, on: backend)
    try backend.fill(FillCall(output: tensor, value: .nan))
    return tensor
}

/// Expects `found` to be within `tolerance` of `expected`, relative to the larger of its size and `scale`; names the worst.
func expectNear(
    _ found: [Float], _ expected: [Double], tolerance: Double, scale: Double = 1,
    _ what: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
    guard found.count == expected.count else {
        Issue.record("\(what()): \(found.count) elements, expected \(expected.count)", sourceLocation: sourceLocation)
        return
    }
    var worst = (error: 0.0, index: -1)
    for (index, (value, exact)) in zip(found, expected).enumerated() {
        if value.isNaN && exact.isNaN || Double(value) == exact { continue }
        let error = abs(Double(value) - exact) / max(abs(exact), scale)
        if !(error <= worst.error) { worst = (error.isNaN ? .infinity : error, index) }
    }
    guard worst.error > tolerance else { return }
    Issue.record(
        """
        \(what()): element \(worst.index) is \(found[worst.index]), expected \(expected[worst.index]) \
        (error \(worst.error), allowed \(tolerance))
        """, sourceLocation: sourceLocation)
}
