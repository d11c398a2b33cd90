import FoundationEssentials

/// A number made of a file's bytes: equal files have equal digests, and two different ones hardly ever do.
struct FileDigest: Hashable {
    private let words: SIMD2<UInt64>
    private let byteCount: Int

    /// Reads and digests a file, or nothing where it cannot be read.
    init?(path: String) {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else { return nil }
        self.init(data)
    }

    /// Digests bytes: two multiplicative lanes over little-endian words, with different multipliers.
    init(_ data: some ContiguousBytes) {
        var words = SIMD2<UInt64>(0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344)  // digits of pi
        let multipliers = SIMD2<UInt64>(0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F)
        byteCount = data.withUnsafeBytes { bytes in
            var position = 0
            while position < bytes.count {
                var word: UInt64 = 0
                withUnsafeMutableBytes(of: &word) { target in
                    target.copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: bytes[position..<min(position + 8, bytes.count)]))
                }
                words = (words ^ SIMD2(repeating: UInt64(littleEndian: word))) &* multipliers
                words ^= words &>> 29
                position += 8
            }
            return bytes.count
        }
        self.words = words
    }
}

/// Pictures whose files are equal byte by byte.
package struct DuplicateImages: Sendable, Equatable {
    /// One place where a picture is used.
    package struct Place: Sendable, Hashable {
        /// The split of the row.
        package let split: DatasetSplit
        /// The picture as the row names it.
        package let imageName: String
    }

    /// Groups of at least two different files with the same bytes, in the order of the data set.
    package let groups: [[Place]]

    /// Reads every picture's file once; files that cannot be read belong to no group.
    package init(_ dataset: DetectionDataset) {
        var order: [FileDigest] = []
        var groups: [FileDigest: [Place]] = [:]
        var seen: Set<Place> = []
        for split in DatasetSplit.allCases {
            for example in dataset.examples(split) {
                let place = Place(split: split, imageName: example.imageName)
                guard seen.insert(place).inserted, let digest = FileDigest(path: example.imagePath) else { continue }
                if groups[digest] == nil { order.append(digest) }
                groups[digest, default: []].append(place)
            }
        }
        self.groups = order.compactMap { digest in groups[digest].flatMap { $0.count > 1 ? $0 : nil } }
    }
}
