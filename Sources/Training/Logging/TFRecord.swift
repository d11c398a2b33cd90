/// Records as TensorFlow frames them: length, masked checksum of the length, bytes, masked checksum of the bytes.
///
/// - Source: TensorFlow's `record_writer.cc`; the checksum is CRC-32C (Castagnoli), RFC 3720 appendix B.4.
enum TFRecord {
    /// The bytes of a record in a file.
    static func framed(_ content: [UInt8]) -> [UInt8] {
        let length = littleEndian(UInt64(content.count))
        return length + littleEndian(maskedChecksum(length)) + content + littleEndian(maskedChecksum(content))
    }

    /// A checksum that is safe to store in data that is itself checked.
    static func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
        let checksum = crc32c(bytes)
        return (checksum >> 15 | checksum << 17) &+ 0xa282_ead8
    }

    static func crc32c(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { table[Int(($0 ^ UInt32($1)) & 0xff)] ^ $0 >> 8 }
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? 0x82f6_3b78 ^ value >> 1 : value >> 1 }
    }

    private static func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}
