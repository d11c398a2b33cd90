/// What is used of NVML, which nvidia-smi reads too.
struct MonitorFunctions {
    let initialize: @convention(c) () -> Int32
    let driverVersion: @convention(c) (UnsafeMutablePointer<CChar>, UInt32) -> Int32
    let device: @convention(c) (UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>) -> Int32
    /// Writes three numbers, bytes: total, free, used.
    let memory: @convention(c) (OpaquePointer?, UnsafeMutablePointer<UInt64>) -> Int32
    /// Writes two numbers, percent: of the processors, of the memory.
    let utilization: @convention(c) (OpaquePointer?, UnsafeMutablePointer<UInt32>) -> Int32
    let temperature: @convention(c) (OpaquePointer?, Int32, UnsafeMutablePointer<UInt32>) -> Int32
    /// Milliwatts.
    let power: @convention(c) (OpaquePointer?, UnsafeMutablePointer<UInt32>) -> Int32

    /// Finds every function.
    init(_ reader: FunctionReader) throws(GPUUnavailable) {
        initialize = try reader.function("nvmlInit_v2")
        driverVersion = try reader.function("nvmlSystemGetDriverVersion")
        device = try reader.function("nvmlDeviceGetHandleByPciBusId_v2")
        memory = try reader.function("nvmlDeviceGetMemoryInfo")
        utilization = try reader.function("nvmlDeviceGetUtilizationRates")
        temperature = try reader.function("nvmlDeviceGetTemperature")
        power = try reader.function("nvmlDeviceGetPowerUsage")
    }
}
