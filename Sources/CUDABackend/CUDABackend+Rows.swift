import CCUDAKernels
import Tensors

/// Rows that are moved, and sums of them.
extension CUDABackend {
    package func gatherRows(_ call: GatherRowsCall) throws(TensorError) {
        let name = "gather rows"
        try requireSameType(call.output, as: call.table, name)
        let (rows, columns) = (call.indices.count, call.table.columns)
        let arguments = ccudakernels_gather_arguments(
            table: source(call.table), indices: try indices(call.indices, below: call.table.rows, name),
            output: target(call.output), rows: Int64(rows), columns: Int64(columns), scale: call.scale)
        try launch("gather_rows" + suffix(call.table, name), rows: rows, columns: columns, arguments)
    }

    package func scatterRows(_ call: ScatterRowsCall) throws(TensorError) {
        let name = "scatter rows"
        if !call.accumulate || call.output.elementType != .float32 {
            try requireSameType(call.output, as: call.source, name)
        }
        let groups = call.isUnique ? nil : RowGroups(try hostIndices(call.indices, below: call.output.rows, name))
        let order = try groups.map { groups throws(TensorError) in
            try Tensor(groups.order, shape: [groups.order.count], on: self)
        }
        let starts = try groups.map { groups throws(TensorError) in
            try Tensor(groups.starts, shape: [groups.starts.count], on: self)
        }
        let arguments = ccudakernels_scatter_arguments(
            source: source(call.source), indices: try indices(call.indices, below: call.output.rows, name),
            order: order.map(source) ?? 0, starts: starts.map(source) ?? 0, output: target(call.output),
            columns: Int64(call.source.columns), scale: call.scale, accumulate: call.accumulate ? 1 : 0)
        let kernel = try "scatter_rows" + suffix(call.source, name) + suffix(call.output, name)
        try launch(kernel, rows: groups?.count ?? call.indices.count, columns: call.source.columns, arguments)
    }

    package func writeColumns(_ call: WriteColumnsCall) throws(TensorError) {
        let width = call.source.shape.dropFirst(2).reduce(call.source.elementType.byteCount, *)
        let (batch, length, capacity) = (call.source.shape[0], call.source.shape[1], call.output.shape[1])
        let byteCount = length * width
        let arguments = ccudakernels_copy_arguments(
            source: source(call.source), output: target(call.output) + DeviceAddress(call.column * width),
            blocks: Int64(batch), byte_count: Int64(byteCount), source_stride: Int64(byteCount),
            output_stride: Int64(capacity * width))
        let grid = (min((byteCount + 4095) / 4096, 1024), min(batch, 65535), 1)
        try kernels.launch("copy_blocks", grid: grid, block: 256, arguments)
    }

    package func writeCache(_ call: WriteCacheCall) throws(TensorError) {
        try requireSameType(call.source, as: call.output, "write cache")
        let (tokens, byteCount) = (call.source.shape[0], call.source.columns * call.source.elementType.byteCount)
        let arguments = ccudakernels_write_cache_arguments(
            source: source(call.source), places: source(call.places.tensor), output: target(call.output),
            tokens: Int64(tokens), byte_count: Int64(byteCount), capacity: Int64(call.output.shape[1]))
        let grid = ((byteCount + 4095) / 4096, min(tokens, 65535), 1)
        try kernels.launch("write_cache", grid: grid, block: 256, arguments)
    }

    package func extractPatches(_ call: ExtractPatchesCall) throws(TensorError) {
        let (name, shape) = ("extract patches", call.images.shape)
        let arguments = ccudakernels_patches_arguments(
            images: try floats(call.images, name), output: target(call.output), count: Int64(call.output.count),
            channels: Int32(shape[1]), height: Int32(shape[2]), width: Int32(shape[3]), size: Int32(call.patchSize))
        try launch("extract_patches" + suffix(call.output, name), elements: call.output.count, arguments)
    }

