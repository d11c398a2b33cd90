import Tensors

/// How fast kernels are on the shapes of the 3B model at 448 pixels: 1024 image tokens and 64 of text.
extension CUDASelfCheck {
    /// The median time of one kernel on one shape.
    package struct Timing: Sendable, Equatable {
        /// Such as `product 1088 x 9216 x 2304`.
        package var kernel: String
        package var seconds: Double
        /// The bytes that must be read and written, a second.
        package var bytesPerSecond: Double
        /// The floating-point operations of products and attention, a second; 0 for kernels that only move memory.
        package var operationsPerSecond: Double
    }

    /// Times kernels in bfloat16, or float16 where the card has no bfloat16.
    ///
    /// - Parameters:
    ///   - scale: divides the numbers of tokens, for a test without a card.
    ///   - report: told each time as it is measured.
    package static func time(
        _ backend: CUDABackend, scale: Int = 1, report: (Timing) -> Void
    ) throws(TensorError) {
        let type: ElementType = backend.context.device.capability >= 80 ? .bfloat16 : .float16
        for job in jobs(Plan(backend: backend, type: type, tokens: max(1, 1088 / scale), scale: scale)) {
            report(try measure(job, backend))
        }
    }
}

/// What is timed: makes its tensors, and returns what one round does.
private struct Job {
    let kernel: String
    /// Bytes that one round must move.
    let byteCount: Int
    var operations = 0.0
    let prepare: () throws(TensorError) -> (() throws(TensorError) -> Void)
}

/// The backend and the sizes of jobs.
private struct Plan {
    let backend: CUDABackend
    let type: ElementType
    let tokens: Int
    let scale: Int
    let numbers = CUDASelfCheck.Numbers()

    /// Random numbers: zeros are faster than real data.
    func tensor(_ shape: [Int], _ type: ElementType? = nil) throws(TensorError) -> Tensor {
        // Few numbers are drawn and then repeated, by odd strides, so that a large weight is quickly made.
        let drawn = min(shape.product, 65_521)
        let few = try Tensor(numbers.values("timing", drawn, deviation: 1), shape: [drawn], on: backend)
        let output = try Tensor.filled(0, shape: [shape.product], type ?? self.type, on: backend)
        let whole = shape.product / drawn * drawn
        let source = try few.converted(to: output.elementType)
        try backend.add(
            AddCall(
                a: output.viewed(as: [shape.product]).part(0..<whole), b: source, scale: 0.05,
                output: output.part(0..<whole)))
        return output.viewed(as: shape)
    }
}

extension CUDASelfCheck {
    /// Runs a job until its median is known; several sets of tensors take turns, so that none stays in the cache.
    private static func measure(_ job: Job, _ backend: CUDABackend) throws(TensorError) -> Timing {
        let setCount = max(1, min(6, (256 << 20) / max(job.byteCount, 1)))
        var rounds: [() throws(TensorError) -> Void] = []
        for _ in 0..<setCount { rounds.append(try job.prepare()) }
        var next = 0
        func run(_ count: Int) throws(TensorError) -> Double {
            let (begin, end) = (
                try CUDAEvent(backend.context, isTimed: true), try CUDAEvent(backend.context, isTimed: true)
            )
            try begin.record()
            for _ in 0..<count {
                try rounds[next % setCount]()
                next += 1
            }
            try end.record()
            try end.wait()
            return try begin.milliseconds(until: end) / 1000 / Double(count)
        }
        _ = try run(setCount)
        let first = try run(3)
        let count = max(1, min(50, Int(0.004 / max(first, 1e-7))))
        var times: [Double] = []
        for _ in 0..<15 { times.append(try run(count)) }
        let median = times.sorted()[times.count / 2]
        return Timing(
            kernel: job.kernel, seconds: median, bytesPerSecond: Double(job.byteCount) / median,
            operationsPerSecond: job.operations / median)
    }

