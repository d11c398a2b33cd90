import CCUDAKernels
import Glibc
import Tensors

/// Turns the kernels' sources into programs for one card, with NVRTC.
struct KernelCompiler {
    /// What one program is compiled from: everything that decides its bytes.
    struct Recipe {
        let name: String
        let source: UnsafePointer<ccudakernels_source>
        let options: [String]
        /// Names the bytes: of the texts, the options and the versions.
        let fingerprint: String
    }

    private let functions: CompilerFunctions
    private let version: String
    private let driverVersion: Int
    /// The architecture that the compiler knows and the card can run, and whether that is the card's own.
    private let architecture: (number: Int, isExact: Bool)

    /// Whether programs may use what the tensor cores of capability 9.0 alone can do: products of whole warpgroups.
    let hasWarpgroups: Bool

    /// Opens NVRTC for a card.
    init(
        _ libraries: CUDALibraries, driverVersion: Int, capability: Int, usesWarpgroups: Bool
    ) throws(GPUUnavailable) {
        let reader = try libraries.open(.compiler, driverVersion: driverVersion)
        functions = try CompilerFunctions(reader)
        var (major, minor): (Int32, Int32) = (0, 0)
        _ = functions.version(&major, &minor)
        version = "\(major).\(minor)"
        self.driverVersion = driverVersion
        var count: Int32 = 0
        _ = functions.architectureCount(&count)
        var known = [Int32](repeating: 0, count: max(1, Int(count)))
        _ = functions.architectures(&known)
        guard let best = known.map(Int.init).filter({ $0 <= capability && $0 > 0 }).max() else {
            throw .missingFunction(library: reader.library, name: "for compute capability \(capability)")
        }
        architecture = (best, best == capability)
        hasWarpgroups = usesWarpgroups && architecture == (90, true) && major >= 12
    }

    /// How the program of a number is made; none where the card has no use for it.
    func recipe(_ index: Int32) -> Recipe? {
        guard let program = ccudakernels_program_at(index)?.pointee, let source = program.source,
            hasWarpgroups || program.is_for_warpgroups == 0
        else { return nil }
        // A newer card than the compiler knows takes the assembly, which the driver translates.
        let number = "\(architecture.number)\(hasWarpgroups ? "a" : "")"
        var options = ["--gpu-architecture=\(architecture.isExact ? "sm" : "compute")_\(number)"]
        options += ["--std=c++17", "--fmad=false"]
        if program.head_size > 0 { options.append("-DHEAD_SIZE=\(program.head_size)") }
        if program.type >= 0 { options.append("-DELEMENT_TYPE=\(program.type)") }
        var fingerprint = Fingerprint()
        for option in options + [version, String(driverVersion)] { fingerprint.add(option) }
        for text in Self.headers + [source.pointee] {
            fingerprint.add(UnsafeRawBufferPointer(start: text.text, count: Int(text.byte_count)))
        }
        let name = String(cString: program.name)
        return Recipe(name: name, source: source, options: options, fingerprint: fingerprint.hexadecimal)
    }

    /// The programs that a run most likely needs which needs that of a number: the usual ones of its narrow type, or of
    /// the one that the card has, and those of float32. A program that is not usual is needed by itself.
    func programs(with index: Int32) -> [Int32] {
        guard let needed = ccudakernels_program_at(index)?.pointee, needed.is_usual != 0 else { return [index] }
        let bfloat16 = Int32(CCUDAKERNELS_BFLOAT16.rawValue)
        let float16 = Int32(CCUDAKERNELS_FLOAT16.rawValue)
        let narrow = needed.type > 0 ? needed.type : architecture.number >= 80 ? bfloat16 : float16
        return (0..<ccudakernels_program_count()).filter { index in
            guard let program = ccudakernels_program_at(index)?.pointee else { return false }
            return program.is_usual != 0 && (program.type <= 0 || program.type == narrow)
        }
    }

    /// Compiles a program.
    ///
    /// - Throws: `TensorError.library` with the first complaint of the compiler.
    func compile(_ recipe: Recipe) throws(TensorError) -> [UInt8] {
        var program: OpaquePointer?
        let headers = Self.headers
        let texts: [UnsafePointer<CChar>?] = headers.map(\.text)
        let names: [UnsafePointer<CChar>?] = headers.map(\.name)
        let source = recipe.source.pointee
        try check(
            functions.makeProgram(&program, source.text, source.name, Int32(headers.count), texts, names),
            "nvrtcCreateProgram")
        defer { _ = functions.destroyProgram(&program) }
        let options = recipe.options.map { strdup($0) }
        defer { for option in options { free(option) } }
        let status = functions.compile(program, Int32(options.count), options.map { UnsafePointer($0) })
        guard status == 0 else {
            let log = String(decoding: text(program, functions.logSize, functions.log), as: UTF8.self)
            let complaint = log.split(separator: "\n").first { $0.contains("error") }.map(String.init) ?? log
            throw .library(name: "NVRTC", call: "compiling \(recipe.name): \(complaint)", status: Int(status))
        }
        let binary =
            architecture.isExact
            ? text(program, functions.binarySize, functions.binary)
            : text(program, functions.assemblySize, functions.assembly)
        guard !binary.isEmpty else {
            throw .library(name: "NVRTC", call: "compiling \(recipe.name) gave nothing", status: 0)
        }
        return binary
    }
}

extension KernelCompiler {
    private static var headers: [ccudakernels_source] {
        (0..<ccudakernels_header_count()).compactMap { ccudakernels_header_at($0)?.pointee }
    }

    private func text(
        _ program: OpaquePointer?, _ size: (OpaquePointer?, UnsafeMutablePointer<Int>) -> Int32,
        _ read: (OpaquePointer?, UnsafeMutablePointer<CChar>) -> Int32
    ) -> [UInt8] {
        var count = 0
        guard size(program, &count) == 0, count > 0 else { return [] }
        var bytes = [CChar](repeating: 0, count: count)
        guard bytes.withUnsafeMutableBufferPointer({ read(program, $0.baseAddress.unsafelyUnwrapped) }) == 0 else {
            return []
        }
        return bytes.map(UInt8.init(bitPattern:))
    }

    private func check(_ status: Int32, _ call: String) throws(TensorError) {
        if status != 0 { throw .library(name: "NVRTC", call: call, status: Int(status)) }
    }
}

/// A 128-bit FNV-1a hash: names what a cached file was made from, and tells a damaged one.
struct Fingerprint {
    private var state: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d

    /// Adds bytes.
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes { state = (state ^ UInt128(byte)) &* 0x0000_0000_0100_0000_0000_0000_0000_013b }
    }

    /// Adds a text and its end.
    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
        state = (state ^ 0xFF) &* 0x0000_0000_0100_0000_0000_0000_0000_013b
    }

    /// 32 digits.
    var hexadecimal: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}
