import CUDABackend
import CUDATestSupport
import Foundation
import Tensors
import TestSupport
import Testing

/// What is said where there is no GPU, or not what it needs.
@Suite struct AvailabilityTests {
    @Test("cards are listed with what NVML reads, whatever order it counts in")
    func list() throws {
        let readings = try GPUDevice.list(EmulatedCUDA.options().libraries)
        #expect(readings.map(\.name) == ["Emulated H100", "Emulated T4", "Emulated L4"])
        #expect(readings.map(\.computeCapability) == ["9.0", "7.5", "8.9"])
        #expect(readings[0].driverVersion == "570.00.01" && readings[0].cudaVersion == "12.8")
        #expect(readings[0].memoryUsed == 1 << 30 && readings[0].memoryTotal == 6 << 30)
        #expect(readings[0].utilization == 0.37 && readings[0].temperature == 41 && readings[0].power == 123.5)
        #expect(readings.allSatisfy { $0.obstacle == nil })
    }

    @Test("without NVML cards are listed with what the driver knows")
    func noMonitor() throws {
        let libraries = EmulatedCUDA.options(replaced: ["nvmlInit_v2": ""]).libraries
        let reading = try #require(try GPUDevice.list(libraries).first)
        #expect(reading.name == "Emulated H100" && reading.driverVersion == nil && reading.power == nil)
    }

    /// A mistake of a machine, and what is said of it.
    static let obstacles: [(replaced: [String: String], reason: String)] = [
        (["cuDeviceGetCount": "brokenDeviceCount"], "finds no GPU"),
        (["cuDriverGetVersion": "brokenDriverVersion"], "is for CUDA 11.4, and 12.0 is needed"),
        (["cuLaunchKernel": ""], "libcuda.so.1 has no function cuLaunchKernel"),
        (["cublasLtMatmul": ""], "libcublasLt.so.12 has no function cublasLtMatmul"),
        (["nvrtcCompileProgram": ""], "libnvrtc.so.12 has no function nvrtcCompileProgram"),
    ]

    @Test("what is missing is named", arguments: obstacles.indices)
    func missing(index: Int) throws {
        let (replaced, reason) = Self.obstacles[index]
        let error = #expect(throws: TensorError.self) {
            _ = try CUDABackend(EmulatedCUDA.options(replaced: replaced))
        }
        let text = try #require(error).description
        #expect(text.hasPrefix("cuda:0 cannot be used") && text.contains(reason), "\(text)")
    }

    @Test("a card that is not there is an error that counts them")
    func noSuchDevice() throws {
        let error = #expect(throws: TensorError.self) { _ = try CUDABackend(EmulatedCUDA.options(device: 3)) }
        #expect(try #require(error).description.contains("there is no GPU 3; there are 3"))
    }

    @Test("a machine without the driver says so, and a library names where it was looked for")
    func nothingInstalled() throws {
        let missing = GPUUnavailable.missingLibrary(
            names: ["libnvrtc.so.13", "libnvrtc.so.12"], folders: ["/opt/x/lib"])
        #expect(missing.description.contains("libnvrtc.so.13 or libnvrtc.so.12"))
        #expect(missing.description.contains("/opt/x/lib") && missing.description.contains("CUDA_HOME"))
        if RealCUDA.backend() == nil {
            #expect(throws: GPUUnavailable.self) { _ = try GPUDevice.list(CUDALibraries(folders: ["/nowhere"])) }
        }
    }

    @Test("the customary folders are those that exist")
    func folders() throws {
        let scratch = try ScratchFolder()
        let library = "\(scratch.path)/lib/python3.12/site-packages/nvidia/cublas/lib"
        try FileManager.default.createDirectory(atPath: library, withIntermediateDirectories: true)
        let home = "\(scratch.path)/cuda/lib64"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        let found = CUDALibraries.customary(
            cudaHome: "\(scratch.path)/cuda", pythonFolders: [scratch.path, "/nowhere"])
        #expect(found.folders.first == home && found.folders.contains(library))
        #expect(!found.folders.contains { $0.hasPrefix("/nowhere") })
    }

    @Test("a kernel that does not compile is an error with the compiler's words")
    func compileError() throws {
        let backend = try CUDABackend(
            EmulatedCUDA.options(replaced: ["nvrtcCompileProgram": "brokenCompile"]))
        let error = #expect(throws: TensorError.self) {
            _ = try Tensor.filled(1, shape: [4], .float32, on: backend)
        }
        #expect(try #require(error).description.contains("identifier \"flaot\" is undefined"))
    }

    @Test("bfloat16 on a card of capability 7.5 is an error that names float16")
    func noBFloat16() throws {
        let backend = try CUDABackend(EmulatedCUDA.options(device: 1))
        #expect(
            throws: TensorError.elementType(
                operation: "fill", found: .bfloat16, expected: "float16 or float32 on Emulated T4")
        ) { _ = try Tensor.filled(1, shape: [4], .bfloat16, on: backend) }
        #expect(try Tensor.filled(1.5, shape: [4], .float16, on: backend).floats() == [1.5, 1.5, 1.5, 1.5])
    }
}
