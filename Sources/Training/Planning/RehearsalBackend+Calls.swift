import Tensors

/// Calls are counted by shape, and nothing is computed.
extension RehearsalBackend {
    package func fill(_ call: FillCall) throws(TensorError) { count(.move, call.output) }
    package func convert(_ call: ConvertCall) throws(TensorError) { count(.move, call.output) }
    package func add(_ call: AddCall) throws(TensorError) { count(.move, call.output) }
    package func scale(_ call: ScaleCall) throws(TensorError) { count(.move, call.output) }
    package func dropout(_ call: DropoutCall) throws(TensorError) { count(.move, call.output) }
    package func gatherRows(_ call: GatherRowsCall) throws(TensorError) { count(.move, call.output) }
    package func scatterRows(_ call: ScatterRowsCall) throws(TensorError) { count(.move, call.source) }
    package func writeColumns(_ call: WriteColumnsCall) throws(TensorError) { count(.move, call.source) }
    package func extractPatches(_ call: ExtractPatchesCall) throws(TensorError) { count(.move, call.output) }
    package func sumColumns(_ call: SumColumnsCall) throws(TensorError) { count(.move, call.input) }
    package func sumOfSquares(_ call: SumOfSquaresCall) throws(TensorError) { count(.move, call.input) }
    package func scaleColumns(_ call: ScaleColumnsCall) throws(TensorError) { count(.move, call.output) }
    package func dotColumns(_ call: DotColumnsCall) throws(TensorError) { count(.move, call.a) }
    package func dequantize(_ call: DequantizeCall) throws(TensorError) { count(.move, call.output) }
    package func rmsNorm(_ call: RMSNormCall) throws(TensorError) { count(.rmsNorm, call.output) }
    package func rmsNormBackward(_ call: RMSNormBackwardCall) throws(TensorError) {
        count(.rmsNormBackward, call.input)
    }
    package func layerNorm(_ call: LayerNormCall) throws(TensorError) { count(.layerNorm, call.output) }
    package func layerNormBackward(_ call: LayerNormBackwardCall) throws(TensorError) {
        count(.layerNormBackward, call.input)
    }
    package func gelu(_ call: GELUCall) throws(TensorError) { count(.gelu, call.output) }
    package func geluBackward(_ call: GELUBackwardCall) throws(TensorError) { count(.geluBackward, call.input) }
    package func gatedGELU(_ call: GatedGELUCall) throws(TensorError) { count(.gatedGELU, call.output) }
    package func gatedGELUBackward(_ call: GatedGELUBackwardCall) throws(TensorError) {
        count(.gatedGELUBackward, call.gate)
    }
    package func gatedGELU(_ call: AdaptedGatedGELUCall) throws(TensorError) { count(.gatedGELU, call.output) }
    package func gatedGELUBackward(_ call: AdaptedGatedGELUBackwardCall) throws(TensorError) {
        count(.gatedGELUBackward, call.gateGradient)
    }
    package func rotary(_ call: RotaryCall) throws(TensorError) { count(.rotary, call.output) }
    package func softCap(_ call: SoftCapCall) throws(TensorError) { count(.move, call.output) }
    package func crossEntropy(_ call: CrossEntropyCall) throws(TensorError) { count(.crossEntropy, call.logits) }
    package func argmaxRows(_ call: ArgmaxRowsCall) throws(TensorError) { count(.move, call.input) }

    package func adamW(_ call: AdamWCall) throws(TensorError) {
        countUpdate(.adamW, of: call.parameter, call.rounded)
    }
    package func adamW(_ calls: [BlockwiseAdamWCall]) throws(TensorError) {
        for call in calls { countUpdate(.blockwiseAdamW, of: call.update.parameter, call.update.rounded) }
    }
    package func descend(_ calls: [GradientDescentCall]) throws(TensorError) {
        for call in calls { countUpdate(.gradientDescent, of: call.parameter, call.rounded) }
    }
    package func adafactor(_ calls: [AdafactorCall]) throws(TensorError) {
        for call in calls { countUpdate(.adafactor, of: call.parameter, call.rounded) }
    }

    package func matmul(_ call: MatmulCall) throws(TensorError) {
        pack(call)
        count(
            rows: call.output.rows, inner: call.transposeB ? call.b.columns : call.b.rows,
            columns: call.output.columns, call.a.elementType, call.output.elementType, transposesA: call.transposeA,
            transposesB: call.transposeB, reusesB: call.reusesB, isQuantized: false)
    }

    package func matmul(_ call: QuantizedMatmulCall) throws(TensorError) {
        if memoryRules.densifiesQuantized { return try multiplyDequantized(call) }
        count(
            rows: call.output.rows, inner: call.transposeB ? call.b.shape[1] : call.b.shape[0],
            columns: call.output.columns, call.a.elementType, call.output.elementType, transposesA: false,
            transposesB: call.transposeB, reusesB: false, isQuantized: true)
    }

    package func attention(_ call: AttentionCall) throws(TensorError) { count(call, isBackward: false) }

    package func attentionBackward(_ call: AttentionBackwardCall) throws(TensorError) {
        count(call.forward, isBackward: true)
    }
}

extension RehearsalBackend {
    private func count(_ stream: Workload.Stream, _ tensor: Tensor) {
        if stream == .move, tensor.elementType == .float32 || tensor.elementType == .bfloat16 {
            noteChange(of: tensor.storage)
        }
        workload.add(stream, tensor)
    }

    private func countUpdate(_ stream: Workload.Stream, of parameter: Tensor, _ rounded: Tensor?) {
        count(stream, parameter)
        for tensor in [parameter, rounded].compactMap(\.self) { noteChange(of: tensor.storage) }
    }

    private func count(
        rows: Int, inner: Int, columns: Int, _ type: ElementType, _ outputType: ElementType, transposesA: Bool,
        transposesB: Bool, reusesB: Bool, isQuantized: Bool
    ) {
        let product = Workload.Product(
            rows: rows, inner: inner, columns: columns, elementType: type, outputType: outputType,
            transposesA: transposesA, transposesB: transposesB, reusesB: reusesB, isQuantized: isQuantized)
        workload.products[product, default: 0] += 1
    }

    private func count(_ call: AttentionCall, isBackward: Bool) {
        let attention = Workload.Attention(
            batch: call.q.shape[0], queries: call.q.shape[1], keys: call.k.shape[1], heads: call.q.shape[2],
            keyHeads: call.k.shape[2], dimension: call.q.shape[3], elementType: call.q.elementType,
            isBackward: isBackward)
        workload.attentions[attention, default: 0] += 1
    }
}
