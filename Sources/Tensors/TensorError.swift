/// What can go wrong with tensors: shapes, types, memory, devices.
package enum TensorError: Error, Equatable, CustomStringConvertible {
    /// Two operands whose shapes do not fit together.
    case shapeMismatch(operation: String, [Int], [Int])
    /// An operand of a type that an operation cannot take.
    case elementType(operation: String, found: ElementType, expected: String)
    /// The device has no memory left for a tensor.
    case outOfMemory(what: String, byteCount: Int, device: String)
    /// A device, or a library that it needs, is not there.
    case unavailable(device: String, reason: String)
    /// A library refused a call.
    case library(name: String, call: String, status: Int)
    /// An index outside a table.
    case index(operation: String, found: Int, limit: Int)
    /// An argument that makes no sense, with the reason.
    case argument(operation: String, reason: String)

    package var description: String {
        switch self {
        case .shapeMismatch(let operation, let left, let right):
            "\(operation): shapes \(left) and \(right) do not fit together"
        case .elementType(let operation, let found, let expected):
            "\(operation): elements are \(found.name), expected \(expected)"
        case .outOfMemory(let what, let byteCount, let device):
            "out of memory on \(device): \(what) needs \(byteCount) bytes; use a smaller batch or resolution"
        case .unavailable(let device, let reason):
            "\(device) cannot be used: \(reason)"
        case .library(let name, let call, let status):
            "\(name): \(call) failed with status \(status)"
        case .index(let operation, let found, let limit):
            "\(operation): index \(found) is outside 0..<\(limit)"
        case .argument(let operation, let reason):
            "\(operation): \(reason)"
        }
    }
}
