import Foundation
import Images
import TestSupport

/// The files and expectations that `Tests/Reference/images/make_images.py` made with Pillow 13.0.0 (libjpeg-turbo 3.2.0)
/// and transformers 4.47.0.
enum PictureFixtures {
    static let folder = Folders.fixtures.appendingPathComponent("images")

    /// A list of expectations; an absent or unreadable list is empty, which every suite checks for.
    static func cases<Case: Decodable>(_ name: String) -> [Case] {
        let file = folder.appendingPathComponent("\(name).json")
        guard let text = try? Data(contentsOf: file) else { return [] }
        return (try? JSONDecoder().decode([Case].self, from: text)) ?? []
    }

    static func path(_ file: String) -> String {
        folder.appendingPathComponent("files").appendingPathComponent(file).path
    }

    static func bytes(_ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(file))))
    }
}

/// A folder that goes away with the test.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("images-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
}
