import FoundationEssentials

/// How a `CUDABackend` computes, and where it finds what it needs.
package struct CUDAOptions: Sendable {
    /// Which card, counted as the driver does, from 0.
    package var deviceIndex = 0
    /// Where CUDA's libraries are.
    package var libraries = CUDALibraries()
    /// Where compiled kernels are kept; nil compiles at each start.
    package var kernelCacheFolder: String?
    /// The most bytes of the card that tensors may take; nil for all that is free.
    package var memoryBudget: Int?
    /// Whether all programs of kernels are compiled at once, by as many threads, when one is first missing from the cache:
    /// then the first step is fast. With few processors only what is needed is compiled.
    package var compilesAhead = ProcessInfo.processInfo.activeProcessorCount >= 8
    /// Whether freed memory is kept for reuse. Without, each tensor has memory of its own, so that tools such as
    /// compute-sanitizer notice an access beside one.
    package var keepsFreedMemory = true

    /// Whether kernels of a decoding step may start before the one in front of them is done, on cards and drivers that can.
    package var overlapsLaunches = true

    /// Whether attention goes to kernels for warpgroups, on cards that have them.
    package var usesWarpgroups = true

    /// The defaults: the first card, libraries where the loader finds them, no cache.
    package init() {}
}
