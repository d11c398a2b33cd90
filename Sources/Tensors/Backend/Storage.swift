/// Memory on a device, freed when the last tensor that names it goes.
package protocol Storage: AnyObject {
    /// How many bytes there are.
    var byteCount: Int { get }
    /// Whether the bytes belong to somebody else, such as a mapped file, and take no memory of their own.
    var isAdopted: Bool { get }
}

extension Storage {
    package var isAdopted: Bool { false }
}
