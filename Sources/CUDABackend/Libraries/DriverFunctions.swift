import CCUDAKernels

/// The status of a call of the driver; 0 is success.
typealias DriverStatus = Int32
/// An address on the device.
typealias DeviceAddress = UInt64

/// What is used of libcuda. Names with `_v2` are what CUDA's headers turn the plain ones into.
struct DriverFunctions {
    let initialize: @convention(c) (UInt32) -> DriverStatus
    let driverVersion: @convention(c) (UnsafeMutablePointer<Int32>) -> DriverStatus
    let errorName: @convention(c) (DriverStatus, UnsafeMutablePointer<UnsafePointer<CChar>?>) -> DriverStatus
    let deviceCount: @convention(c) (UnsafeMutablePointer<Int32>) -> DriverStatus
    let device: @convention(c) (UnsafeMutablePointer<Int32>, Int32) -> DriverStatus
    let deviceName: @convention(c) (UnsafeMutablePointer<CChar>, Int32, Int32) -> DriverStatus
    let deviceMemory: @convention(c) (UnsafeMutablePointer<Int>, Int32) -> DriverStatus
    let deviceAttribute: @convention(c) (UnsafeMutablePointer<Int32>, Int32, Int32) -> DriverStatus
    let deviceBusAddress: @convention(c) (UnsafeMutablePointer<CChar>, Int32, Int32) -> DriverStatus
    let retainContext: @convention(c) (UnsafeMutablePointer<OpaquePointer?>, Int32) -> DriverStatus
    let releaseContext: @convention(c) (Int32) -> DriverStatus
    let setContext: @convention(c) (OpaquePointer?) -> DriverStatus
    let memoryInformation: @convention(c) (UnsafeMutablePointer<Int>, UnsafeMutablePointer<Int>) -> DriverStatus
    let allocate: @convention(c) (UnsafeMutablePointer<DeviceAddress>, Int) -> DriverStatus
    let free: @convention(c) (DeviceAddress) -> DriverStatus
    let allocatePinned: @convention(c) (UnsafeMutablePointer<UnsafeMutableRawPointer?>, Int, UInt32) -> DriverStatus
    let freePinned: @convention(c) (UnsafeMutableRawPointer) -> DriverStatus
    let copyToDevice: @convention(c) (DeviceAddress, UnsafeRawPointer, Int, OpaquePointer?) -> DriverStatus
    let copyToHost: @convention(c) (UnsafeMutableRawPointer, DeviceAddress, Int, OpaquePointer?) -> DriverStatus
    let makeStream: @convention(c) (UnsafeMutablePointer<OpaquePointer?>, UInt32) -> DriverStatus
    let destroyStream: @convention(c) (OpaquePointer?) -> DriverStatus
    let synchronizeStream: @convention(c) (OpaquePointer?) -> DriverStatus
    let beginCapture: @convention(c) (OpaquePointer?, Int32) -> DriverStatus
    let endCapture: @convention(c) (OpaquePointer?, UnsafeMutablePointer<OpaquePointer?>) -> DriverStatus
    let instantiateGraph: @convention(c) (UnsafeMutablePointer<OpaquePointer?>, OpaquePointer?, UInt64) -> DriverStatus
    let launchGraph: @convention(c) (OpaquePointer?, OpaquePointer?) -> DriverStatus
    let destroyGraph: @convention(c) (OpaquePointer?) -> DriverStatus
    let destroyGraphInstance: @convention(c) (OpaquePointer?) -> DriverStatus
    let makeEvent: @convention(c) (UnsafeMutablePointer<OpaquePointer?>, UInt32) -> DriverStatus
    let destroyEvent: @convention(c) (OpaquePointer?) -> DriverStatus
    let recordEvent: @convention(c) (OpaquePointer?, OpaquePointer?) -> DriverStatus
    let synchronizeEvent: @convention(c) (OpaquePointer?) -> DriverStatus
    let elapsedTime: @convention(c) (UnsafeMutablePointer<Float>, OpaquePointer?, OpaquePointer?) -> DriverStatus
    let loadModule: @convention(c) (UnsafeMutablePointer<OpaquePointer?>, UnsafeRawPointer) -> DriverStatus
    let unloadModule: @convention(c) (OpaquePointer?) -> DriverStatus
    let function:
        @convention(c) (UnsafeMutablePointer<OpaquePointer?>, OpaquePointer?, UnsafePointer<CChar>) -> DriverStatus
    let setFunctionAttribute: @convention(c) (OpaquePointer?, Int32, Int32) -> DriverStatus
    let launch:
        @convention(c) (
            OpaquePointer?, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, OpaquePointer?,
            UnsafeMutablePointer<UnsafeMutableRawPointer?>?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> DriverStatus

    /// `cuLaunchKernelEx`, which drivers before CUDA 11.8 lack.
    let launchConfigured:
        (
            @convention(c) (
                UnsafePointer<ccudakernels_launch_configuration>, OpaquePointer?,
                UnsafeMutablePointer<UnsafeMutableRawPointer?>?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?
            ) -> DriverStatus
        )?

    /// Finds every function.
    init(_ reader: FunctionReader) throws(GPUUnavailable) {
        initialize = try reader.function("cuInit")
        driverVersion = try reader.function("cuDriverGetVersion")
        errorName = try reader.function("cuGetErrorName")
        deviceCount = try reader.function("cuDeviceGetCount")
        device = try reader.function("cuDeviceGet")
        deviceName = try reader.function("cuDeviceGetName")
        deviceMemory = try reader.function("cuDeviceTotalMem_v2")
        deviceAttribute = try reader.function("cuDeviceGetAttribute")
        deviceBusAddress = try reader.function("cuDeviceGetPCIBusId")
        retainContext = try reader.function("cuDevicePrimaryCtxRetain")
        releaseContext = try reader.function("cuDevicePrimaryCtxRelease_v2")
        setContext = try reader.function("cuCtxSetCurrent")
        memoryInformation = try reader.function("cuMemGetInfo_v2")
        allocate = try reader.function("cuMemAlloc_v2")
        free = try reader.function("cuMemFree_v2")
        allocatePinned = try reader.function("cuMemHostAlloc")
        freePinned = try reader.function("cuMemFreeHost")
        copyToDevice = try reader.function("cuMemcpyHtoDAsync_v2")
        copyToHost = try reader.function("cuMemcpyDtoHAsync_v2")
        makeStream = try reader.function("cuStreamCreate")
        destroyStream = try reader.function("cuStreamDestroy_v2")
        synchronizeStream = try reader.function("cuStreamSynchronize")
        beginCapture = try reader.function("cuStreamBeginCapture_v2")
        endCapture = try reader.function("cuStreamEndCapture")
        instantiateGraph = try reader.function("cuGraphInstantiateWithFlags")
        launchGraph = try reader.function("cuGraphLaunch")
        destroyGraph = try reader.function("cuGraphDestroy")
        destroyGraphInstance = try reader.function("cuGraphExecDestroy")
        makeEvent = try reader.function("cuEventCreate")
        destroyEvent = try reader.function("cuEventDestroy_v2")
        recordEvent = try reader.function("cuEventRecord")
        synchronizeEvent = try reader.function("cuEventSynchronize")
        elapsedTime = try reader.function("cuEventElapsedTime")
        loadModule = try reader.function("cuModuleLoadData")
        unloadModule = try reader.function("cuModuleUnload")
        function = try reader.function("cuModuleGetFunction")
        setFunctionAttribute = try reader.function("cuFuncSetAttribute")
        launch = try reader.function("cuLaunchKernel")
        launchConfigured = reader.functionIfThere("cuLaunchKernelEx")
    }
}

/// Numbers of `CUdevice_attribute` and `CUfunction_attribute`, as cuda.h gives them.
enum DriverAttribute {
    static let multiprocessors: Int32 = 16
    static let capabilityMajor: Int32 = 75
    static let capabilityMinor: Int32 = 76
    static let largestSharedMemory: Int32 = 97
    static let functionSharedMemory: Int32 = 8
}

/// Numbers of `CUresult` that are told apart.
enum DriverResult {
    static let outOfMemory: DriverStatus = 2
    static let noDevice: DriverStatus = 100
}
