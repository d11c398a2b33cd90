import Tensors

/// The driver, opened and initialized: what it knows of cards.
struct CUDADriver {
    /// The oldest CUDA that a driver must know.
    static let oldestVersion = 12_000

    let functions: DriverFunctions
    /// The newest CUDA that it knows: `12040` for 12.4.
    let version: Int
    /// How many cards there are, one at least.
    let deviceCount: Int

    /// Opens the driver.
    init(_ libraries: CUDALibraries) throws(GPUUnavailable) {
        functions = try DriverFunctions(libraries.open(.driver))
        let status = functions.initialize(0)
        if status == DriverResult.noDevice { throw .noDevice }
        guard status == 0 else { throw .refused(library: "libcuda", call: "cuInit", status: Int(status)) }
        var (number, count): (Int32, Int32) = (0, 0)
        _ = functions.driverVersion(&number)
        version = Int(number)
        guard version >= Self.oldestVersion else {
            throw .driverTooOld(found: version, needed: Self.oldestVersion)
        }
        guard functions.deviceCount(&count) == 0, count > 0 else { throw .noDevice }
        deviceCount = Int(count)
    }

    /// What is fixed about one card.
    func description(of index: Int) throws(GPUUnavailable) -> DeviceDescription {
        guard index >= 0 && index < deviceCount else { throw .noSuchDevice(index: index, count: deviceCount) }
        var handle: Int32 = 0
        let status = functions.device(&handle, Int32(index))
        guard status == 0 else { throw .refused(library: "libcuda", call: "cuDeviceGet", status: Int(status)) }
        var byteCount = 0
        _ = functions.deviceMemory(&byteCount, handle)
        return DeviceDescription(
            index: index, handle: handle, name: text { functions.deviceName($0, $1, handle) },
            busAddress: text { functions.deviceBusAddress($0, $1, handle) }, memoryByteCount: byteCount,
            capability: 10 * attribute(DriverAttribute.capabilityMajor, of: handle)
                + attribute(DriverAttribute.capabilityMinor, of: handle),
            multiprocessors: attribute(DriverAttribute.multiprocessors, of: handle),
            sharedMemoryByteCount: attribute(DriverAttribute.largestSharedMemory, of: handle))
    }

    private func attribute(_ number: Int32, of handle: Int32) -> Int {
        var value: Int32 = 0
        _ = functions.deviceAttribute(&value, number, handle)
        return Int(value)
    }

    private func text(_ read: (UnsafeMutablePointer<CChar>, Int32) -> DriverStatus) -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard bytes.withUnsafeMutableBufferPointer({ read($0.baseAddress.unsafelyUnwrapped, 255) }) == 0 else {
            return ""
        }
        return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// What an operation throws for a call that failed.
    func error(_ status: DriverStatus, in call: String) -> TensorError {
        var name: UnsafePointer<CChar>?
        _ = functions.errorName(status, &name)
        return .library(
            name: "CUDA driver", call: name.map { "\(call) (\(String(cString: $0)))" } ?? call, status: Int(status))
    }

    /// Throws if a call failed.
    func check(_ status: DriverStatus, _ call: String) throws(TensorError) {
        if status != 0 { throw error(status, in: call) }
    }
}

/// What is fixed about one card.
struct DeviceDescription {
    let index: Int
    let handle: Int32
    let name: String
    /// Its place on the bus, which tells it apart in NVML.
    let busAddress: String
    let memoryByteCount: Int
    /// 90 for compute capability 9.0.
    let capability: Int
    let multiprocessors: Int
    /// The most shared memory that one block can ask for.
    let sharedMemoryByteCount: Int

    /// `9.0`.
    var capabilityText: String { "\(capability / 10).\(capability % 10)" }
}