    private static func jobs(_ plan: Plan) -> [Job] {
        productJobs(plan) + adapterJobs(plan) + decodeJobs(plan) + attentionJobs(plan) + memoryJobs(plan)
            + weightJobs(plan) + updateJobs(plan)
    }

    private static func productJobs(_ plan: Plan) -> [Job] {
        let (t, d, f) = (plan.tokens, 2304 / plan.scale, 9216 / plan.scale)
        let vocabulary = 257_216 / plan.scale
        return [
            product(plan, t, f, d), product(plan, t, d, f), product(plan, t, 2048 / plan.scale, d),
            product(plan, t, d, f, transposeB: false), product(plan, t, 4304 / plan.scale, 1152 / plan.scale),
            product(plan, t, 8, d), product(plan, t, 8, f), product(plan, t, 8, f, transposeB: false),
            product(plan, t, f, 8), product(plan, t, d, 8, transposeB: false),
            product(plan, 64, vocabulary, d, outputType: .float32), product(plan, 32, d, vocabulary, transposeB: false),
            weightGradient(plan, rows: f, columns: d), weightGradient(plan, rows: 8, columns: d),
            weightGradient(plan, rows: f, columns: 8),
        ] + [1, 8, 16].flatMap { [product(plan, $0, f, d), product(plan, $0, d, f)] }
            + [1, 8].map { product(plan, $0, vocabulary, d, outputType: .float32) }
    }

    private static func product(
        _ plan: Plan, _ m: Int, _ n: Int, _ k: Int, transposeB: Bool = true, outputType: ElementType? = nil
    ) -> Job {
        let outputType = outputType ?? plan.type
        return Job(
            kernel: "product \(m) x \(n) x \(k)\(transposeB ? "" : ", b as it is")",
            byteCount: 2 * (m * k + n * k) + outputType.byteCount * m * n,
            operations: 2 * Double(m) * Double(n) * Double(k)
        ) { () throws(TensorError) in
            var call = MatmulCall(
                a: try plan.tensor([m, k]), b: try plan.tensor(transposeB ? [n, k] : [k, n]),
                output: try plan.tensor([m, n], outputType))
            call.transposeB = transposeB
            let fixed = call
            return { () throws(TensorError) in try plan.backend.matmul(fixed) }
        }
    }

    /// What adapters of rank 8 on maps of one input take in a training step, forward and back.
    private static func adapterJobs(_ plan: Plan) -> [Job] {
        let (t, d, unit) = (plan.tokens, 2304 / plan.scale, 1024 / plan.scale)
        let feedForward = [false, true].map { isBackward in
            Job(
                kernel: "adapted GELU \(t) x \(9 * unit)\(isBackward ? ", backward" : "")",
                byteCount: (isBackward ? 10 : 6) * t * 9 * unit
            ) { () throws(TensorError) in
                let layer = try AdaptedGELU(rows: t, columns: 9 * unit, rank: 8) {
                    (_, shape, type) throws(TensorError) in try plan.tensor(shape, type)
                }
                return { () throws(TensorError) in
                    try isBackward
                        ? plan.backend.gatedGELUBackward(layer.backward) : plan.backend.gatedGELU(layer.forward)
                }
            }
        }
        return feedForward
            + [[2, 1, 1], [2]].flatMap { units in
                let outer = units.map { $0 * unit }
                let (columns, name) = (outer.reduce(0, +), outer.map(String.init).joined(separator: ", "))
                return [false, true].map { isBackward in
                    Job(
                        kernel: "adapters \(t) x (\(name)) x \(d)\(isBackward ? ", backward" : "")",
                        byteCount: isBackward ? t * (4 * columns + 6 * d) : t * (4 * columns + 2 * d)
                    ) { () throws(TensorError) in
                        let adapters = try Adapters(rows: t, inner: d, outer: outer, rank: 8) {
                            (_, shape, type) throws(TensorError) in try plan.tensor(shape, type)
                        }
                        return { () throws(TensorError) in
                            try isBackward
                                ? adapters.backward(on: plan.backend) : adapters.forward(on: plan.backend)
                        }
                    }
                }
            }
    }

