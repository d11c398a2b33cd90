import JSON

/// The lines of a JSONL file that hold something, with their numbers.
///
/// A byte order mark at the start, line ends of either kind, blank lines and a last line without end are all in order.
package struct JSONLines: Sequence, Sendable {
    /// One line of the file.
    package struct Line: Sendable {
        /// The line's number in the file, from 1.
        package let number: Int
        /// Its bytes, without the line end.
        package let bytes: ArraySlice<UInt8>

        /// The line as JSON; errors name the line by the caller's words, not by this type's.
        package func json() -> Result<JSON, JSONError> {
            do throws(JSONError) {
                return .success(try JSON(parsing: bytes))
            } catch {
                return .failure(error)
            }
        }
    }

    private let bytes: [UInt8]

    /// Takes the bytes of a whole file.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The lines that are not blank.
    package func makeIterator() -> AnyIterator<Line> {
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var position = bytes.starts(with: byteOrderMark) ? byteOrderMark.count : 0
        var number = 0
        return AnyIterator {
            while position < bytes.count {
                let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
                let line = bytes[position..<end]
                position = end + 1
                number += 1
                guard line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else {
                    return Line(number: number, bytes: line)
                }
            }
            return nil
        }
    }
}
