/// Memory on a device, freed when the last tensor that names it goes.
package protocol Storage: AnyObject {
    /// How many bytes there are.
    var byteCount: Int { get }
}
