// swift-tools-version: 6.0
import Foundation
import PackageDescription

/// The include folders that pkg-config names for a library. (SwiftPM's own pkgConfig support warns of pango's `-pthread`.)
func includeFlags(of library: String) -> [String] {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["pkg-config", "--cflags-only-I", library]
    process.standardOutput = output
    guard (try? process.run()) != nil else { return [] }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    return text.split(whereSeparator: \.isWhitespace).map(String.init)
}

/// What reads archives: `libarchive`, or the libraries that the bundle names to have it inside the program.
let archiveLibraries =
    Context.environment["PALINOTE_ARCHIVE_LIBRARIES"]?.split(separator: " ").map(String.init) ?? ["archive"]

/// Arrows point down only: a target may use what its line names, and nothing above it.
/// docs/architecture.md says what each target is for.
let package = Package(
    name: "palinote",
    products: [.executable(name: "palinote", targets: ["palinote"])],
    targets: [
        // Foreign libraries, behind headers of our own.
        .systemLibrary(name: "CLibEditLibrary", pkgConfig: "libedit"),
        .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3"])], linkerSettings: [.linkedLibrary("m")]),
        .target(
            name: "CImageCodecs", cSettings: [.unsafeFlags(["-O3"])],
            linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png")]),
        .target(
            name: "CCanvas", exclude: ["fonts"],
            cSettings: [.define("_GNU_SOURCE"), .unsafeFlags(includeFlags(of: "pangocairo"))],
            linkerSettings: [
                "pangocairo-1.0", "pangoft2-1.0", "pango-1.0", "gobject-2.0", "cairo", "fontconfig",
            ].map { .linkedLibrary($0) }),
        .target(name: "CCUDAKernels", exclude: ["Kernels"]),
        .target(name: "CScenes", cSettings: [.unsafeFlags(["-O3", "-ffp-contract=off"])]),
        .target(name: "CArchive", linkerSettings: archiveLibraries.map { .linkedLibrary($0) }),
        .target(name: "CSentencePiece", linkerSettings: [.linkedLibrary("sentencepiece")]),
        .target(name: "CLibEdit", dependencies: ["CLibEditLibrary"]),
        .target(name: "CTransfer"),
        .target(name: "CSystem", cSettings: [.unsafeFlags(["-O3"])]),

        // Text for machines, files.
        .target(name: "JSON"),
        .target(name: "Files"),

        // Numbers.
        .target(name: "Tensors"),
        .target(name: "CPUBackend", dependencies: ["Tensors", "CKernels"]),
        .target(name: "CUDABackend", dependencies: ["Tensors", "CCUDAKernels"]),
        .target(name: "Checkpoints", dependencies: ["Tensors", "JSON", "Files"]),

        // Text, pictures, boxes.
        .target(name: "Tokenization", dependencies: ["CSentencePiece", "JSON", "Files"]),
        .target(name: "Images", dependencies: ["CImageCodecs", "CCanvas", "CSystem"]),
        .target(name: "Detection", dependencies: ["Images", "JSON"]),
        .target(name: "Datasets", dependencies: ["Tensors", "Images", "Detection", "JSON", "Files"]),
        .target(name: "Scenes", dependencies: ["Tensors", "Images", "Detection", "CScenes"]),

        // The model and its training.
        .target(name: "Models", dependencies: ["Tensors", "Checkpoints", "Tokenization", "Images", "JSON"]),
        .target(
            name: "Training",
            dependencies: [
                "Models", "Datasets", "Scenes", "Detection", "Images", "Checkpoints", "Tensors", "Files", "JSON",
            ]),

        // The notebook.
        .target(name: "Hub", dependencies: ["Files", "CArchive", "CTransfer"]),
        .target(name: "Console", dependencies: ["JSON"]),
        .target(
            name: "Workbench",
            dependencies: [
                "Console", "Training", "Models", "Datasets", "Scenes", "Detection", "Images", "Tokenization",
                "Checkpoints",
                "Tensors",
                "Hub", "CPUBackend", "CUDABackend", "CSystem", "JSON",
            ]),
        .target(name: "Shell", dependencies: ["Workbench", "CLibEdit", "CSystem"]),
        .executableTarget(name: "palinote", dependencies: ["Shell", "Workbench"]),

        // Tests, one target for each target above.
        .target(
            name: "CUDAEmulator", dependencies: ["CCUDAKernels"], path: "Tests/CUDAEmulator",
            cxxSettings: [
                .headerSearchPath("Device"),
                .unsafeFlags(["-O2", "-fno-strict-aliasing", "-ffp-contract=off", "-Wno-pass-failed"]),
            ]),
        .target(
            name: "CUDATestSupport", dependencies: ["CUDABackend", "CUDAEmulator"], path: "Tests/CUDATestSupport"),
        .target(name: "TestSupport", dependencies: ["Tensors", "Checkpoints"], path: "Tests/TestSupport"),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "TestSupport"]),
        .testTarget(name: "FilesTests", dependencies: ["Files", "TestSupport"]),
        .testTarget(
            name: "TensorsTests",
            dependencies: ["Tensors", "Checkpoints", "CPUBackend", "CUDABackend", "CUDATestSupport", "TestSupport"]),
        .testTarget(name: "CPUBackendTests", dependencies: ["CPUBackend", "TestSupport"]),
        .testTarget(
            name: "CUDABackendTests",
            dependencies: [
                "CUDABackend", "CCUDAKernels", "CUDATestSupport", "CUDAEmulator", "CPUBackend", "TestSupport",
            ]),
        .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints", "JSON", "TestSupport"]),
        .testTarget(name: "TokenizationTests", dependencies: ["Tokenization", "JSON", "TestSupport"]),
        .testTarget(name: "ImagesTests", dependencies: ["Images", "CSystem", "TestSupport"]),
        .testTarget(name: "DetectionTests", dependencies: ["Detection", "JSON", "TestSupport"]),
        .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "JSON", "TestSupport"]),
        .testTarget(name: "ScenesTests", dependencies: ["Scenes", "Detection", "Tensors", "TestSupport"]),
        .testTarget(
            name: "ModelsTests",
            dependencies: [
                "Models", "CPUBackend", "CUDABackend", "CUDAEmulator", "CUDATestSupport", "JSON", "TestSupport",
            ]),
        .testTarget(
            name: "TrainingTests",
            dependencies: ["Training", "CPUBackend", "CUDABackend", "CUDATestSupport", "JSON", "TestSupport"]),
        .testTarget(name: "HubTests", dependencies: ["Hub", "TestSupport"]),
        .testTarget(name: "ConsoleTests", dependencies: ["Console", "TestSupport"]),
        .testTarget(
            name: "WorkbenchTests",
            dependencies: ["Workbench", "Models", "Images", "CPUBackend", "JSON", "TestSupport", "palinote"]),
        .testTarget(
            name: "ShellTests",
            dependencies: ["Shell", "Workbench", "Console", "Images", "JSON", "CSystem", "TestSupport", "palinote"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu2x,
    cxxLanguageStandard: .cxx17
)
