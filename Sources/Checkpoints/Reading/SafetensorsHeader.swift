import JSON
import Tensors

/// The table at the start of a safetensors file, checked against the file's length.
struct SafetensorsHeader {
    /// The tensors of types that can be read, by name.
    var entries: [String: TensorEntry] = [:]
    /// The type names of the other tensors, by the tensor's name.
    var foreignTypes: [String: String] = [:]
    /// Every tensor's name, in the order of the data.
    var names: [String] = []
    /// The file's own notes.
    var metadata: [String: String] = [:]

    /// The format's limit on the length of a header.
    static let byteCountLimit = 100_000_000
    /// The key under which a header keeps the file's notes.
    static let metadataKey = "__metadata__"

    /// Reads and checks the header of a whole file.
    init(of bytes: UnsafeRawBufferPointer, file: String) throws(CheckpointError) {
        guard bytes.count >= 8 else { throw .headerLength(file: file, found: 8, fileByteCount: bytes.count) }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(min(bytes.count - 8, Self.byteCountLimit)) else {
            throw .headerLength(file: file, found: length, fileByteCount: bytes.count)
        }
        let dataStart = 8 + Int(length)
        let members = try Self.members(UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart]), file: file)
        var places: [Place] = []
        for (name, value) in members {
            if name == Self.metadataKey {
                metadata = try Self.metadata(value, file: file)
            } else {
                places.append(try Place(name: name, value: value, file: file))
            }
        }
        places.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        try Self.checkCover(places, dataByteCount: bytes.count - dataStart, file: file)
        for place in places { try add(place, dataStart: dataStart, file: file) }
    }

    private mutating func add(_ place: Place, dataStart: Int, file: String) throws(CheckpointError) {
        // Swift takes two ways to compose an accent for one name; better refused than one tensor lost.
        guard entries[place.name] == nil, foreignTypes[place.name] == nil else {
            throw .duplicateName(file: file, tensor: place.name)
        }
        names.append(place.name)
        guard let elementType = ElementType(rawValue: place.type) else {
            foreignTypes[place.name] = place.type
            return
        }
        let expected = Self.byteCount(elementType, place.shape)
        guard expected == place.range.count else {
            throw .sizeMismatch(
                file: file, tensor: place.name, type: place.type, shape: place.shape, expected: expected,
                found: place.range.count)
        }
        entries[place.name] = TensorEntry(
            name: place.name, elementType: elementType, shape: place.shape,
            byteRange: place.range.lowerBound + dataStart..<place.range.upperBound + dataStart, file: file)
    }

    /// The bytes that a tensor takes, or nil where the product is beyond any file.
    static func byteCount(_ elementType: ElementType, _ shape: [Int]) -> Int? {
        var count = elementType.byteCount
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow, extent >= 0 else { return nil }
            count = product
        }
        return count
    }

    private static func members(_ bytes: UnsafeRawBufferPointer, file: String) throws(CheckpointError) -> JSONObject {
        let value: JSON
        do {
            value = try JSON(parsing: bytes, name: "\(file) (header)")
        } catch {
            throw .invalidJSON(error)
        }
        guard case .object(let members) = value else {
            throw .malformedHeader(file: file, found: "\(value.kind) instead of an object")
        }
        return members
    }

    private static func metadata(_ value: JSON, file: String) throws(CheckpointError) -> [String: String] {
        guard case .object(let members) = value else {
            throw .malformedHeader(file: file, found: "\(value.kind) under \(metadataKey) instead of an object")
        }
        var metadata: [String: String] = [:]
        for (key, value) in members {
            guard case .string(let text) = value else {
                throw .malformedHeader(
                    file: file, found: "\(value.kind) under \(metadataKey).\(key) instead of a string")
            }
            metadata[key] = text
        }
        return metadata
    }

    /// Checks that the tensors, in order, cover the data without overlap, hole or rest.
    private static func checkCover(_ places: [Place], dataByteCount: Int, file: String) throws(CheckpointError) {
        var end = 0
        var previous: String?
        for place in places {
            guard place.range.upperBound <= dataByteCount else {
                throw .outOfRange(
                    file: file, tensor: place.name, end: place.range.upperBound, dataByteCount: dataByteCount)
            }
            if place.range.lowerBound < end {
                throw .overlap(file: file, tensor: place.name, other: previous ?? place.name)
            }
            if place.range.lowerBound > end {
                throw .hole(file: file, after: previous, byteCount: place.range.lowerBound - end)
            }
            end = place.range.upperBound
            previous = place.name
        }
        guard end == dataByteCount else { throw .hole(file: file, after: previous, byteCount: dataByteCount - end) }
    }
}

/// One line of the table, as written.
private struct Place {
    let name: String
    let type: String
    let shape: [Int]
    let range: Range<Int>

    init(name: String, value: JSON, file: String) throws(CheckpointError) {
        func malformed(_ found: String) -> CheckpointError {
            .malformedEntry(file: file, tensor: name, found: found)
        }
        guard let type = value["dtype"]?.string else { throw malformed("no \"dtype\" that is a string") }
        guard let shape = Self.extents(value["shape"]) else {
            throw malformed("no \"shape\" that is a list of whole numbers from 0: \(value["shape"]?.text() ?? "none")")
        }
        guard let offsets = Self.extents(value["data_offsets"]), offsets.count == 2, offsets[0] <= offsets[1] else {
            throw malformed("no \"data_offsets\" that are [start, end]: \(value["data_offsets"]?.text() ?? "none")")
        }
        self.name = name
        self.type = type
        self.shape = shape
        range = offsets[0]..<offsets[1]
    }

    private static func extents(_ value: JSON?) -> [Int]? {
        guard let elements = value?.array else { return nil }
        let extents = elements.compactMap(\.integer)
        return extents.count == elements.count && extents.allSatisfy { $0 >= 0 } ? extents : nil
    }
}
