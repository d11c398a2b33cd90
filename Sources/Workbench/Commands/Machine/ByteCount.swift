import Console

/// An amount of memory as a person writes it: `8GB`, `1.5GiB`, `900MB`; a bare number is bytes.
struct ByteCount: ArgumentValue, Equatable {
    /// The bytes.
    let bytes: Int
    private let text: String

    private static let units: [(name: String, bytes: Double)] = [
        ("TIB", 0x1p40), ("GIB", 0x1p30), ("MIB", 0x1p20), ("KIB", 0x1p10), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6),
        ("KB", 1e3), ("T", 0x1p40), ("G", 0x1p30), ("M", 0x1p20), ("K", 0x1p10), ("B", 1), ("", 1),
    ]

    init(argument word: String) throws(ValueProblem) {
        let upper = word.uppercased()
        for (name, unit) in Self.units where upper.hasSuffix(name) {
            guard let number = Double(upper.dropLast(name.count)), number > 0, number * unit < 0x1p60 else { continue }
            (bytes, text) = (Int(number * unit), word)
            return
        }
        throw ValueProblem(expected: "an amount of memory such as 8GB or 1.5GiB")
    }

    static var valueName: String { "BYTES" }
    var argumentText: String? { text }
}
