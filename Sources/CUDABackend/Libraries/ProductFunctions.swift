/// What is used of cuBLASLt, which multiplies matrices. Descriptors and layouts are opaque; matrices are column major.
struct ProductFunctions {
    let make: @convention(c) (UnsafeMutablePointer<OpaquePointer?>) -> Int32
    let destroy: @convention(c) (OpaquePointer?) -> Int32
    let makeDescription: @convention(c) (UnsafeMutablePointer<OpaquePointer?>, Int32, Int32) -> Int32
    let destroyDescription: @convention(c) (OpaquePointer?) -> Int32
    let setDescription: @convention(c) (OpaquePointer?, Int32, UnsafeRawPointer, Int) -> Int32
    let makeLayout: @convention(c) (UnsafeMutablePointer<OpaquePointer?>, Int32, UInt64, UInt64, Int64) -> Int32
    let destroyLayout: @convention(c) (OpaquePointer?) -> Int32
    let setLayout: @convention(c) (OpaquePointer?, Int32, UnsafeRawPointer, Int) -> Int32
    let makePreference: @convention(c) (UnsafeMutablePointer<OpaquePointer?>) -> Int32
    let destroyPreference: @convention(c) (OpaquePointer?) -> Int32
    let setPreference: @convention(c) (OpaquePointer?, Int32, UnsafeRawPointer, Int) -> Int32
    let chooseAlgorithms:
        @convention(c) (
            OpaquePointer?, OpaquePointer?, OpaquePointer?, OpaquePointer?, OpaquePointer?, OpaquePointer?,
            OpaquePointer?, Int32, UnsafeMutableRawPointer, UnsafeMutablePointer<Int32>
        ) -> Int32
    let checkAlgorithm:
        @convention(c) (
            OpaquePointer?, OpaquePointer?, OpaquePointer?, OpaquePointer?, OpaquePointer?, OpaquePointer?,
            UnsafeRawPointer, UnsafeMutableRawPointer
        ) -> Int32
    let multiply:
        @convention(c) (
            OpaquePointer?, OpaquePointer?, UnsafeRawPointer, DeviceAddress, OpaquePointer?, DeviceAddress,
            OpaquePointer?, UnsafeRawPointer, DeviceAddress, OpaquePointer?, DeviceAddress, OpaquePointer?,
            UnsafeRawPointer?, DeviceAddress, Int, OpaquePointer?
        ) -> Int32

    /// Finds every function.
    init(_ reader: FunctionReader) throws(GPUUnavailable) {
        make = try reader.function("cublasLtCreate")
        destroy = try reader.function("cublasLtDestroy")
        makeDescription = try reader.function("cublasLtMatmulDescCreate")
        destroyDescription = try reader.function("cublasLtMatmulDescDestroy")
        setDescription = try reader.function("cublasLtMatmulDescSetAttribute")
        makeLayout = try reader.function("cublasLtMatrixLayoutCreate")
        destroyLayout = try reader.function("cublasLtMatrixLayoutDestroy")
        setLayout = try reader.function("cublasLtMatrixLayoutSetAttribute")
        makePreference = try reader.function("cublasLtMatmulPreferenceCreate")
        destroyPreference = try reader.function("cublasLtMatmulPreferenceDestroy")
        setPreference = try reader.function("cublasLtMatmulPreferenceSetAttribute")
        chooseAlgorithms = try reader.function("cublasLtMatmulAlgoGetHeuristic")
        checkAlgorithm = try reader.function("cublasLtMatmulAlgoCheck")
        multiply = try reader.function("cublasLtMatmul")
    }
}

/// Numbers of cublasLt.h and library_types.h.
enum ProductConstant {
    static let computeFloat32: Int32 = 68
    static let (float32, float16, bfloat16): (Int32, Int32, Int32) = (0, 2, 14)
    // Attributes of a description.
    static let (transposeA, transposeB, epilogue, biasPointer): (Int32, Int32, Int32, Int32) = (3, 4, 7, 8)
    static let biasDistance: Int32 = 10
    static let transposed: Int32 = 1
    static let biasEpilogue: UInt32 = 4
    // Attributes of a layout: of matrices that are multiplied at once, how many there are, and elements from one to the next.
    static let (matrixCount, matrixDistance): (Int32, Int32) = (5, 6)
    // Attributes of a preference.
    static let (workspaceByteCount, reductionSchemes, firstAlignment): (Int32, Int32, Int32) = (1, 3, 5)
    /// Sums that are split over blocks and added in the workspace, in a fixed order.
    static let orderedReduction: UInt32 = 2
    /// Bytes of `cublasLtMatmulHeuristicResult_t`, which begins with the 64 bytes of an algorithm.
    static let resultByteCount = 96
    /// Where the workspace's size and the state stand in it.
    static let (workspaceOffset, stateOffset) = (64, 72)
}
