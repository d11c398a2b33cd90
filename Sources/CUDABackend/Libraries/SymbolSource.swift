import Glibc

/// Where the functions of a library come from: a shared library, or what stands in for one in tests.
package protocol SymbolSource: Sendable {
    /// The address of a function, or nil if there is none of that name.
    func symbol(_ name: String) -> UnsafeMutableRawPointer?
}

/// A library opened by the loader. It stays open while the program runs, since tables of its functions are kept.
struct SharedLibrary: SymbolSource, @unchecked Sendable {  // The handle never changes, and dlsym takes any thread.
    private let handle: UnsafeMutableRawPointer

    /// Opens a file, or what the loader finds under a name; nil if there is none that can be opened.
    init?(_ name: String) {
        guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { return nil }
        self.handle = handle
    }

    func symbol(_ name: String) -> UnsafeMutableRawPointer? { dlsym(handle, name) }
}

/// Reads the functions of one library into a table.
struct FunctionReader {
    /// The library as messages name it.
    let library: String
    /// Where its functions are.
    let source: any SymbolSource

    /// The function `name`, which has the C type `Function`.
    func function<Function>(_ name: String) throws(GPUUnavailable) -> Function {
        guard let address = source.symbol(name) else { throw .missingFunction(library: library, name: name) }
        return unsafeBitCast(address, to: Function.self)
    }

    /// The function `name`, which has the C type `Function`; nil if the library is too old for it.
    func functionIfThere<Function>(_ name: String) -> Function? {
        source.symbol(name).map { unsafeBitCast($0, to: Function.self) }
    }
}
