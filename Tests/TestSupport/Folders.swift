import Foundation

/// Folders that tests read, found from this file's place in the checkout.
package enum Folders {
    /// The root of the checkout.
    package static let package = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Small files made by the reference programs; `Tests/Reference/README.md` says how.
    package static let fixtures = package.appendingPathComponent("Tests/Reference/fixtures")

    /// The samples that ship with the program.
    package static let samples = package.appendingPathComponent("samples")

    /// Larger test data beside the checkout, or nil where it is absent.
    package static let sharedData: URL? = {
        let folder = package.deletingLastPathComponent().appendingPathComponent("shared/data")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    /// The reason shown when a test is skipped for want of `sharedData`.
    package static let noSharedData = "needs ../shared/data, which is not here"
}