    package func extractPatches(_ call: ExtractBytePatchesCall) throws(TensorError) {
        let (name, shape) = ("extract patches", call.images.shape)
        try require(call.images, .uint8, name)
        let arguments = ccudakernels_byte_patches_arguments(
            images: source(call.images), output: target(call.output), count: Int64(call.output.count),
            channels: Int32(shape[3]), height: Int32(shape[1]), width: Int32(shape[2]), size: Int32(call.patchSize),
            scale: call.scale, offset: call.offset)
        try launch("extract_byte_patches" + suffix(call.output, name), elements: call.output.count, arguments)
    }

    package func scaleColumns(_ call: ScaleColumnsCall) throws(TensorError) {
        let name = "scale columns"
        try requireSameType(call.output, as: call.input, name)
        let (rows, columns) = (call.input.rows, call.input.columns)
        let arguments = ccudakernels_scale_columns_arguments(
            input: source(call.input), factors: try floats(call.factors, name), output: target(call.output),
            rows: Int64(rows), columns: Int64(columns))
        let grid = (min((columns + 2047) / 2048, 65535), min(rows, 65535), 1)
        try kernels.launch("scale_columns" + suffix(call.input, name), grid: grid, block: 256, arguments)
    }

    package func sumColumns(_ call: SumColumnsCall) throws(TensorError) {
        try require(call.output, .float32, "sum columns")
        try sum("sum_columns", call.input, nil, accumulate: call.accumulate, to: call.output)
    }

    package func dotColumns(_ call: DotColumnsCall) throws(TensorError) {
        try require(call.output, .float32, "dot columns")
        try requireSameType(call.b, as: call.a, "dot columns")
        try sum("dot_columns", call.a, call.b, accumulate: false, to: call.output)
    }

    package func sumOfSquares(_ call: SumOfSquaresCall) throws(TensorError) {
        let name = "sum of squares"
        try require(call.output, .float32, name)
        let chunk = Int(CCUDAKERNELS_SQUARES_CHUNK)
        let parts = (call.input.count + chunk - 1) / chunk
        let partials = try scratch(8 * parts, name)
        let arguments = ccudakernels_squares_arguments(
            input: source(call.input), partials: partials.address, count: Int64(call.input.count))
        try kernels.launch("sum_of_squares" + suffix(call.input, name), grid: (parts, 1, 1), block: 256, arguments)
        let finish = ccudakernels_finish_squares_arguments(
            partials: partials.address, output: target(call.output), parts: Int64(parts))
        try kernels.launch("finish_squares", grid: (1, 1, 1), block: 1024, finish)
    }

    /// How sums over so many rows are cut: enough parts to fill a card, few enough to be added up quickly.
    func parts(rows: Int) -> (count: Int, rows: Int) {
        let size = max(32, (rows + 511) / 512)
        return ((rows + size - 1) / size, size)
    }

    /// Adds partial sums up: `output (+)= sum of partials`.
    func finish(
        _ partials: DeviceAddress, parts: Int, columns: Int, accumulate: Bool, to output: DeviceAddress
    ) throws(TensorError) {
        let arguments = ccudakernels_finish_columns_arguments(
            partials: partials, output: output, parts: Int64(parts), columns: Int64(columns),
            accumulate: accumulate ? 1 : 0)
        try kernels.launch("finish_columns", grid: ((columns + 31) / 32, 1, 1), block: 256, arguments)
    }

    private func sum(
        _ kernel: String, _ a: Tensor, _ b: Tensor?, accumulate: Bool, to output: Tensor
    ) throws(TensorError) {
        let columns = output.count
        let rows = columns == 0 ? 0 : a.count / columns
        let parts = parts(rows: rows)
        let partials = try scratch(4 * parts.count * columns, "sums over columns")
        let arguments = ccudakernels_sum_columns_arguments(
            input: source(a), b: source(b), partials: partials.address, rows: Int64(rows), columns: Int64(columns),
            part_rows: Int64(parts.rows))
        let grid = ((columns + 255) / 256, parts.count, 1)
        try kernels.launch(kernel + suffix(a, kernel), grid: grid, block: 256, arguments)
        try finish(partials.address, parts: parts.count, columns: columns, accumulate: accumulate, to: target(output))
    }
}
