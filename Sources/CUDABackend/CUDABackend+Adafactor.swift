import CCUDAKernels
import Tensors

/// Adafactor of many weights: six launches for a group of them, whose sums lie side by side.
extension CUDABackend {
    package func adafactor(_ calls: [AdafactorCall]) throws(TensorError) {
        let groups = AdafactorGroup.groups(of: calls)
        // Memory for all of them comes first, so that an update is made whole or not at all; one group after another uses it.
        let room = try scratch(groups.map(\.byteCount).max() ?? 0, "Adafactor")
        var tables: [CUDAStorage] = []
        for group in groups {
            var sums = AdafactorSums(room.address)
            var entries: [ccudakernels_adafactor_entry] = []
            for part in group.parts { entries.append(try entry(of: part, &sums)) }
            tables.append(try upload(entries, "Adafactor"))
        }
        for (group, table) in zip(groups, tables) {
            let arguments = ccudakernels_many_arguments(
                entries: table.address, partials: room.address + DeviceAddress(group.partialsOffset),
                count: Int64(group.parts.count))
            func launch(_ kernel: String, _ blocks: Int) throws(TensorError) {
                try kernels.launch(kernel, grid: (blocks, 1, 1), block: 256, arguments)
            }
            try launch("adafactor_squares", group.tileCount)
            try launch("adafactor_means", group.meanBlockCount)
            try launch("adafactor_row_means", group.matrixCount)
            try launch("adafactor_changes", group.tileCount)
            try launch("adafactor_divisors", group.parts.count)
            try launch("adafactor_update", group.tileCount)
        }
    }

    private func entry(
        of part: AdafactorGroup.Part, _ sums: inout AdafactorSums
    ) throws(TensorError) -> ccudakernels_adafactor_entry {
        let (name, call, form) = ("Adafactor", part.call, part.call.form)
        for operand in [call.parameter, call.gradient, call.rounded ?? call.parameter] {
            _ = try suffix(operand, name)
        }
        var entry = ccudakernels_adafactor_entry()
        (entry.parameter, entry.gradient) = (target(call.parameter), source(call.gradient))
        entry.rounded = target(call.rounded)
        switch call.meanSquares {
        case .elements(let squares): entry.row_squares = try floatTarget(squares, name)
        case .matrices(let rows, let columns):
            entry.row_squares = try floatTarget(rows, name)
            entry.column_squares = try floatTarget(columns, name)
        }
        entry.row_sums = sums.take(part.rowSumCount, MemoryLayout<Double>.stride)
        entry.column_sums = sums.take(part.columnSumCount, MemoryLayout<Double>.stride)
        entry.row_means = sums.take(part.matrixCount + 1, MemoryLayout<Float>.stride)
        entry.divisor = entry.row_means + DeviceAddress(part.matrixCount * MemoryLayout<Float>.stride)
        (entry.matrices, entry.rows, entry.columns) = (Int64(form.matrices), Int64(form.rows), Int64(form.columns))
        (entry.row_tiles, entry.column_tiles) = (Int64(part.rowTiles), Int64(part.columnTiles))
        (entry.first_tile, entry.first_matrix) = (Int64(part.firstTile), Int64(part.firstMatrix))
        entry.first_means = Int64(part.firstMeanBlock)
        entry.parameter_type = typeNumber(call.parameter.elementType)
        entry.gradient_type = typeNumber(call.gradient.elementType)
        entry.rounded_type = typeNumber(call.rounded?.elementType ?? .float32)
        (entry.gradient_scale, entry.kept, entry.epsilon) = (call.gradientScale, call.kept, call.epsilon)
        (entry.clipping_threshold, entry.rate) = (call.clippingThreshold, Float(call.learningRate))
        entry.decay = Float(call.weightDecay * call.learningRate)
        return entry
    }
}

/// Weights that are updated by the same launches.
private struct AdafactorGroup {
    /// One weight, and what the ones before it take of each launch.
    struct Part {
        let call: AdafactorCall
        let firstTile, firstMatrix, firstMeanBlock: Int

        private var isVector: Bool { if case .elements = call.meanSquares { true } else { false } }
        var rowTiles: Int { call.form.rows.divided(into: Int(CCUDAKERNELS_TILE_ROWS)) }
        var columnTiles: Int { call.form.columns.divided(into: Int(CCUDAKERNELS_TILE_COLUMNS)) }
        var tileCount: Int { call.form.matrices * rowTiles * columnTiles }
        /// Matrices whose rows have a mean.
        var matrixCount: Int { isVector ? 0 : call.form.matrices }
        var rowSumCount: Int { matrixCount * call.form.rows * columnTiles }
        var columnSumCount: Int { matrixCount * call.form.columns * rowTiles }
        var meanBlockCount: Int {
            (matrixCount * call.form.rows).divided(into: 256) + (matrixCount * call.form.columns).divided(into: 256)
        }
        var byteCount: Int {
            AdafactorSums.byteCount(rowSumCount, MemoryLayout<Double>.stride)
                + AdafactorSums.byteCount(columnSumCount, MemoryLayout<Double>.stride)
                + AdafactorSums.byteCount(matrixCount + 1, MemoryLayout<Float>.stride)
        }
    }

    private(set) var parts: [Part] = []
    private(set) var tileCount = 0
    private(set) var matrixCount = 0
    private(set) var meanBlockCount = 0
    /// Where the partial sums of all tiles lie, behind what each weight has of its own.
    private(set) var partialsOffset = 0

    /// The bytes of all sums.
    var byteCount: Int { partialsOffset + AdafactorSums.byteCount(tileCount, MemoryLayout<Double>.stride) }

    /// The tiles of a group, unless its only weight has more: enough work for any card, and a few MiB of sums.
    private static let mostTiles = 2048

    /// Weights in order, as many together as have few tiles.
    static func groups(of calls: [AdafactorCall]) -> [AdafactorGroup] {
        var groups: [AdafactorGroup] = []
        var group = AdafactorGroup()
        for call in calls where call.parameter.count > 0 {
            let part = Part(call: call, firstTile: 0, firstMatrix: 0, firstMeanBlock: 0)
            if group.tileCount > 0, group.tileCount + part.tileCount > mostTiles {
                groups.append(group)
                group = AdafactorGroup()
            }
            group.add(call)
        }
        return group.parts.isEmpty ? groups : groups + [group]
    }

    private mutating func add(_ call: AdafactorCall) {
        let part = Part(call: call, firstTile: tileCount, firstMatrix: matrixCount, firstMeanBlock: meanBlockCount)
        parts.append(part)
        tileCount += part.tileCount
        matrixCount += part.matrixCount
        meanBlockCount += part.meanBlockCount
        partialsOffset += part.byteCount
    }
}

/// Rooms for sums, one behind the other.
private struct AdafactorSums {
    private var next: DeviceAddress

    init(_ start: DeviceAddress) { next = start }

    /// The bytes of `count` numbers, up to the next place where float64 can begin.
    static func byteCount(_ count: Int, _ stride: Int) -> Int { (count * stride).divided(into: 8) * 8 }

    mutating func take(_ count: Int, _ stride: Int) -> DeviceAddress {
        defer { next += DeviceAddress(Self.byteCount(count, stride)) }
        return next
    }
}

extension Int {
    /// How many parts of some size hold as many.
    fileprivate func divided(into size: Int) -> Int { (self + size - 1) / size }
}
