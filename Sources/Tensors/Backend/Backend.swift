/// A device that allocates, copies and computes: about 30 coarse kernels, each taking one call.
///
/// Rules that every backend keeps, and the conformance suite checks:
/// - Inputs are never changed. Outputs are written whole, or added to where the call says `accumulate`.
/// - Sums run in float32 at least, and are rounded once to the output's type.
/// - A result's bits do not depend on the number of threads, nor on which other rows are in the call:
///   row `i` of a product, norm or attention is the same alone as in a batch. A GPU computes products of at most 16 rows
///   otherwise than larger ones; rows are alike within either kind.
/// - Real operands of one call have one element type unless the call says otherwise.
/// - Shapes are checked by the caller (`Operations/`); a backend may assume them.
/// - Calls may be asynchronous. `read` waits for what it reads.
package protocol Backend: AnyObject {
    /// What this backend computes on.
    var device: Device { get }

    /// The kernels' own memory figures, for `resources`.
    var memory: BackendMemory { get }

    /// What it takes beside the tensors that are asked for; has a default.
    var memoryRules: MemoryRules { get }

    /// Whether tensors hold values. False in a rehearsal, whose reads give zeros: work on the host is left out there.
    var holdsValues: Bool { get }

    /// Refuses a type that layers cannot compute in here, and says what to use; has a default.
    func requireComputing(in type: ElementType) throws(TensorError)

    /// The most bytes that tensors may take, nil where the device sets no bound of its own; has a default.
    var capacity: Int? { get }

    /// Memory with undefined contents, aligned to 64 bytes. `label` names it in an out-of-memory error.
    func allocate(byteCount: Int, label: StaticString) throws(TensorError) -> any Storage

    /// Memory that holds `bytes`, which stay valid as long as `owner` lives. A CPU shares them; a GPU copies them.
    func adopt(_ bytes: UnsafeRawBufferPointer, owner: AnyObject) throws(TensorError) -> any Storage

    /// Copies from the host.
    func write(_ bytes: UnsafeRawBufferPointer, to storage: any Storage, byteOffset: Int) throws(TensorError)

    /// Copies to the host, after what was asked for before has been done.
    func read(
        _ storage: any Storage, byteOffset: Int, into bytes: UnsafeMutableRawBufferPointer
    ) throws(TensorError)

    /// Waits until everything that was asked for has been done.
    func synchronize() throws(TensorError)

    /// Gives memory that is kept for reuse back to the system; has a default.
    func releaseUnused()

    // Elements and rows.
    func fill(_ call: FillCall) throws(TensorError)
    func convert(_ call: ConvertCall) throws(TensorError)
    func add(_ call: AddCall) throws(TensorError)
    func scale(_ call: ScaleCall) throws(TensorError)
    func dropout(_ call: DropoutCall) throws(TensorError)
    func gatherRows(_ call: GatherRowsCall) throws(TensorError)
    func scatterRows(_ call: ScatterRowsCall) throws(TensorError)
    func writeColumns(_ call: WriteColumnsCall) throws(TensorError)
    func extractPatches(_ call: ExtractPatchesCall) throws(TensorError)
    /// Has a default that works on every device.
    func extractPatches(_ call: ExtractBytePatchesCall) throws(TensorError)
    func sumColumns(_ call: SumColumnsCall) throws(TensorError)
    func sumOfSquares(_ call: SumOfSquaresCall) throws(TensorError)
    /// The same bits as one call after another, which is the default; faster on devices where a call costs more than its work.
    func sumOfSquares(_ calls: [SumOfSquaresCall]) throws(TensorError)

    // Products.
    func matmul(_ call: MatmulCall) throws(TensorError)
    /// Has a default that works on every device, as have the next two.
    func matmul(_ call: SharedMatmulCall) throws(TensorError)
    /// Rooms for the outputs of a `SharedMatmulCall`, where the device likes them best.
    func makeOutputs(of weights: [Tensor], for a: Tensor) throws(TensorError) -> [Tensor]
    func matmul(_ call: GatedMatmulCall) throws(TensorError)
    /// The same bits as one call after another, which is the default; no two calls write to the same memory.
    func matmul(_ calls: [MatmulCall]) throws(TensorError)
    /// Has a default that works on every device.
    func matmul(_ call: SummedMatmulCall) throws(TensorError)
    /// Whether products of one input, or with a narrow side, are faster together than each where it comes up; has a default.
    var joinsProducts: Bool { get }

    // Columns; both have a default that works on every device.
    func scaleColumns(_ call: ScaleColumnsCall) throws(TensorError)
    func dotColumns(_ call: DotColumnsCall) throws(TensorError)

    // Quantized weights; both have a default that works on every device.
    func dequantize(_ call: DequantizeCall) throws(TensorError)
    func matmul(_ call: QuantizedMatmulCall) throws(TensorError)

    // Norms and activations.
    func rmsNorm(_ call: RMSNormCall) throws(TensorError)
    /// Has a default that works on every device.
    func rmsNorm(_ call: RMSNormPairCall) throws(TensorError)
    func rmsNormBackward(_ call: RMSNormBackwardCall) throws(TensorError)
    func layerNorm(_ call: LayerNormCall) throws(TensorError)
    func layerNormBackward(_ call: LayerNormBackwardCall) throws(TensorError)
    func gelu(_ call: GELUCall) throws(TensorError)
    func geluBackward(_ call: GELUBackwardCall) throws(TensorError)
    func gatedGELU(_ call: GatedGELUCall) throws(TensorError)
    func gatedGELUBackward(_ call: GatedGELUBackwardCall) throws(TensorError)
    /// Has a default that works on every device, as has the next.
    func gatedGELU(_ call: AdaptedGatedGELUCall) throws(TensorError)
    func gatedGELUBackward(_ call: AdaptedGatedGELUBackwardCall) throws(TensorError)

    // Attention.
    func rotary(_ call: RotaryCall) throws(TensorError)
    /// No two calls write to the same memory. Has a default, one call after another.
    func rotary(_ calls: [RotaryCall]) throws(TensorError)
    func attention(_ call: AttentionCall) throws(TensorError)
    func attentionBackward(_ call: AttentionBackwardCall) throws(TensorError)

    /// Something that runs the same calls again and again, faster from the third time on where the device can.
    func makeRepeater() -> any Repeater

    // Tokens that follow a cache; all have a default that works on every device.
    func writeCache(_ call: WriteCacheCall) throws(TensorError)
    func rotary(_ call: RotaryCacheCall) throws(TensorError)
    func attention(_ call: CachedAttentionCall) throws(TensorError)

    // Ends: loss, choice.
    func softCap(_ call: SoftCapCall) throws(TensorError)
    func crossEntropy(_ call: CrossEntropyCall) throws(TensorError)
    /// Has a default that works on every device.
    func absoluteError(_ call: AbsoluteErrorCall) throws(TensorError)
    func argmaxRows(_ call: ArgmaxRowsCall) throws(TensorError)

    // Updates of weights. No two calls write to the same memory; each has the bits that it has alone.
    func adamW(_ call: AdamWCall) throws(TensorError)
    /// Has a default, one call after another.
    func adamW(_ calls: [AdamWCall]) throws(TensorError)
    func adamW(_ calls: [BlockwiseAdamWCall]) throws(TensorError)
    func descend(_ calls: [GradientDescentCall]) throws(TensorError)
    func adafactor(_ calls: [AdafactorCall]) throws(TensorError)
}

/// What a backend's tensors take, in bytes.
package struct BackendMemory: Sendable, Equatable {
    /// Held by live tensors.
    package var allocated: Int
    /// Held from the system, in use or kept for reuse.
    package var reserved: Int
    /// The most that was ever allocated.
    package var peak: Int

    /// States the three figures.
    package init(allocated: Int, reserved: Int, peak: Int) {
        self.allocated = allocated
        self.reserved = reserved
        self.peak = peak
    }
}
