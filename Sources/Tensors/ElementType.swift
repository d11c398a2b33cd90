/// The type of one element of a tensor, named as in the safetensors format.
package enum ElementType: String, Sendable, CaseIterable, Codable {
    case float32 = "F32"
    case bfloat16 = "BF16"
    case float16 = "F16"
    case int32 = "I32"
    case int64 = "I64"
    case uint8 = "U8"
    case bool = "BOOL"

    /// The number of bytes that one element takes.
    package var byteCount: Int {
        switch self {
        case .int64: 8
        case .float32, .int32: 4
        case .bfloat16, .float16: 2
        case .uint8, .bool: 1
        }
    }

    /// Whether elements are real numbers that layers compute with.
    package var isFloatingPoint: Bool {
        switch self {
        case .float32, .bfloat16, .float16: true
        case .int32, .int64, .uint8, .bool: false
        }
    }

    /// The name that users write and read: `float32`, `bfloat16`, …
    package var name: String { String(describing: self) }
}