    /// What a decoding step does beside attention and single products.
    private static func decodeJobs(_ plan: Plan) -> [Job] {
        let (d, f, key) = (2304 / plan.scale, 9216 / plan.scale, 1024 / plan.scale)
        let backend = plan.backend
        return [1, 8].flatMap { m in
            [
                Job(
                    kernel: "products of one input \(m) x (\(2 * key), \(key), \(key)) x \(d)", byteCount: 8 * key * d
                ) { () throws(TensorError) in
                    let columns = [2 * key, key, key]
                    var (weights, outputs): ([Tensor], [Tensor]) = ([], [])
                    for n in columns {
                        weights.append(try plan.tensor([n, d]))
                        outputs.append(try plan.tensor([m, n]))
                    }
                    let call = SharedMatmulCall(a: try plan.tensor([m, d]), weights: weights, outputs: outputs)
                    return { () throws(TensorError) in try backend.matmul(call) }
                },
                Job(kernel: "gated product \(m) x \(f) x \(d)", byteCount: 4 * f * d) { () throws(TensorError) in
                    let call = GatedMatmulCall(
                        a: try plan.tensor([m, d]), gate: try plan.tensor([f, d]), up: try plan.tensor([f, d]),
                        output: try plan.tensor([m, f]))
                    return { () throws(TensorError) in try backend.matmul(call) }
                },
                Job(kernel: "RMS norm and the next \(m) x \(d)", byteCount: 8 * m * d) { () throws(TensorError) in
                    let output = try plan.tensor([m, d])
                    let first = RMSNormCall(
                        input: try plan.tensor([m, d]), weight: try plan.tensor([d]),
                        residual: try plan.tensor([m, d]), epsilon: 1e-6, output: output)
                    let next = RMSNormCall(
                        input: output, weight: try plan.tensor([d]), epsilon: 1e-6, output: try plan.tensor([m, d]))
                    let call = RMSNormPairCall(first: first, next: next)
                    return { () throws(TensorError) in try backend.rmsNorm(call) }
                },
                Job(
                    kernel: "a decoding layer without attention, batch \(m)",
                    byteCount: 2 * d * (2 * d + 3 * f)
                ) { () throws(TensorError) in
                    let chain = try Chain(
                        Bench(backend: backend, type: plan.type, inputType: plan.type, numbers: plan.numbers),
                        rows: m, size: d, inner: f, layers: 1)
                    return { () throws(TensorError) in _ = try chain.run() }
                },
            ]
        }
    }

    private static func weightGradient(_ plan: Plan, rows: Int, columns: Int) -> Job {
        let t = plan.tokens
        return Job(
            kernel: "weight gradient \(rows) x \(columns) x \(t), float32 sum",
            byteCount: 2 * t * (rows + columns) + 8 * rows * columns,
            operations: 2 * Double(t) * Double(rows) * Double(columns)
        ) { () throws(TensorError) in
            var call = MatmulCall(
                a: try plan.tensor([t, rows]), b: try plan.tensor([t, columns]),
                output: try plan.tensor([rows, columns], .float32))
            (call.transposeA, call.accumulate) = (true, true)
            let fixed = call
            return { () throws(TensorError) in try plan.backend.matmul(fixed) }
        }
    }

