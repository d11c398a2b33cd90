import Tensors

/// What a GPU says of itself at one moment, as nvidia-smi would show it. What cannot be read is nil.
package struct GPUReading: Sendable, Equatable {
    /// As in `cuda:0`.
    package var index: Int
    /// The product name, such as `NVIDIA H100 80GB HBM3`.
    package var name: String
    /// Such as `9.0`.
    package var computeCapability: String
    /// The release of the driver, such as `580.95.05`.
    package var driverVersion: String?
    /// The newest CUDA that the driver knows, such as `13.0`.
    package var cudaVersion: String
    /// Bytes of memory.
    package var memoryTotal: Int
    /// Bytes taken by all programs.
    package var memoryUsed: Int?
    /// The share of the last moments in which a kernel ran, from 0 to 1.
    package var utilization: Double?
    /// Degrees Celsius.
    package var temperature: Double?
    /// Watts.
    package var power: Double?
    /// Why programs cannot run on it here, if they cannot: a library that is missing, a card that is too old.
    package var obstacle: GPUUnavailable?
}

/// The cards of this machine.
package enum GPUDevice {
    /// The oldest compute capability that kernels are written for: 7.5.
    static let oldestCapability = 75

    /// What each card says of itself.
    ///
    /// - Throws: why there is none: no driver, too old a driver, no card.
    package static func list(_ libraries: CUDALibraries) throws(GPUUnavailable) -> [GPUReading] {
        let driver = try CUDADriver(libraries)
        let obstacle = obstacle(libraries, driver)
        let monitor = Monitor(libraries)
        var readings: [GPUReading] = []
        for index in 0..<driver.deviceCount {
            let device = try driver.description(of: index)
            var reading = GPUReading(
                index: index, name: device.name, computeCapability: device.capabilityText,
                driverVersion: monitor?.driverVersion,
                cudaVersion: "\(driver.version / 1000).\(driver.version % 1000 / 10)",
                memoryTotal: device.memoryByteCount)
            monitor?.read(device.busAddress, into: &reading)
            reading.obstacle = tooOld(device) ?? obstacle
            readings.append(reading)
        }
        return readings
    }

    /// What one card says of itself, or nil if it cannot be read.
    package static func reading(_ index: Int, _ libraries: CUDALibraries) -> GPUReading? {
        (try? list(libraries))?.first { $0.index == index }
    }

    /// Why a card cannot be used, if it is too old.
    static func tooOld(_ device: DeviceDescription) -> GPUUnavailable? {
        device.capability < oldestCapability
            ? .deviceTooOld(name: device.name, capability: device.capabilityText) : nil
    }

    private static func obstacle(_ libraries: CUDALibraries, _ driver: CUDADriver) -> GPUUnavailable? {
        for library in [CUDALibrary.products, .compiler] {
            do throws(GPUUnavailable) {
                _ = try libraries.open(library, driverVersion: driver.version)
            } catch {
                return error
            }
        }
        return nil
    }
}

/// NVML, opened.
private struct Monitor {
    let functions: MonitorFunctions
    let driverVersion: String?

    /// Opens it; nil where it is not there, which only costs the readings.
    init?(_ libraries: CUDALibraries) {
        guard let reader = try? libraries.open(.monitor), let functions = try? MonitorFunctions(reader),
            functions.initialize() == 0
        else { return nil }
        var bytes = [CChar](repeating: 0, count: 96)
        let status = bytes.withUnsafeMutableBufferPointer {
            functions.driverVersion($0.baseAddress.unsafelyUnwrapped, 95)
        }
        let text = String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        self.functions = functions
        driverVersion = status == 0 && !text.isEmpty ? text : nil
    }

    /// Reads the card at a place of the bus. The driver may number cards otherwise than NVML does.
    func read(_ busAddress: String, into reading: inout GPUReading) {
        var device: OpaquePointer?
        guard functions.device(busAddress, &device) == 0 else { return }
        var memory: [UInt64] = [0, 0, 0]
        if functions.memory(device, &memory) == 0 { reading.memoryUsed = Int(clamping: memory[2]) }
        var utilization: [UInt32] = [0, 0]
        if functions.utilization(device, &utilization) == 0 { reading.utilization = Double(utilization[0]) / 100 }
        var number: UInt32 = 0
        if functions.temperature(device, 0, &number) == 0 { reading.temperature = Double(number) }
        if functions.power(device, &number) == 0 { reading.power = Double(number) / 1000 }
    }
}
