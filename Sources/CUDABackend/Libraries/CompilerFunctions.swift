/// What is used of NVRTC, which compiles CUDA C++ at run time.
struct CompilerFunctions {
    let version: @convention(c) (UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>) -> Int32
    let architectureCount: @convention(c) (UnsafeMutablePointer<Int32>) -> Int32
    let architectures: @convention(c) (UnsafeMutablePointer<Int32>) -> Int32
    let makeProgram:
        @convention(c) (
            UnsafeMutablePointer<OpaquePointer?>, UnsafePointer<CChar>, UnsafePointer<CChar>, Int32,
            UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<UnsafePointer<CChar>?>?
        ) -> Int32
    let destroyProgram: @convention(c) (UnsafeMutablePointer<OpaquePointer?>) -> Int32
    let compile: @convention(c) (OpaquePointer?, Int32, UnsafePointer<UnsafePointer<CChar>?>?) -> Int32
    let logSize: @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int>) -> Int32
    let log: @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>) -> Int32
    let binarySize: @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int>) -> Int32
    let binary: @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>) -> Int32
    let assemblySize: @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int>) -> Int32
    let assembly: @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>) -> Int32

    /// Finds every function.
    init(_ reader: FunctionReader) throws(GPUUnavailable) {
        version = try reader.function("nvrtcVersion")
        architectureCount = try reader.function("nvrtcGetNumSupportedArchs")
        architectures = try reader.function("nvrtcGetSupportedArchs")
        makeProgram = try reader.function("nvrtcCreateProgram")
        destroyProgram = try reader.function("nvrtcDestroyProgram")
        compile = try reader.function("nvrtcCompileProgram")
        logSize = try reader.function("nvrtcGetProgramLogSize")
        log = try reader.function("nvrtcGetProgramLog")
        binarySize = try reader.function("nvrtcGetCUBINSize")
        binary = try reader.function("nvrtcGetCUBIN")
        assemblySize = try reader.function("nvrtcGetPTXSize")
        assembly = try reader.function("nvrtcGetPTX")
    }
}