    private static func attentionJobs(_ plan: Plan) -> [Job] {
        let t = plan.tokens
        let image = max(1, t - 64 / plan.scale)
        let prefix = AttentionMask(keys: [0..<t], prefixEnd: [image])
        let full = AttentionMask.full(batch: 1, columns: image)
        // A launch of a pretraining update: images and texts packed short.
        let (examples, short) = (max(1, 64 / plan.scale), max(1, 384 / plan.scale))
        let many = AttentionMask.full(batch: examples, columns: short)
        let shortShape = [examples, short, short, 4, 4, 64]
        return [
            attention(plan, "attention of the decoder", [1, t, t, 8, 4, 256], prefix, isBackward: false),
            attention(plan, "attention of the decoder, backward", [1, t, t, 8, 4, 256], prefix, isBackward: true),
            attention(
                plan, "attention of the decoder, backward of 4", [4, t, t, 8, 4, 256],
                AttentionMask(keys: Array(repeating: 0..<t, count: 4), prefixEnd: Array(repeating: image, count: 4)),
                isBackward: true),
            attention(plan, "attention of the tower", [1, image, image, 16, 16, 72], full, isBackward: false),
            attention(plan, "attention of the tower, backward", [1, image, image, 16, 16, 72], full, isBackward: true),
            attention(plan, "attention of 64 short examples", shortShape, many, isBackward: false),
            attention(plan, "attention of 64 short examples, backward", shortShape, many, isBackward: true),
        ]
            + [1, 8].map { batch in
                let mask = AttentionMask(
                    keys: Array(repeating: 0..<t, count: batch), prefixEnd: Array(repeating: image, count: batch),
                    queryOffset: t - 1)
                return attention(
                    plan, "attention of a step, batch \(batch)", [batch, 1, t, 8, 4, 256], mask, isBackward: false)
            }
    }

    /// - Parameter shape: batch, queries, capacity, heads, heads of keys, head size.
    private static func attention(
        _ plan: Plan, _ name: String, _ shape: [Int], _ mask: AttentionMask, isBackward: Bool
    ) -> Job {
        let queryShape = [shape[0], shape[1], shape[3], shape[5]]
        let keyShape = [shape[0], shape[2], shape[4], shape[5]]
        let pairs = Double(shape[0] * shape[1]) * Double(shape[2] * shape[3] * shape[5])
        return Job(
            kernel: name, byteCount: (isBackward ? 8 : 4) * (queryShape.product + keyShape.product),
            operations: (isBackward ? 10 : 4) * pairs
        ) { () throws(TensorError) in
            let call = AttentionCall(
                q: try plan.tensor(queryShape), k: try plan.tensor(keyShape), v: try plan.tensor(keyShape), mask: mask,
                scale: 1 / 16, softCap: shape[5] == 256 ? 50 : nil, output: try plan.tensor(queryShape),
                logSumExp: try plan.tensor([shape[0], shape[3], shape[1]], .float32))
            guard isBackward else { return { () throws(TensorError) in try plan.backend.attention(call) } }
            try plan.backend.attention(call)
            let backward = AttentionBackwardCall(
                outputGradient: try plan.tensor(queryShape), forward: call, qGradient: try plan.tensor(queryShape),
                kGradient: try plan.tensor(keyShape), vGradient: try plan.tensor(keyShape))
            return { () throws(TensorError) in try plan.backend.attentionBackward(backward) }
        }
    }

    private static func argmaxJob(_ plan: Plan, rows: Int) -> Job {
        let vocabulary = 257_216 / plan.scale
        return Job(kernel: "argmax \(rows) x \(vocabulary)", byteCount: 4 * rows * vocabulary) {
            () throws(TensorError) in
            let call = ArgmaxRowsCall(
                input: try plan.tensor([rows, vocabulary], .float32),
                output: try Tensor(uninitialized: [rows], .int32, on: plan.backend))
            return { () throws(TensorError) in try plan.backend.argmaxRows(call) }
        }
    }

