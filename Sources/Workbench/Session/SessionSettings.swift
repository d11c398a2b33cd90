import Console

/// What a session is told at its start and by `set`.
package struct SessionSettings: Sendable, Equatable {
    /// The instruction set that the CPU computes with.
    package enum InstructionSet: String, Choice {
        /// The best that the machine has.
        case auto
        /// Plain C.
        case portable
        /// AVX2 with FMA.
        case avx2
        /// AVX-512.
        case avx512
        /// AVX-512 with bfloat16 products.
        case avx512BF16 = "avx512_bf16"
    }

    /// The library that multiplies matrices.
    package enum MatrixLibrary: String, Choice {
        /// The program's own kernels.
        case auto
        /// oneDNN.
        case onednn
        /// OpenBLAS.
        case openblas
    }

    /// How a terminal shows pictures below the line that names their file.
    package enum Pictures: String, Choice {
        /// The best that the terminal is known for.
        case auto
        /// kitty's protocol.
        case kitty
        /// iTerm2's protocol.
        case iterm
        /// Sixels.
        case sixel
        /// Half-blocks.
        case blocks
        /// Not at all.
        case off
    }

    /// Whether the shell shows long output page by page.
    package enum Pager: String, Choice {
        /// Where it is taller than the screen.
        case on
        /// Never.
        case off
    }

    /// Where random streams start.
    package var seed: UInt64 = 42
    /// The device to compute on.
    package var device = DeviceChoice.auto
    /// Threads; 0 for every processor.
    package var threads = 0
    /// The instruction set.
    package var isa = InstructionSet.auto
    /// The matrix library.
    package var gemm = MatrixLibrary.auto

    /// How the shell shows pictures.
    package var pictures = Pictures.auto
    /// Whether the shell shows long output page by page.
    package var pager = Pager.on

    /// MiB that states to go back to may take besides the present one.
    package var undoBudget = 1024
    /// Seconds between two journalled checkpoints of a training.
    package var journalEvery = 30.0

    /// The settings of a session that was told nothing.
    package init() {}

    /// Every setting by name, with its value in words.
    var values: [(name: String, value: String)] {
        [
            ("seed", String(seed)), ("device", device.name), ("threads", String(threads)), ("isa", isa.rawValue),
            ("gemm", gemm.rawValue), ("images", pictures.rawValue), ("pager", pager.rawValue),
            ("undo-budget", String(undoBudget)),
            ("journal-every", "\(journalEvery)"),
        ]
    }

    /// Takes a value as `values` writes it; false if the name or value is unknown.
    mutating func take(_ name: String, _ value: String) -> Bool {
        switch name {
        case "seed": Self.assign(UInt64(value), to: &seed)
        case "device": Self.assign(DeviceChoice(name: value), to: &device)
        case "threads": Self.assign(Int(value), to: &threads)
        case "isa": Self.assign(InstructionSet(rawValue: value), to: &isa)
        case "gemm": Self.assign(MatrixLibrary(rawValue: value), to: &gemm)
        case "images": Self.assign(Pictures(rawValue: value), to: &pictures)
        case "pager": Self.assign(Pager(rawValue: value), to: &pager)
        case "undo-budget": Self.assign(Int(value), to: &undoBudget)
        case "journal-every": Self.assign(Double(value), to: &journalEvery)
        default: false
        }
    }

    private static func assign<Value>(_ value: Value?, to place: inout Value) -> Bool {
        guard let value else { return false }
        place = value
        return true
    }

    /// These settings with what concerns the front end alone taken from `present`: going back leaves that as it is.
    func keepingFrontEnd(of present: SessionSettings) -> SessionSettings {
        var copy = self
        (copy.pictures, copy.pager, copy.undoBudget, copy.journalEvery) =
            (present.pictures, present.pager, present.undoBudget, present.journalEvery)
        return copy
    }

    /// Whether two sessions with these settings compute on the same open device.
    func hasSameDevice(as other: SessionSettings) -> Bool {
        (device, threads, isa, gemm) == (other.device, other.threads, other.isa, other.gemm)
    }
}
