import CCUDAKernels
import CUDABackend
import CUDAEmulator
import CUDATestSupport
import Foundation
import Tensors
import TestSupport
import Testing

/// Compiled kernels on disk.
@Suite(.serialized) struct KernelCacheTests {
    @Test("a second start compiles nothing; a damaged file is made again")
    func reuse() throws {
        let scratch = try ScratchFolder()
        let folder = "\(scratch.path)/kernels"
        #expect(try run(folder) == 1)
        #expect(try run(folder) == 0)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        let file = try #require(files.first)
        #expect(files.count == 1 && file.hasPrefix("elements-") && file.hasSuffix(".cubin"))
        let path = "\(folder)/\(file)"
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for damaged in [Data(), whole.dropLast(), whole + [0], Data(whole.reversed())] {
            try damaged.write(to: URL(fileURLWithPath: path))
            #expect(try run(folder) == 1)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
        }
    }

    @Test("another architecture has files of its own")
    func architectures() throws {
        let scratch = try ScratchFolder()
        #expect(try run(scratch.path, device: 0) == 1)
        #expect(try run(scratch.path, device: 1) == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).count == 2)
    }

    @Test("compiling ahead makes all programs at the first need, each once")
    func ahead() throws {
        let scratch = try ScratchFolder()
        let count = Int(ccudakernels_program_count())
        #expect(try run(scratch.path, compilesAhead: true) == count)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).count == count)
        #expect(try run(scratch.path, compilesAhead: true) == 0)
    }

    @Test("a folder that cannot be written to costs nothing but time")
    func unwritable() throws {
        #expect(try run("/proc/nowhere") == 1)
    }

    /// How many programs a backend compiled to fill a tensor.
    private func run(_ folder: String, device: Int = 0, compilesAhead: Bool = false) throws -> Int {
        var options = EmulatedCUDA.options(device: device)
        options.compilesAhead = compilesAhead
        options.kernelCacheFolder = folder
        let backend = try CUDABackend(options)
        #expect(try Tensor.filled(3, shape: [5], .float32, on: backend).floats() == [3, 3, 3, 3, 3])
        return backend.compiledProgramCount
    }
}
