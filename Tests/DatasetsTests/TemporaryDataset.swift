import Foundation
import Images

/// A folder with pictures and annotation files that lives as long as the value.
final class TemporaryDataset {
    /// The folder's path.
    let path: String

    /// Makes a folder with pictures of 64 x 48 pixels under the given names.
    init(images: [String] = ["a.png", "b.png"]) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("dataset-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (number, image) in images.enumerated() {
            try picture(image, shade: UInt8(truncatingIfNeeded: number * 40))
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a picture of one shade, 64 x 48 pixels.
    func picture(_ name: String, shade: UInt8) throws {
        let color = Color(red: shade, green: shade, blue: 90)
        try write(name, ImageBuffer(width: 64, height: 48, fill: color).pngBytes())
    }

    /// Writes a file below the folder.
    func write(_ name: String, _ bytes: [UInt8]) throws {
        let url = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    /// Writes the annotation file of the train split, or of another.
    func annotate(_ text: String, split: String = "train") throws {
        try write("_annotations.\(split).jsonl", Array(text.utf8))
    }

    /// A row in the layout of an export.
    static func row(_ image: String, _ suffix: String, prefix: String = "detect cat ; dog") -> String {
        #"{"image":"\#(image)","prefix":"\#(prefix)","suffix":"\#(suffix)"}"#
    }
}
