import CUDABackend
import CUDAEmulator
import CUDATestSupport
import Foundation
import Tensors
import TestSupport
import Testing

/// Memory of the card: reuse, figures, the end of it, and copies.
@Suite(.serialized) struct MemoryTests {
    @Test("freed memory is given out again, and figures say what is held")
    func reuse() throws {
        let backend = try CUDABackend(EmulatedCUDA.options())
        let before = backend.memory
        for _ in 0..<50 {
            let small = try Tensor(uninitialized: [1000], .float32, on: backend)
            let large = try Tensor(uninitialized: [3 << 20], .float32, on: backend)
            #expect(backend.memory.allocated == before.allocated + 4096 + (12 << 20))
            #expect(small.count == 1000 && large.count == 3 << 20)
        }
        #expect(backend.memory.allocated == before.allocated)
        #expect(backend.memory.reserved == before.reserved + (2 << 20) + (12 << 20))
        #expect(backend.memory.peak == before.allocated + 4096 + (12 << 20))
    }

    @Test("many sizes in a random order never overlap and all come back")
    func shuffledSizes() throws {
        let backend = try CUDABackend(EmulatedCUDA.options())
        var stream = RandomStream(seed: 5, purpose: "sizes")
        var held: [(tensor: Tensor, value: Float)] = []
        for step in 0..<400 {
            if held.count > 20 || (step % 3 == 0 && !held.isEmpty) {
                let (tensor, value) = held.remove(at: stream.integer(below: held.count))
                #expect(try tensor.floats().allSatisfy { $0 == value })
            }
            let count = (1 << stream.integer(below: 12)) + stream.integer(below: 300)
            held.append((try Tensor.filled(Float(step), shape: [count], .float32, on: backend), Float(step)))
        }
        for (tensor, value) in held { #expect(try tensor.floats().allSatisfy { $0 == value }) }
        held = []
        #expect(backend.memory.allocated == 0)
    }

    @Test("no memory is an error with tensor, size and card; afterwards what was kept is back and work goes on")
    func outOfMemory() throws {
        let backend = try CUDABackend(EmulatedCUDA.options(device: 2))  // 96 MiB
        var kept: Tensor? = try Tensor(uninitialized: [15 << 20], .float32, on: backend)
        #expect(kept != nil)
        kept = nil
        #expect(backend.memory.reserved >= 60 << 20)
        let error = #expect(throws: TensorError.self) {
            _ = try Tensor(uninitialized: [30 << 20], .float32, on: backend, label: "logits")
        }
        #expect(
            error == .outOfMemory(what: "logits", byteCount: 120 << 20, device: "cuda:2"))
        #expect(try #require(error).description.contains("out of memory on cuda:2: logits needs 125829120 bytes"))
        #expect(backend.memory.reserved <= 4 << 20)
        #expect(cudaemulator_allocated_bytes(2) <= 4 << 20)
        // A size that fits only where the kept block was given back first.
        #expect(try Tensor.filled(2, shape: [20 << 20], .float16, on: backend).count == 20 << 20)
    }

    @Test("a budget bounds what is taken")
    func budget() throws {
        var options = EmulatedCUDA.options()
        options.memoryBudget = 8 << 20
        let backend = try CUDABackend(options)
        #expect(throws: TensorError.outOfMemory(what: "tensor", byteCount: 16 << 20, device: "cuda:0")) {
            _ = try Tensor(uninitialized: [4 << 20], .float32, on: backend)
        }
        #expect(try Tensor.filled(1, shape: [8], .float32, on: backend).floats().count == 8)
    }

    @Test("all memory goes back with the backend")
    func release() throws {
        let before = cudaemulator_allocated_bytes(2)
        do {
            let backend = try CUDABackend(EmulatedCUDA.options(device: 2))
            let tensor = try Tensor.filled(3, shape: [300], .float32, on: backend)
            #expect(try tensor.floats()[299] == 3)
        }
        #expect(cudaemulator_allocated_bytes(2) == before)
    }

    @Test("large writes pass through the staging buffers in order and whole", arguments: [1, 300_000, 9_000_001])
    func writes(count: Int) throws {
        let backend = try CUDABackend(EmulatedCUDA.options())
        var values = (0..<count).map { Float($0 % 8191) }
        let tensor = try Tensor(values, shape: [count], on: backend)
        let exact = values
        // The memory that was written from may change once the call has returned.
        for i in values.indices { values[i] = -1 }
        #expect(try tensor.floats() == exact)
        let part = try tensor.part(count / 2..<count).floats()
        #expect(part == Array(exact[(count / 2)...]))
    }

    @Test("many small writes wait for nothing")
    func smallWrites() throws {
        let backend = try CUDABackend(EmulatedCUDA.options())
        try backend.synchronize()
        let before = cudaemulator_wait_count()
        let tensors = try (0..<100).map { try Tensor([Int32($0), 7], shape: [2], on: backend) }
        #expect(cudaemulator_wait_count() == before)
        for (index, tensor) in tensors.enumerated() { #expect(try tensor.read() == [Int32(index), 7]) }
    }

    @Test("adopted bytes are copied, and need their owner no longer")
    func adopt() throws {
        let backend = try CUDABackend(EmulatedCUDA.options())
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        for i in bytes.indices { bytes[i] = UInt8(truncatingIfNeeded: i * 7) }
        let exact = [UInt8](bytes)
        let storage = try backend.adopt(UnsafeRawBufferPointer(bytes), owner: backend)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        bytes.deallocate()
        let tensor = Tensor(storage: storage, shape: [1 << 20], elementType: .uint8, backend: backend)
        #expect(try tensor.readBytes() == exact && !storage.isAdopted)
    }
}
