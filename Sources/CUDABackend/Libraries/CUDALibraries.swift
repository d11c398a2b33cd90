import FoundationEssentials

/// Where the libraries of CUDA are looked for. A value: the front end, which may read the environment, makes it.
package struct CUDALibraries: Sendable {
    /// Folders that are looked into for cuBLASLt and NVRTC, in order, before the loader's own.
    package var folders: [String]
    /// What stands in for all libraries, in tests.
    package var substitute: (any SymbolSource)?

    /// Libraries in `folders` or where the loader finds them.
    package init(folders: [String] = [], substitute: (any SymbolSource)? = nil) {
        self.folders = folders
        self.substitute = substitute
    }

    /// The customary folders that exist: `lib64` of a CUDA installation, then those of pip's packages.
    ///
    /// - Parameters:
    ///   - cudaHome: what `CUDA_HOME` says, if it does.
    ///   - pythonFolders: folders that may hold `lib/python3.*/site-packages`: a virtual environment, `~/.local`, `/usr/local`.
    package static func customary(cudaHome: String?, pythonFolders: [String]) -> CUDALibraries {
        let homes = (cudaHome.map { [$0] } ?? []) + ["/usr/local/cuda"]
        let installed = homes.flatMap { ["\($0)/lib64", "\($0)/lib"] }
        let packages = pythonFolders.flatMap { folder in
            subfolders(of: "\(folder)/lib").filter { $0.contains("/python3") }.flatMap {
                ["\($0)/site-packages/nvidia", "\($0)/dist-packages/nvidia"]
            }
        }
        let ofPackages = packages.flatMap { subfolders(of: $0).map { "\($0)/lib" } }
        return CUDALibraries(folders: (installed + ofPackages).filter { FileManager.default.fileExists(atPath: $0) })
    }

    private static func subfolders(of folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().map { "\(folder)/\($0)" }
    }
}

/// One of CUDA's libraries.
enum CUDALibrary: String {
    case driver = "libcuda"
    case products = "libcublasLt"
    case compiler = "libnvrtc"
    case monitor = "libnvidia-ml"

    /// The versions that are understood, best first. A library for CUDA 13 needs a driver that knows CUDA 13.
    func fileNames(driverVersion: Int) -> [String] {
        switch self {
        case .driver, .monitor: ["\(rawValue).so.1"]
        case .products, .compiler: (driverVersion >= 13_000 ? [13, 12] : [12]).map { "\(rawValue).so.\($0)" }
        }
    }
}

extension CUDALibraries {
    /// Opens a library.
    func open(_ library: CUDALibrary, driverVersion: Int = 0) throws(GPUUnavailable) -> FunctionReader {
        let names = library.fileNames(driverVersion: driverVersion)
        if let substitute { return FunctionReader(library: names[0], source: substitute) }
        let folders = library == .driver || library == .monitor ? [] : folders
        for name in names {
            for folder in folders where FileManager.default.fileExists(atPath: "\(folder)/\(name)") {
                if library == .compiler { openOtherHalf(in: folder) }
                if let shared = SharedLibrary("\(folder)/\(name)") {
                    return FunctionReader(library: name, source: shared)
                }
            }
            if let shared = SharedLibrary(name) { return FunctionReader(library: name, source: shared) }
        }
        if library == .driver { throw .noDriver(library: names[0]) }
        throw .missingLibrary(names: names, folders: folders)
    }

    /// Opens what NVRTC opens by name when it compiles: it asks the loader alone, which does not know pip's folders.
    private func openOtherHalf(in folder: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names.sorted() where name.hasPrefix("libnvrtc-builtins.so") {
            _ = SharedLibrary("\(folder)/\(name)")
        }
    }
}
