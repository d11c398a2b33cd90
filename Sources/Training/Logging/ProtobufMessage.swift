/// A protocol-buffers message under construction: fields with their numbers, in the order they are added.
///
/// - Source: the encoding page of the Protocol Buffers documentation. Zeros and empty texts that proto3 leaves out are not
///   left out here: whoever adds a field wants it there.
struct ProtobufMessage {
    private(set) var bytes: [UInt8] = []

    /// How a field's value is stored.
    private enum WireType: UInt64 {
        case varint = 0
        case eightBytes = 1
        case lengthDelimited = 2
        case fourBytes = 5
    }

    /// Adds an integer, boolean or enumeration.
    mutating func add(_ field: UInt64, integer: Int) {
        start(field, .varint)
        append(varint: UInt64(bitPattern: Int64(integer)))
    }

    mutating func add(_ field: UInt64, double: Double) {
        start(field, .eightBytes)
        withUnsafeBytes(of: double.bitPattern.littleEndian) { bytes += $0 }
    }

    mutating func add(_ field: UInt64, float: Float) {
        start(field, .fourBytes)
        withUnsafeBytes(of: float.bitPattern.littleEndian) { bytes += $0 }
    }

    mutating func add(_ field: UInt64, text: String) {
        add(field, bytes: Array(text.utf8))
    }

    mutating func add(_ field: UInt64, bytes content: [UInt8]) {
        start(field, .lengthDelimited)
        append(varint: UInt64(content.count))
        bytes += content
    }

    mutating func add(_ field: UInt64, _ message: ProtobufMessage) {
        add(field, bytes: message.bytes)
    }

    /// Makes a message by a closure and adds it.
    mutating func add(_ field: UInt64, _ build: (inout ProtobufMessage) -> Void) {
        var message = ProtobufMessage()
        build(&message)
        add(field, message)
    }

    private mutating func start(_ field: UInt64, _ type: WireType) {
        append(varint: field << 3 | type.rawValue)
    }

    private mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
