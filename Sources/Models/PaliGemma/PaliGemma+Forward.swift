import Tensors

extension PaliGemma {
    /// The features of pictures, as the decoder reads them.
    ///
    /// - Parameter pixels: as `visionStates` takes them.
    /// - Returns: `[B * N, D]`, row by row of patches.
    package func imageFeatures(_ pixels: Tensor, _ pass: Pass = Pass()) throws(TensorError) -> Tensor {
        try features(ofVisionStates: visionStates(pixels, pass), pass)
    }

    /// What the vision tower says of pictures, before the projector.
    ///
    /// - Parameter pixels: float32 `[B, 3, S, S]`, normalized; or bytes `[B, S, S, 3]`.
    /// - Returns: `[B, N, D']` in the type of the weights.
    package func visionStates(_ pixels: Tensor, _ pass: Pass = Pass()) throws(TensorError) -> Tensor {
        try tower(pixels, checkpointing(pass))
    }

    /// The features that the decoder reads, of what the tower says.
    ///
    /// - Returns: `[B * N, D]`.
    package func features(ofVisionStates states: Tensor, _ pass: Pass = Pass()) throws(TensorError) -> Tensor {
        let features = try projector(states, pass)
        pass.observe?("projector_out", features)
        return try features.reshaped(to: [features.rows, features.columns])
    }

    /// The hidden states of tokens after the last norm.
    ///
    /// - Parameters:
    ///   - tokens: rows that hold one image token for each row of `features`.
    ///   - features: `[B * N, D]`, in the order of the image tokens.
    /// - Returns: `[B, T, D]`.
    /// - Throws: `TensorError.shapeMismatch` if features and image tokens are not as many.
    package func hiddenStates(
        _ tokens: TokenBatch, features: Tensor, _ pass: Pass = Pass()
    ) throws(TensorError) -> Tensor {
        let imageID = Int32(configuration.imageTokenID)
        let places = tokens.ids.indices.filter { tokens.ids[$0] == imageID }.map { Int32($0) }
        let x = try decoder.embed(tokens.ids, pass).replacingRows(places, with: features)
            .reshaped(to: [tokens.count, tokens.length, configuration.text.hiddenSize])
        return try decoder(x, context(of: tokens), checkpointing(pass))
    }

    /// A trip that recomputes layers if the options say so.
    private func checkpointing(_ pass: Pass) -> Pass {
        var pass = pass
        pass.recomputes = options.gradientCheckpointing
        return pass
    }

    /// The loss of each label, weighted; their sum is what training minimizes.
    ///
    /// - Parameters:
    ///   - weight: what one label counts, or nil for a mean over all labels of the batch.
    ///   - smoothing: the share of each label that is spread over all ids.
    /// - Returns: float32 `[labels]`.
    package func losses(
        _ tokens: TokenBatch, features: Tensor, weight: Float? = nil, smoothing: Float = 0, _ pass: Pass = Pass()
    ) throws(TensorError) -> Tensor {
        let (hidden, labels) = try labelStates(tokens, features: features, pass)
        let weights = Array(repeating: weight ?? 1 / Float(labels.count), count: labels.count)
        return try labelLosses(hidden, labels, weights: weights, smoothing: smoothing, pass)
    }

    /// The hidden states that predict labels, and the labels.
    ///
    /// - Returns: `[labels, D]`, and an id for each.
    /// - Throws: `TensorError.argument` if the batch has no labels.
    package func labelStates(
        _ tokens: TokenBatch, features: Tensor, _ pass: Pass = Pass()
    ) throws(TensorError) -> (hidden: Tensor, labels: [Int32]) {
        let (places, labels) = tokens.predictions
        guard !labels.isEmpty else { throw .argument(operation: "loss", reason: "the batch has no labels") }
        return (try hiddenStates(tokens, features: features, pass).gatheringRows(places), labels)
    }

    /// The loss of each label by the tied head, weighted; parameters as of `headLoss`.
    package func labelLosses(
        _ hidden: Tensor, _ labels: [Int32], weights: [Float], smoothing: Float = 0, spread: TargetSpread? = nil,
        chunkRows: Int = 256, _ pass: Pass = Pass()
    ) throws(TensorError) -> Tensor {
        try headLoss(
            hidden: hidden, table: pass(decoder.table), targets: labels, weights: weights, softCap: finalSoftCap,
            smoothing: smoothing, spread: spread, chunkRows: chunkRows)
    }

    /// The capped logits of some rows of hidden states.
    ///
    /// - Parameters:
    ///   - hidden: `[.., D]`.
    ///   - part: rows of the head, `[V', D]`, where not all are wanted; `headRows` gives them.
    /// - Returns: float32 `[R, V]`, or `[R, V']`.
    package func logits(_ hidden: Tensor, over part: Tensor? = nil) throws(TensorError) -> Tensor {
        let rows = hidden.detached.viewed(as: [hidden.rows, hidden.columns])
        let table = part ?? decoder.table.value
        let logits = try Tensor(uninitialized: [rows.rows, table.rows], .float32, on: backend, label: "logits")
        var product = MatmulCall(a: rows, b: table, output: logits)
        product.transposeB = true
        product.reusesB = true  // many tokens follow; a write to the table drops its packed form
        try backend.matmul(product)
        if let cap = finalSoftCap { try backend.softCap(SoftCapCall(input: logits, cap: cap, output: logits)) }
        return logits
    }

    /// Some rows of the head, as they are now.
    package func headRows(_ range: Range<Int>) -> Tensor { decoder.table.value.part(range) }

    /// The bound of final logits under the options.
    var finalSoftCap: Float? {
        options.finalSoftCap == .config ? configuration.text.finalSoftCap.map { Float($0) } : nil
    }

    private func context(of tokens: TokenBatch) throws(TensorError) -> DecoderContext {
        let countsPadding = options.compatibility == .period && tokens.labels != nil && tokens.packing == nil
        let spares = options.compatibility == .newest
        let positions = try Tensor(
            tokens.positions(countingPadding: countsPadding), shape: [tokens.ids.count], on: backend)
        let packed = tokens.packing.map { PackedAttention(tokens, $0, windowSparesPrefix: spares) }
        return DecoderContext(
            positions: positions, sight: packed.map { .packed($0) } ?? .rows(mask(of: tokens)), window: window)
    }

    /// Who sees whom among tokens that stand alone, without a cache.
    func mask(of tokens: TokenBatch) -> AttentionMask {
        let isPeriod = options.compatibility == .period
        let sees = isPeriod && tokens.labels != nil ? tokens.tokenRanges.map { 0..<$0.upperBound } : tokens.tokenRanges
        return AttentionMask(keys: sees, prefixEnd: tokens.prefixEnds, windowSparesPrefix: !isPeriod)
    }

    /// How far even layers see under the options.
    var window: Int? {
        options.slidingWindow == .config ? configuration.text.slidingWindow : nil
    }
}
