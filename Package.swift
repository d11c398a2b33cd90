// swift-tools-version: 6.0
import PackageDescription

/// Arrows point down only: a target may use what its line names, and nothing above it.
/// docs/architecture.md says what each target is for.
let package = Package(
    name: "palinote",
    products: [.executable(name: "palinote", targets: ["palinote"])],
    targets: [
        // Foreign libraries, behind headers of our own.
        .systemLibrary(name: "CLibEditLibrary", pkgConfig: "libedit"),
        .systemLibrary(name: "CCairoLibrary", pkgConfig: "pangocairo"),
        .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3"])], linkerSettings: [.linkedLibrary("m")]),
        .target(
            name: "CImageCodecs", cSettings: [.unsafeFlags(["-O3"])],
            linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png")]),
        .target(
            name: "CCanvas", dependencies: ["CCairoLibrary"], exclude: ["fonts"], cSettings: [.define("_GNU_SOURCE")],
            linkerSettings: [.linkedLibrary("pangoft2-1.0"), .linkedLibrary("fontconfig")]),
        .target(name: "CSentencePiece", linkerSettings: [.linkedLibrary("sentencepiece")]),
        .target(name: "CLibEdit", dependencies: ["CLibEditLibrary"]),
        .target(name: "CSystem"),

        // Numbers.
        .target(name: "Tensors"),
        .target(name: "CPUBackend", dependencies: ["Tensors", "CKernels"]),
        .target(name: "Checkpoints", dependencies: ["Tensors"]),

        // Text, pictures, boxes.
        .target(name: "Tokenization", dependencies: ["CSentencePiece"]),
        .target(name: "Images", dependencies: ["CImageCodecs", "CCanvas"]),
        .target(name: "Detection", dependencies: ["Images"]),
        .target(name: "Datasets", dependencies: ["Images", "Detection"]),

        // The model and its training.
        .target(name: "Models", dependencies: ["Tensors", "Checkpoints", "Tokenization", "Images"]),
        .target(name: "Training", dependencies: ["Models", "Datasets", "Detection"]),

        // The notebook.
        .target(name: "Hub"),
        .target(name: "Console"),
        .target(
            name: "Workbench",
            dependencies: ["Console", "Training", "Hub", "CPUBackend", "CSystem"]),
        .target(name: "Shell", dependencies: ["Workbench", "CLibEdit"]),
        .executableTarget(name: "palinote", dependencies: ["Shell", "Workbench"]),

        // Tests, one target for each target above.
        .target(name: "TestSupport", dependencies: ["Tensors", "Checkpoints"], path: "Tests/TestSupport"),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors", "CPUBackend", "TestSupport"]),
        .testTarget(name: "CPUBackendTests", dependencies: ["CPUBackend", "TestSupport"]),
        .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints", "TestSupport"]),
        .testTarget(name: "TokenizationTests", dependencies: ["Tokenization", "TestSupport"]),
        .testTarget(name: "ImagesTests", dependencies: ["Images", "CImageCodecs", "TestSupport"]),
        .testTarget(name: "DetectionTests", dependencies: ["Detection", "TestSupport"]),
        .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "TestSupport"]),
        .testTarget(name: "ModelsTests", dependencies: ["Models", "CPUBackend", "TestSupport"]),
        .testTarget(name: "TrainingTests", dependencies: ["Training", "CPUBackend", "TestSupport"]),
        .testTarget(name: "HubTests", dependencies: ["Hub", "TestSupport"]),
        .testTarget(name: "ConsoleTests", dependencies: ["Console", "TestSupport"]),
        .testTarget(name: "WorkbenchTests", dependencies: ["Workbench", "TestSupport"]),
        .testTarget(name: "ShellTests", dependencies: ["Shell", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu2x,
    cxxLanguageStandard: .cxx17
)
