import CPUBackend
import Tensors
import Testing

/// What a CPU backend says of itself, and how it fails.
@Suite struct CPUBackendTests {
    @Test("the portable instruction set is always there, and names the device's variant")
    func portable() throws {
        var options = CPUOptions()
        options.instructionSet = .portable
        options.threads = 2
        let backend = try CPUBackend(options)
        #expect(backend.device.signature == "cpu portable")
        #expect(!backend.device.name.isEmpty)
        #expect(backend.threads == 2)
    }

    @Test("memory that cannot be had is an error that names the tensor", arguments: [1 << 46, Int.max - 100])
    func outOfMemory(byteCount: Int) throws {
        let backend = try CPUBackend()
        #expect(throws: TensorError.outOfMemory(what: "logits", byteCount: byteCount, device: "cpu")) {
            try backend.allocate(byteCount: byteCount, label: "logits")
        }
    }

    @Test("freed memory is counted down, kept within the budget, and reused")
    func reuse() throws {
        var options = CPUOptions()
        options.reuseBudget = 4 << 20
        let backend = try CPUBackend(options)
        for _ in 0..<3 { _ = try backend.allocate(byteCount: 3 << 20, label: "activation") }
        #expect(backend.memory.allocated == 0)
        #expect(backend.memory.peak == 3 << 20)
        #expect(backend.memory.reserved == 3 << 20)
        _ = try backend.allocate(byteCount: 5 << 20, label: "activation")
        #expect(backend.memory.reserved == 3 << 20)
    }
}
