import FoundationEssentials

/// Compiled programs in a folder, so that a second start need not compile. Anything wrong with a file means: not there.
struct KernelCache {
    /// The folder; nil keeps nothing.
    let folder: String?

    /// The bytes kept under a name, if they are whole.
    func read(_ recipe: KernelCompiler.Recipe) -> [UInt8]? {
        guard let file = file(recipe), let data = FileManager.default.contents(atPath: file) else { return nil }
        let bytes = [UInt8](data)
        guard bytes.count > 32, bytes.prefix(32).elementsEqual(seal(bytes[32...]).utf8) else { return nil }
        return Array(bytes[32...])
    }

    /// Keeps bytes under a name. A folder that cannot be written to costs a compilation at the next start, no more.
    func write(_ binary: [UInt8], _ recipe: KernelCompiler.Recipe) {
        guard let folder, let file = file(recipe) else { return }
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Written beside its place and renamed: another process sees all of it or nothing.
        try? Data(Array(seal(binary[...]).utf8) + binary).write(to: URL(fileURLWithPath: file), options: .atomic)
    }

    private func file(_ recipe: KernelCompiler.Recipe) -> String? {
        folder.map { "\($0)/\(recipe.name)-\(recipe.fingerprint).cubin" }
    }

    private func seal(_ bytes: ArraySlice<UInt8>) -> String {
        var fingerprint = Fingerprint()
        bytes.withUnsafeBytes { fingerprint.add($0) }
        return fingerprint.hexadecimal
    }
}
