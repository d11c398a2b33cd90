import CPUBackend
import Foundation
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

/// Weights that are mapped from a file, and their packed copies.
@Suite struct PackedWeightTests {
    /// Holds bytes as a mapped file would.
    private final class Mapping {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 96 * 128 * 4, alignment: 4096)
        deinit { bytes.deallocate() }
    }

    private func product(of weight: Tensor, on backend: CPUBackend) throws -> Tensor {
        let x = try Tensor([Float](repeating: 1, count: 128), shape: [1, 128], on: backend)
        let output = try Tensor(uninitialized: [1, 96], .float32, on: backend)
        var call = MatmulCall(a: x, b: weight, output: output)
        (call.transposeB, call.reusesB) = (true, true)
        try backend.matmul(call)
        return output
    }

    @Test("packed bytes are counted, kept within the budget, and go with the weight", arguments: [0, 1 << 20])
    func counted(budget: Int) throws {
        var options = CPUOptions()
        options.packingBudget = budget
        let backend = try CPUBackend(options)
        var weight: Tensor? = try Tensor([Float](repeating: 2, count: 96 * 128), shape: [96, 128], on: backend)
        let before = backend.memory.allocated
        if let weight { #expect(try product(of: weight, on: backend).floats() == Array(repeating: 256, count: 96)) }
        #expect((backend.memory.allocated > before) == (budget > 0))
        weight = nil
        #expect(backend.memory.allocated == 0)
    }

    @Test("an adopted weight is read where it lies, and its owner lives as long as it")
    func adopted() throws {
        let backend = try CPUBackend()
        weak var owner: Mapping?
        do {
            let mapping = Mapping()
            owner = mapping
            mapping.bytes.bindMemory(to: Float.self).update(repeating: 3)
            let storage = try backend.adopt(UnsafeRawBufferPointer(mapping.bytes), owner: mapping)
            let weight = Tensor(storage: storage, shape: [96, 128], elementType: .float32, backend: backend)
            #expect(backend.memory.allocated == 0)
            #expect(try product(of: weight, on: backend).floats() == Array(repeating: 384, count: 96))
            #expect(owner != nil)
        }
        #expect(owner == nil)
    }

    /// A file mapped for reading, as checkpoints are.
    private final class MappedFile {
        let bytes: UnsafeRawBufferPointer

        init?(_ values: [Float], at path: String) {
            let data = values.withUnsafeBytes { Data($0) }
            let descriptor = FileManager.default.createFile(atPath: path, contents: data) ? open(path, O_RDONLY) : -1
            defer { close(descriptor) }
            guard let start = mmap(nil, data.count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
                return nil
            }
            bytes = UnsafeRawBufferPointer(start: start, count: data.count)
        }

        deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }
    }

    @Test("a mapped weight whose pages were given back is read again from its file")
    func droppedPages() throws {
        var options = CPUOptions()
        options.dropsMappedPages = true
        let backend = try CPUBackend(options)
        let values = (0..<96 * 128).map { Float($0 % 7) }
        let path = NSTemporaryDirectory() + "palinote-weight-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try #require(MappedFile(values, at: path))
        let storage = try backend.adopt(file.bytes, owner: file)
        let weight = Tensor(storage: storage, shape: [96, 128], elementType: .float32, backend: backend)
        let sums = stride(from: 0, to: values.count, by: 128).map { values[$0..<$0 + 128].reduce(0, +) }
        #expect(try product(of: weight, on: backend).floats() == sums)
        #expect(try weight.floats() == values)
    }

    @Test("a library that is asked for with an instruction set is refused with the reason")
    func libraryWithInstructions() {
        var options = CPUOptions()
        (options.instructionSet, options.matmulLibrary) = (.portable, .onednn)
        #expect(throws: TensorError.self) { try CPUBackend(options) }
    }
}
