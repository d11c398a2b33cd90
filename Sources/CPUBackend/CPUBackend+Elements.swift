import CKernels
import Tensors

/// Elements and rows.
extension CPUBackend {
    package func fill(_ call: FillCall) throws(TensorError) {
        let output = try output(call.output, "fill")
        run(CKERNELS_FILL, elements: call.output.count, ckernels_fill_call(output: output, value: call.value))
    }

    package func convert(_ call: ConvertCall) throws(TensorError) {
        let map = try map(call.input, call.output, factor: 1, "convert")
        run(CKERNELS_CONVERT, elements: call.input.count, map)
    }

    package func add(_ call: AddCall) throws(TensorError) {
        guard call.b.count > 0 else { return }
        let arguments = ckernels_add_call(
            a: try input(call.a, "add"), b: try input(call.b, "add"), output: try output(call.output, "add"),
            period: call.b.count, scale: call.scale)
        run(CKERNELS_ADD, elements: call.a.count, arguments)
    }

    package func scale(_ call: ScaleCall) throws(TensorError) {
        let map = try map(call.input, call.output, factor: call.factor, "scale")
        run(CKERNELS_SCALE, elements: call.input.count, map)
    }

    package func softCap(_ call: SoftCapCall) throws(TensorError) {
        let map = try map(call.input, call.output, factor: call.cap, "soft-cap")
        run(CKERNELS_SOFT_CAP, elements: call.input.count, map)
    }

    package func dropout(_ call: DropoutCall) throws(TensorError) {
        let arguments = ckernels_dropout_call(
            input: try input(call.input, "dropout"), output: try output(call.output, "dropout"), rate: call.rate,
            kept_scale: 1 / (1 - call.rate), key_low: call.key.low, key_high: call.key.high)
        run(CKERNELS_DROPOUT, elements: call.input.count, arguments)
    }

    package func gatherRows(_ call: GatherRowsCall) throws(TensorError) {
        let columns = call.table.columns
        let arguments = ckernels_gather_call(
            table: try input(call.table, "gather rows"), output: try output(call.output, "gather rows"),
            indices: try indices(call.indices, below: call.table.rows, "gather rows"), columns: columns,
            scale: call.scale)
        run(CKERNELS_GATHER_ROWS, rows: call.indices.count, of: columns, arguments)
    }

    package func scatterRows(_ call: ScatterRowsCall) throws(TensorError) {
        let arguments = ckernels_scatter_call(
            source: try input(call.source, "scatter rows"), output: try output(call.output, "scatter rows"),
            indices: try indices(call.indices, below: call.output.rows, "scatter rows"), rows: call.indices.count,
            columns: call.source.columns, scale: call.scale, accumulate: call.accumulate)
        run(CKERNELS_SCATTER_ROWS, columns: call.source.columns, arguments)
    }

    package func writeColumns(_ call: WriteColumnsCall) throws(TensorError) {
        let width = call.source.shape.dropFirst(2).reduce(call.source.elementType.byteCount, *)
        let (batch, length, capacity) = (call.source.shape[0], call.source.shape[1], call.output.shape[1])
        let arguments = ckernels_copy_call(
            source: source(call.source).assumingMemoryBound(to: CChar.self),
            output: (target(call.output) + call.column * width).assumingMemoryBound(to: CChar.self),
            byte_count: length * width, source_stride: length * width, output_stride: capacity * width)
        run(CKERNELS_COPY_BLOCKS, arguments, count: batch, grain: 1)
    }

    package func extractPatches(_ call: ExtractPatchesCall) throws(TensorError) {
        let shape = call.images.shape
        let arguments = ckernels_patches_call(
            images: try floats(call.images, "extract patches"), output: try output(call.output, "extract patches"),
            channels: shape[1], height: shape[2], width: shape[3], size: call.patchSize)
        let patches = shape[0] * (shape[2] / call.patchSize) * (shape[3] / call.patchSize)
        run(CKERNELS_EXTRACT_PATCHES, rows: patches, of: shape[1] * call.patchSize * call.patchSize, arguments)
    }

    package func sumColumns(_ call: SumColumnsCall) throws(TensorError) {
        let arguments = ckernels_sum_columns_call(
            input: try input(call.input, "sum columns"), output: try floatTarget(call.output, "sum columns"),
            rows: call.input.rows, columns: call.input.columns, accumulate: call.accumulate)
        run(CKERNELS_SUM_COLUMNS, columns: call.input.columns, arguments)
    }

    package func sumOfSquares(_ call: SumOfSquaresCall) throws(TensorError) {
        let values = try input(call.input, "sum of squares")
        let chunk = Int(CKERNELS_SQUARES_CHUNK)
        let chunks = (call.input.count + chunk - 1) / chunk
        var partials = [Double](repeating: 0, count: chunks)
        partials.withUnsafeMutableBufferPointer { buffer in
            let arguments = ckernels_squares_call(
                input: values, count: call.input.count, partials: buffer.baseAddress)
            run(CKERNELS_SUM_OF_SQUARES, arguments, count: chunks, grain: 8)
        }
        try floatTarget(call.output, "sum of squares").pointee = Float(partials.reduce(0, +))
    }

    package func scaleColumns(_ call: ScaleColumnsCall) throws(TensorError) {
        let name = "scale columns"
        var arguments = ckernels_columns_call()
        (arguments.a, arguments.output) = (try input(call.input, name), try output(call.output, name))
        arguments.factors = UnsafePointer(try floats(call.factors, name))
        (arguments.rows, arguments.columns) = (call.input.rows, call.input.columns)
        run(CKERNELS_SCALE_COLUMNS, rows: arguments.rows, of: arguments.columns, arguments)
    }

    package func dotColumns(_ call: DotColumnsCall) throws(TensorError) {
        let name = "dot columns"
        var arguments = ckernels_columns_call()
        (arguments.a, arguments.b) = (try input(call.a, name), try input(call.b, name))
        try require(call.output, .float32, name)
        arguments.output = try output(call.output, name)
        (arguments.rows, arguments.columns) = (call.a.rows, call.a.columns)
        run(CKERNELS_DOT_COLUMNS, columns: arguments.columns, arguments)
    }

    /// The arguments of a kernel that maps each element.
    func map(
        _ from: Tensor, _ to: Tensor, factor: Float, _ operation: String
    ) throws(TensorError) -> ckernels_map_call {
        ckernels_map_call(input: try input(from, operation), output: try output(to, operation), factor: factor)
    }
}
