import Tensors

/// A device that holds nothing and computes nothing: it counts what a run would take and do on a real one.
///
/// The very code that trains runs on it, so that a forecast follows every change of that code. Reads give zeros, or the bytes
/// of a mapped file where these are what is read.
package final class RehearsalBackend: Backend {
    package let device: Device
    package let memoryRules: MemoryRules
    /// What would be held.
    package let meter: MemoryMeter
    /// What would be computed.
    package var workload = Workload()
    private var packedByteCount = 0

    /// A stand-in for a device with these rules.
    package init(for device: Device, _ rules: MemoryRules) {
        self.device = device
        memoryRules = rules
        meter = MemoryMeter(rules)
    }

    package var holdsValues: Bool { false }

    package var joinsProducts: Bool { device.kind == .cuda }

    package var memory: BackendMemory { meter.figures }

    package func allocate(byteCount: Int, label: StaticString) throws(TensorError) -> any Storage {
        let name = label.description
        if name == "logits" { meter.noteForwardEnd() }
        let part: MemoryPart =
            name == "weight gradient" ? .gradients : name.hasPrefix("logits") ? .logits : .working
        return RehearsedStorage(byteCount: byteCount, part, meter)
    }

    package func adopt(_ bytes: UnsafeRawBufferPointer, owner: AnyObject) throws(TensorError) -> any Storage {
        memoryRules.copiesAdopted
            ? RehearsedStorage(byteCount: bytes.count, .weights, meter)
            : RehearsedStorage(mapping: bytes.count, bytes, owner: owner, meter)
    }

    /// What a weight in a file of so many bytes is to this device, where there is no file yet.
    func outline(byteCount: Int) -> any Storage {
        memoryRules.copiesAdopted
            ? RehearsedStorage(byteCount: byteCount, .weights, meter)
            : RehearsedStorage(mapping: byteCount, nil, owner: nil, meter)
    }

    package func write(
        _ bytes: UnsafeRawBufferPointer, to storage: any Storage, byteOffset: Int
    ) throws(TensorError) {
        noteChange(of: storage)
    }

    package func read(
        _ storage: any Storage, byteOffset: Int, into bytes: UnsafeMutableRawBufferPointer
    ) throws(TensorError) {
        guard let adopted = (storage as? RehearsedStorage)?.adopted else {
            _ = bytes.initializeMemory(as: UInt8.self, repeating: 0)
            return
        }
        bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: adopted[byteOffset..<byteOffset + bytes.count]))
    }

    package func synchronize() throws(TensorError) {}

    /// Whoever writes to a weight drops its packed forms.
    func noteChange(of storage: any Storage) {
        if let storage = storage as? RehearsedStorage { packedByteCount -= storage.dropPacked() }
    }

    /// Packs a reused weight, as a device with such a rule does at first use.
    func pack(_ call: MatmulCall) {
        guard call.reusesB, let storage = call.b.storage as? RehearsedStorage else { return }
        let key = RehearsedStorage.PackedKey(
            byteOffset: call.b.byteOffset, shape: call.b.shape, transposed: call.transposeB)
        guard storage.packed[key] == nil else { return }
        let inner = call.transposeB ? call.b.columns : call.b.rows
        let byteCount = memoryRules.packedByteCount(inner, call.output.columns, call.b.elementType)
        guard byteCount > 0, packedByteCount + byteCount <= memoryRules.packingBudget else { return }
        packedByteCount += byteCount
        storage.keepPacked(byteCount, under: key)
    }
}
