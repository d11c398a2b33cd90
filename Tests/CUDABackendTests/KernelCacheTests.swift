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
        #expect(files.count == 1 && file.hasPrefix("elements_float32-") && file.hasSuffix(".cubin"))
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

    @Test("compiling ahead makes the programs of a type at the first need, each once")
    func ahead() throws {
        let scratch = try ScratchFolder()
        let names = try programs.filter { $0.is_usual != 0 }.map { try #require($0.name.map { String(cString: $0) }) }
        let common = names.filter { !$0.hasSuffix("float16") }
        func made() throws -> Set<String> {
            Set(
                try FileManager.default.contentsOfDirectory(atPath: scratch.path).map { $0.split(separator: "-")[0] }
                    .map(String.init))
        }
        let first = common + names.filter { $0.hasSuffix("_bfloat16") }
        #expect(try run(scratch.path, compilesAhead: true) == first.count)
        #expect(try made() == Set(first))
        #expect(try run(scratch.path, compilesAhead: true) == 0)
        // Another type has its own, and what few runs need is made alone.
        let float16 = names.filter { $0.hasSuffix("_float16") }
        #expect(try run(scratch.path, compilesAhead: true, .float16) == float16.count)
        #expect(try made() == Set(first + float16))
        #expect(float16.count < names.count && names.count < programs.count)
    }

    @Test("a program has the kernels of its type and its head size")
    func programOfKernel() throws {
        for (kernel, expected) in [
            ("fill_float32", "elements_float32"), ("convert_float32_bfloat16", "elements_bfloat16"),
            ("convert_bfloat16_float16", "elements_float16"), ("convert_float16_bfloat16", "elements_float16"),
            ("rms_norm_float32_float16", "norms_float16"), ("copy_blocks", "rows_float32"),
            ("argmax_rows", "ends_float32"), ("adamw_of_many", "updates"),
            ("attention_bfloat16_256", "attention_256_bfloat16"),
            ("attention_decode_float16_72", "attention_72_float16"),
            ("attention_plain_float32", "attention_plain_float32"),
        ] {
            let name = ccudakernels_program_at(ccudakernels_program_of(kernel))?.pointee.name
            #expect(name.map { String(cString: $0) } == expected, "\(kernel)")
        }
        for kernel in ["attention_float32_256", "attention_bfloat16", "fill_float64", "adamw", "fill_bfloat16_256"] {
            #expect(ccudakernels_program_of(kernel) == -1, "\(kernel)")
        }
    }

    @Test("a folder that cannot be written to costs nothing but time")
    func unwritable() throws {
        #expect(try run("/proc/nowhere") == 1)
    }

    private var programs: [ccudakernels_program] {
        (0..<ccudakernels_program_count()).compactMap { ccudakernels_program_at($0)?.pointee }
    }

    /// How many programs a backend compiled to fill a tensor.
    private func run(
        _ folder: String, device: Int = 0, compilesAhead: Bool = false, _ type: ElementType = .float32
    ) throws -> Int {
        var options = EmulatedCUDA.options(device: device)
        options.compilesAhead = compilesAhead
        options.kernelCacheFolder = folder
        let backend = try CUDABackend(options)
        #expect(try Tensor.filled(3, shape: [5], type, on: backend).floats() == [3, 3, 3, 3, 3])
        return backend.compiledProgramCount
    }
}
