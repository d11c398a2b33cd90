import CKernels
import Tensors

/// Updates of weights.
extension CPUBackend {
    package func adamW(_ call: AdamWCall) throws(TensorError) {
        let name = "AdamW"
        let factors = call.factors
        let arguments = ckernels_adamw_call(
            parameter: try output(call.parameter, name), gradient: try input(call.gradient, name),
            first_moment: try output(call.firstMoment, name), second_moment: try output(call.secondMoment, name),
            rounded: try output(call.rounded, name), decay_last: call.variant == .huggingFace,
            gradient_scale: call.gradientScale, beta1: factors.beta1, beta2: factors.beta2,
            one_minus_beta1: factors.oneMinusBeta1, one_minus_beta2: factors.oneMinusBeta2,
            step_size: factors.stepSize, second_correction: factors.secondCorrection, epsilon: factors.epsilon,
            decay: factors.decay)
        run(CKERNELS_ADAMW, elements: call.parameter.count, arguments)
    }

    package func adamW(_ calls: [BlockwiseAdamWCall]) throws(TensorError) {
        for call in calls { try update(call) }
    }

    package func descend(_ calls: [GradientDescentCall]) throws(TensorError) {
        let name = "gradient descent"
        for call in calls {
            let arguments = ckernels_descent_call(
                parameter: try output(call.parameter, name), gradient: try input(call.gradient, name),
                rounded: try output(call.rounded, name), gradient_scale: call.gradientScale,
                rate: Float(call.learningRate), decay: Float(call.weightDecay))
            run(CKERNELS_GRADIENT_DESCENT, elements: call.parameter.count, arguments)
        }
    }

    package func adafactor(_ calls: [AdafactorCall]) throws(TensorError) {
        for call in calls where call.parameter.count > 0 { try update(call) }
    }
}

extension CPUBackend {
    private func update(_ call: BlockwiseAdamWCall) throws(TensorError) {
        let (name, update, factors) = ("AdamW in 8 bits", call.update, call.update.factors)
        var arguments = ckernels_blockwise_adamw_call()
        arguments.parameter = try output(update.parameter, name)
        arguments.gradient = try input(update.gradient, name)
        arguments.rounded = try output(update.rounded, name)
        arguments.first_codes = try codes(update.firstMoment, name)
        arguments.second_codes = try codes(update.secondMoment, name)
        arguments.first_scales = try floatTarget(call.firstScales, name)
        arguments.second_scales = try floatTarget(call.secondScales, name)
        arguments.count = update.parameter.count
        arguments.gradient_scale = update.gradientScale
        (arguments.beta1, arguments.beta2) = (factors.beta1, factors.beta2)
        (arguments.one_minus_beta1, arguments.one_minus_beta2) = (factors.oneMinusBeta1, factors.oneMinusBeta2)
        (arguments.step_size, arguments.second_correction) = (factors.stepSize, factors.secondCorrection)
        (arguments.epsilon, arguments.decay) = (factors.epsilon, factors.decay)
        let (first, second) = (DynamicMap.signed, DynamicMap.unsigned)
        let blocks = (arguments.count + BlockwiseAdamWCall.blockSize - 1) / BlockwiseAdamWCall.blockSize
        Self.withMap(first) { firstMap in
            Self.withMap(second) { secondMap in
                (arguments.first_map, arguments.second_map) = (firstMap, secondMap)
                run(CKERNELS_BLOCKWISE_ADAMW, rows: blocks, of: BlockwiseAdamWCall.blockSize, arguments)
            }
        }
    }

    private func codes(_ tensor: Tensor, _ operation: String) throws(TensorError) -> UnsafeMutablePointer<UInt8> {
        try require(tensor, .uint8, operation)
        return target(tensor).assumingMemoryBound(to: UInt8.self)
    }

    /// A map as C takes it, for the time of `body`.
    private static func withMap(_ map: DynamicMap, _ body: (ckernels_dynamic_map) -> Void) {
        map.values.withUnsafeBufferPointer { values in
            map.codesOfSteps.withUnsafeBufferPointer { codes in
                body(ckernels_dynamic_map(values: values.baseAddress, codes_of_steps: codes.baseAddress))
            }
        }
    }

    private func update(_ call: AdafactorCall) throws(TensorError) {
        let (name, form) = ("Adafactor", call.form)
        var arguments = ckernels_adafactor_call()
        arguments.parameter = try output(call.parameter, name)
        arguments.gradient = try input(call.gradient, name)
        arguments.rounded = try output(call.rounded, name)
        (arguments.matrices, arguments.rows, arguments.columns) = form
        arguments.gradient_scale = call.gradientScale
        (arguments.kept, arguments.epsilon) = (call.kept, call.epsilon)
        arguments.rate = Float(call.learningRate)
        arguments.decay = Float(call.weightDecay * call.learningRate)
        switch call.meanSquares {
        case .elements(let squares):
            arguments.row_squares = try floatTarget(squares, name)
            run(CKERNELS_ADAFACTOR_ELEMENTS, elements: call.parameter.count, arguments)
            finish(&arguments, call)
        case .matrices(let rows, let columns):
            arguments.row_squares = try floatTarget(rows, name)
            arguments.column_squares = try floatTarget(columns, name)
            run(CKERNELS_ADAFACTOR_ROWS, rows: rows.count, of: form.columns, arguments)
            run(CKERNELS_ADAFACTOR_COLUMNS, columns: columns.count, arguments)
            var factors = [Float](repeating: 0, count: rows.count + columns.count)
            factors.withUnsafeMutableBufferPointer { buffer in
                arguments.row_factors = buffer.baseAddress
                arguments.column_factors = buffer.baseAddress.map { $0 + rows.count }
                run(CKERNELS_ADAFACTOR_FACTORS, rows: form.matrices, of: form.rows + form.columns, arguments)
                finish(&arguments, call)
            }
        }
    }

    /// The changes, all divided by what their root mean square is too large by.
    private func finish(_ arguments: inout ckernels_adafactor_call, _ call: AdafactorCall) {
        let count = call.parameter.count
        var squares = 0.0
        withUnsafeMutablePointer(to: &squares) { pointer in
            arguments.sum_of_squares = pointer
            run(CKERNELS_ADAFACTOR_SQUARES, arguments, count: 1, grain: 1)
        }
        let root = (squares / Double(count)).squareRoot()
        arguments.divisor = max(1, Float(root) / call.clippingThreshold)
        run(CKERNELS_ADAFACTOR_UPDATE, elements: count, arguments)
    }
}
