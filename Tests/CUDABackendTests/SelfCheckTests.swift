import CPUBackend
import CUDABackend
import CUDAEmulator
import CUDATestSupport
import Tensors
import Testing

/// The check that runs on machines with a card and without a compiler; here it checks the emulated card.
@Suite struct SelfCheckTests {
    @Test("every kernel is right in every type, and every type has its rows")
    func rightness() throws {
        let backend = try CUDABackend(EmulatedCUDA.options())
        var findings: [CUDASelfCheck.Finding] = []
        #expect(try CUDASelfCheck.run(backend, against: CPUBackend()) { findings.append($0) })
        for finding in findings { #expect(finding.isRight, "\(finding)") }
        for type in [ElementType.float32, .bfloat16, .float16] {
            #expect(findings.filter { $0.elementType == type }.count >= 25)
        }
        #expect(cudaemulator_fault_count() == 0)
    }

    @Test("a card that computes wrongly is found out")
    func wrongness() throws {
        // Its products are those of a library that adds nothing up.
        let backend = try CUDABackend(EmulatedCUDA.options(replaced: ["cublasLtMatmul": "brokenProduct"]))
        var wrong: Set<String> = []
        let isRight = try CUDASelfCheck.run(
            backend, against: CPUBackend(), where: { $0.hasPrefix("product") || $0 == "GELU" },
            report: { if !$0.isRight { wrong.insert($0.kernel) } })
        #expect(!isRight && wrong.contains("product") && wrong.contains("product, b transposed"))
        #expect(!wrong.contains("GELU"))
    }

    @Test("times are given for products, attention and memory")
    func timing() throws {
        let backend = try CUDABackend(EmulatedCUDA.options())
        var timings: [CUDASelfCheck.Timing] = []
        try CUDASelfCheck.time(backend, scale: 64) { timings.append($0) }
        #expect(timings.count > 30 && timings.allSatisfy { $0.seconds > 0 && $0.bytesPerSecond > 0 })
        #expect(timings.contains { $0.kernel.hasPrefix("weight gradient") && $0.operationsPerSecond > 0 })
    }
}

/// The first card of this machine: skipped where there is none.
@Suite(.enabled(if: RealCUDA.backend() != nil, "this machine has no GPU that can be used")) struct CardTests {
    @Test("every kernel is right in every type")
    func rightness() throws {
        let backend = try CUDABackend(RealCUDA.options)
        try CUDASelfCheck.run(backend, against: CPUBackend()) { finding in #expect(finding.isRight, "\(finding)") }
    }

    @Test("no memory is an error, and work goes on")
    func outOfMemory() throws {
        let backend = try CUDABackend(RealCUDA.options)
        #expect(throws: TensorError.self) { _ = try backend.allocate(byteCount: 1 << 42, label: "logits") }
        #expect(try Tensor.filled(2, shape: [3], .float32, on: backend).floats() == [2, 2, 2])
    }
}
