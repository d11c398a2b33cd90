/// The loss of a tied head over chosen rows: logits are made for these rows alone, a chunk at a time, and never kept.
///
/// - Parameters:
///   - hidden: `[R, D]`, one row for each label.
///   - table: `[V, D]`, the embedding.
///   - targets: `R` ids.
///   - weights: what each row's loss counts: `1 / n` for a mean over `n` labels.
///   - softCap: bounds the logits.
///   - smoothing: the share of each label that is spread over all ids, as transformers' `LabelSmoother` does.
///   - spread: how labels among some ids are spread over their neighbours.
///   - chunkRows: the most rows whose logits are made at a time.
/// - Returns: the weighted loss of each row, float32 `[R]`; what is minimized is their sum.
/// - Throws: `TensorError.shapeMismatch`, or `TensorError.index` if a target is outside the table.
package func headLoss(
    hidden: Tensor, table: Tensor, targets: [Int32], weights: [Float], softCap: Float?, smoothing: Float = 0,
    spread: TargetSpread? = nil, chunkRows: Int = 256
) throws(TensorError) -> Tensor {
    guard hidden.columns == table.columns, hidden.rows == targets.count, targets.count == weights.count else {
        throw .shapeMismatch(operation: "head loss", hidden.shape, [targets.count, table.columns])
    }
    if let wrong = targets.first(where: { $0 < 0 || $0 >= table.rows }) {
        throw .index(operation: "head loss", found: Int(wrong), limit: table.rows)
    }
    let backend = hidden.backend
    let losses = try Tensor(uninitialized: [targets.count], .float32, on: backend)
    let wantsGradient = hidden.requiresGradient || table.requiresGradient
    let hiddenGradient =
        wantsGradient ? try Tensor(uninitialized: hidden.shape, hidden.elementType, on: backend) : nil
    var kept: [(rows: Range<Int>, gradient: Tensor)] = []
    let chunk = max(1, min(chunkRows, targets.count))
    for start in stride(from: 0, to: targets.count, by: chunk) {
        let range = start..<min(start + chunk, targets.count)
        let rows = hidden.viewed(as: [hidden.rows, hidden.columns]).part(range)
        let gradient = try chunkLoss(
            rows, table: table, targets: Array(targets[range]), weights: Array(weights[range]), softCap: softCap,
            smoothing: smoothing, spread: spread, losses: losses.part(range), wantsGradient: wantsGradient)
        guard let gradient, let hiddenGradient else { continue }
        var product = MatmulCall(
            a: gradient, b: table.detached,
            output: hiddenGradient.viewed(as: [hidden.rows, hidden.columns]).part(range))
        product.reusesB = !table.requiresGradient
        try backend.matmul(product)
        if table.requiresGradient { kept.append((range, gradient)) }
    }
    guard let hiddenGradient else { return losses }
    return Tape.record(losses, from: [hidden, table]) {
        HeadLossBackward(
            hidden: hidden.detached, hiddenGradient: hiddenGradient, tableShape: table.shape, logitsGradients: kept)
    }
}

/// The losses of some rows, and the gradient of their logits if it is wanted, in the type of `rows`.
private func chunkLoss(
    _ rows: Tensor, table: Tensor, targets: [Int32], weights: [Float], softCap: Float?, smoothing: Float,
    spread: TargetSpread?, losses: Tensor, wantsGradient: Bool
) throws(TensorError) -> Tensor? {
    let backend = rows.backend
    let logits = try Tensor(uninitialized: [rows.rows, table.rows], .float32, on: backend, label: "logits")
    var product = MatmulCall(a: rows, b: table.detached, output: logits)
    product.transposeB = true
    product.reusesB = !table.requiresGradient
    try backend.matmul(product)
    var gradient: Tensor?
    if wantsGradient {
        gradient =
            rows.elementType == .float32
            ? logits : try Tensor(uninitialized: logits.shape, rows.elementType, on: backend, label: "logits gradient")
    }
    var call = try CrossEntropyCall(
        logits: logits, softCap: softCap, targets: Tensor(targets, shape: [targets.count], on: backend),
        weights: Tensor(weights, shape: [weights.count], on: backend), losses: losses, logitsGradient: gradient)
    call.smoothing = smoothing
    call.spread = spread
    try backend.crossEntropy(call)
    return gradient
}

/// The end of the chain: the gradients were made with the losses, for the sum of the losses.
private struct HeadLossBackward: BackwardOperation {
    let hidden: Tensor
    let hiddenGradient: Tensor
    let tableShape: [Int]
    let logitsGradients: [(rows: Range<Int>, gradient: Tensor)]

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        try gradients.add(hiddenGradient, to: 0)
        let backend = hidden.backend
        let rows = hidden.viewed(as: [hidden.rows, hidden.columns])
        for (range, gradient) in logitsGradients {
            try gradients.accumulate(to: 1, shape: tableShape, elementType: .float32, on: backend) {
                (target, accumulate) throws(TensorError) in
                var product = MatmulCall(a: gradient, b: rows.part(range), output: target)
                product.transposeA = true
                product.accumulate = accumulate
                try backend.matmul(product)
            }
        }
    }
}

extension Tape {
    /// Walks back from the losses of `headLoss`, minimizing their sum.
    package func backward(fromLosses losses: Tensor) throws(TensorError) {
        try backward(fromLosses: [losses])
    }

    /// Walks back from several vectors of losses, minimizing the sum of them all.
    package func backward(fromLosses vectors: [Tensor]) throws(TensorError) {
        var roots: [(root: Tensor, seed: Tensor)] = []
        for losses in vectors {
            roots.append((losses, try .filled(1, shape: losses.shape, .float32, on: losses.backend)))
        }
        try backward(from: roots)
    }
}