    private static func memoryJobs(_ plan: Plan) -> [Job] {
        let (t, d, f) = (plan.tokens, 2304 / plan.scale, 9216 / plan.scale)
        let (large, vocabulary) = ((512 << 20) / 2 / plan.scale / plan.scale, 257_216 / plan.scale)
        let backend = plan.backend
        return [
            Job(kernel: "copy of 512 MiB", byteCount: 4 * large) { () throws(TensorError) in
                let (x, y) = (try plan.tensor([large]), try plan.tensor([large]))
                return { () throws(TensorError) in try backend.scale(ScaleCall(input: x, factor: 2, output: y)) }
            },
            Job(kernel: "RMS norm with residual \(t) x \(d)", byteCount: 6 * t * d) { () throws(TensorError) in
                let call = RMSNormCall(
                    input: try plan.tensor([t, d]), weight: try plan.tensor([d]), residual: try plan.tensor([t, d]),
                    epsilon: 1e-6, output: try plan.tensor([t, d]))
                return { () throws(TensorError) in try backend.rmsNorm(call) }
            },
            Job(kernel: "RMS norm backward \(t) x \(d)", byteCount: 6 * t * d) { () throws(TensorError) in
                let inverse = try Tensor.filled(1, shape: [t], .float32, on: backend)
                let call = RMSNormBackwardCall(
                    outputGradient: try plan.tensor([t, d]), input: try plan.tensor([t, d]),
                    weight: try plan.tensor([d]), inverseRMS: inverse, inputGradient: try plan.tensor([t, d]),
                    accumulateWeight: false)
                return { () throws(TensorError) in try backend.rmsNormBackward(call) }
            },
            Job(kernel: "gated GELU \(t) x \(f)", byteCount: 6 * t * f) { () throws(TensorError) in
                let call = GatedGELUCall(
                    gate: try plan.tensor([t, f]), up: try plan.tensor([t, f]), output: try plan.tensor([t, f]))
                return { () throws(TensorError) in try backend.gatedGELU(call) }
            },
            Job(kernel: "gated GELU backward \(t) x \(f)", byteCount: 10 * t * f) { () throws(TensorError) in
                let call = GatedGELUBackwardCall(
                    outputGradient: try plan.tensor([t, f]), gate: try plan.tensor([t, f]),
                    up: try plan.tensor([t, f]),
                    gateGradient: try plan.tensor([t, f]), upGradient: try plan.tensor([t, f]))
                return { () throws(TensorError) in try backend.gatedGELUBackward(call) }
            },
            Job(kernel: "rotary \(t) x 8 x 256 and \(t) x 4 x 256", byteCount: 4 * t * 3072) {
                () throws(TensorError) in
                let positions = try Tensor((0..<Int32(t)).map { $0 }, shape: [t], on: backend)
                let calls = try [8, 4].map { (heads) throws(TensorError) in
                    RotaryCall(
                        input: try plan.tensor([t, heads, 256]), positions: positions, theta: 10_000, inverse: false,
                        output: try plan.tensor([t, heads, 256]))
                }
                return { () throws(TensorError) in try backend.rotary(calls) }
            },
            Job(kernel: "cross-entropy 64 x \(vocabulary)", byteCount: 6 * 64 * vocabulary) {
                () throws(TensorError) in
                let call = CrossEntropyCall(
                    logits: try plan.tensor([64, vocabulary], .float32), softCap: 30,
                    targets: try Tensor([Int32](repeating: 7, count: 64), shape: [64], on: backend),
                    weights: try .filled(1, shape: [64], .float32, on: backend),
                    losses: try plan.tensor([64], .float32), logitsGradient: try plan.tensor([64, vocabulary]))
                return { () throws(TensorError) in try backend.crossEntropy(call) }
            },
            argmaxJob(plan, rows: 1), argmaxJob(plan, rows: 8),
            Job(kernel: "launch of the smallest kernel", byteCount: 4) { () throws(TensorError) in
                let x = try plan.tensor([1], .float32)
                return { () throws(TensorError) in try backend.fill(FillCall(output: x, value: 1)) }
            },
        ]
    }

    /// Updates of one weight in float32, of which a rounded copy is made.
    private static func weightJobs(_ plan: Plan) -> [Job] {
        let (backend, shape) = (plan.backend, [9216 / plan.scale, 2304 / plan.scale])
        let (name, count) = ("\(shape[0]) x \(shape[1]), float32 with a rounded copy", shape.product)
        func adamW(_ first: Tensor, _ second: Tensor) throws(TensorError) -> AdamWCall {
            AdamWCall(
                parameter: try plan.tensor(shape, .float32), gradient: try plan.tensor(shape, .float32),
                firstMoment: first, secondMoment: second, rounded: try plan.tensor(shape), variant: .torch,
                learningRate: 1e-6, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, step: 1, gradientScale: 1)
        }
        return [
            Job(kernel: "AdamW \(name)", byteCount: 30 * count) { () throws(TensorError) in
                let second = try Tensor.filled(1, shape: shape, .float32, on: backend)
                let call = try adamW(plan.tensor(shape, .float32), second)
                return { () throws(TensorError) in try backend.adamW(call) }
            },
            Job(kernel: "AdamW in 8 bits \(name)", byteCount: 18 * count) { () throws(TensorError) in
                let moments = try EightBitMoments(shape, on: backend)
                let call = BlockwiseAdamWCall(
                    update: try adamW(moments.codes[0], moments.codes[1]), firstScales: moments.scales[0],
                    secondScales: moments.scales[1])
                return { () throws(TensorError) in try backend.adamW([call]) }
            },
            Job(kernel: "gradient descent \(name)", byteCount: 14 * count) { () throws(TensorError) in
                let call = GradientDescentCall(
                    parameter: try plan.tensor(shape, .float32), gradient: try plan.tensor(shape, .float32),
                    rounded: try plan.tensor(shape), learningRate: 1e-6, weightDecay: 0, gradientScale: 1)
                return { () throws(TensorError) in try backend.descend([call]) }
            },
            // The gradient is read three times: for mean squares, for the size of all changes, for the update.
            Job(kernel: "Adafactor \(name)", byteCount: 22 * count) { () throws(TensorError) in
                let call = AdafactorCall(
                    parameter: try plan.tensor(shape, .float32), gradient: try plan.tensor(shape, .float32),
                    meanSquares: .matrices(
                        rows: try .filled(1, shape: [shape[0]], .float32, on: backend),
                        columns: try .filled(1, shape: [shape[1]], .float32, on: backend)),
                    rounded: try plan.tensor(shape), learningRate: 1e-6, weightDecay: 0, kept: 0.5, epsilon: 1e-30,
                    clippingThreshold: 1, gradientScale: 1)
                return { () throws(TensorError) in try backend.adafactor([call]) }
            },
        ]
    }

    /// The matrices of adapters of 26 layers, of rank 8 on seven projections each.
    private static func updateJobs(_ plan: Plan) -> [Job] {
        let backend = plan.backend
        let counts = (0..<26 * 7).flatMap { _ in [8 * 2304 / plan.scale, 8 * 4096 / plan.scale] }
        let total = counts.reduce(0, +)
        return [
            Job(kernel: "AdamW of \(counts.count) adapter matrices", byteCount: 28 * total) { () throws(TensorError) in
                let calls = try counts.map { (count) throws(TensorError) in
                    AdamWCall(
                        parameter: try plan.tensor([count], .float32), gradient: try plan.tensor([count], .float32),
                        firstMoment: try plan.tensor([count], .float32),
                        secondMoment: try .filled(1, shape: [count], .float32, on: backend), variant: .torch,
                        learningRate: 1e-6, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, step: 1,
                        gradientScale: 1)
                }
                return { () throws(TensorError) in try backend.adamW(calls) }
            },
            Job(kernel: "sums of squares of \(counts.count) adapter matrices", byteCount: 4 * total) {
                () throws(TensorError) in
                let sums = try Tensor(uninitialized: [counts.count], .float32, on: backend)
                let calls = try counts.enumerated().map { (place, count) throws(TensorError) in
                    SumOfSquaresCall(input: try plan.tensor([count], .float32), output: sums.part(place..<place + 1))
                }
                return { () throws(TensorError) in try backend.sumOfSquares(calls) }
            },
        ]
    }
}
