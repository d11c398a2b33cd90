import Foundation
import Tensors
import Testing

/// Kernels that treat elements and rows one by one, and sums of them.
@Suite struct ElementConformance {
    /// Counts around the lengths of vectors, blocks and parts.
    static let counts = [0, 1, 15, 17, 1024, 1025, 33_000]

    @Test(
        "converting rounds to nearest even and keeps NaN, infinity, signs and subnormal numbers", arguments: Subject.all
    )
    func convert(subject: Subject) throws {
        let backend = try subject.make()
        let patterns: [UInt32] = [
            0x0000_0000, 0x8000_0000, 0x3F80_8000, 0x3F81_8000, 0x3F80_8001, 0x3F80_7FFF, 0x7F7F_FFFF, 0x7F80_0000,
            0xFF80_0000, 0x7F80_0001, 0xFFFF_FFFF, 0x0000_0001, 0x0040_0000, 0x8001_8000, 0x4780_0000, 0x477F_F000,
            0x477F_EFFF, 0x3300_0000, 0x3300_0001, 0x33C0_0000, 0x3880_0000, 0x387F_E000, 0x387F_F000,
        ]
        let values = patterns.map(Float.init(bitPattern:))
        let tensor = try Tensor(values, shape: [values.count], on: backend)
        for (index, found) in try tensor.converted(to: .bfloat16).floats().enumerated() {
            let exact = bfloat16(values[index])
            #expect(found.bitPattern == exact.bitPattern || found.isNaN && exact.isNaN, "pattern \(patterns[index])")
        }
        for (index, found) in try tensor.converted(to: .float16).floats().enumerated() {
            let exact = Float(Float16(values[index]))
            #expect(found.bitPattern == exact.bitPattern || found.isNaN && exact.isNaN, "pattern \(patterns[index])")
        }
    }

    /// Rounds by searching the two neighbours.
    private func bfloat16(_ value: Float) -> Float {
        guard value.isFinite else { return value }
        let low = Float(bitPattern: value.bitPattern & 0xFFFF_0000)
        let high = Float(bitPattern: (value.bitPattern & 0xFFFF_0000) &+ 0x1_0000)
        let (below, above) = (Double(value) - Double(low), (high.isFinite ? Double(high) : 0x1p128) - Double(value))
        if abs(below) != abs(above) { return abs(below) < abs(above) ? low : high }
        return low.bitPattern >> 16 & 1 == 0 ? low : high
    }

    @Test("fill, scale and add, also in place and repeating rows", arguments: Subject.all, RealType.allCases)
    func arithmetic(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        for count in Self.counts {
            let a = try Sample("a", [count], type, on: backend)
            let output = try room([count], type.elementType, on: backend)
            try backend.scale(ScaleCall(input: a.tensor, factor: 0.3, output: output))
            let factor = Double(Float(0.3))
            expectNear(try output.floats(), a.values.map { factor * $0 }, tolerance: type.tolerance, "scale \(count)")
            let scaled = try output.floats().map(Double.init)
            try backend.add(AddCall(a: output, b: a.tensor, scale: -2, output: output))
            let exact = zip(scaled, a.values).map { $0 - 2 * $1 }
            expectNear(try output.floats(), exact, tolerance: type.tolerance, "add \(count)")
            try backend.fill(FillCall(output: output, value: 1.5))
            #expect(try output.floats() == Array(repeating: 1.5, count: count))
        }
        let wide = try Sample("wide", [6, 700], type, on: backend)
        let rows = try Sample("rows", [2, 700], type, on: backend)
        let output = try room([6, 700], type.elementType, on: backend)
        try backend.add(AddCall(a: wide.tensor, b: rows.tensor, scale: 1, output: output))
        let exact = wide.values.indices.map { wide.values[$0] + rows.values[$0 % 1400] }
        expectNear(try output.floats(), exact, tolerance: type.tolerance, "repeated rows")
    }

    @Test("dropout keeps what the stream of its key says", arguments: Subject.all)
    func dropout(subject: Subject) throws {
        let backend = try subject.make()
        let key = RandomKey(seed: 3, purpose: "dropout")
        for count in Self.counts {
            let x = try Sample("x", [count], on: backend)
            let output = try room([count], on: backend)
            try backend.dropout(DropoutCall(input: x.tensor, rate: 0.4, key: key, output: output))
            let exact = x.values.enumerated().map { index, value in
                RandomStream.uniform(key, counter: UInt64(index)) >= 0.4 ? value / 0.6 : 0
            }
            expectNear(try output.floats(), exact, tolerance: 1e-6, "\(count) elements")
        }
    }

    @Test("rows are gathered, scattered and added in order", arguments: Subject.all, RealType.allCases)
    func rows(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        let (columns, indices): (Int, [Int32]) = (1030, [4, 0, 4, 2])
        let table = try Sample("table", [5, columns], type, on: backend)
        let places = try Tensor(indices, shape: [4], on: backend)
        let gathered = try room([4, columns], type.elementType, on: backend)
        try backend.gatherRows(GatherRowsCall(table: table.tensor, indices: places, scale: 48, output: gathered))
        let picked = indices.flatMap { row in (0..<columns).map { 48 * table.values[Int(row) * columns + $0] } }
        expectNear(try gathered.floats(), picked, tolerance: type.tolerance, "gather")

        let sums = try room([5, columns], on: backend)
        try backend.fill(FillCall(output: sums, value: 1))
        try backend.scatterRows(
            ScatterRowsCall(source: gathered, indices: places, scale: 0.5, accumulate: true, output: sums))
        var exact = [Double](repeating: 1, count: 5 * columns)
        let source = try gathered.floats()
        for (row, place) in indices.enumerated() {
            for i in 0..<columns { exact[Int(place) * columns + i] += 0.5 * Double(source[row * columns + i]) }
        }
        expectNear(try sums.floats(), exact, tolerance: 1e-6, "scatter and add")

        let written = try room([5, columns], type.elementType, on: backend)
        try backend.scatterRows(
            ScatterRowsCall(source: gathered, indices: places, scale: 1, accumulate: false, output: written))
        let found = try written.floats()
        #expect(Array(found[4 * columns..<5 * columns]) == Array(source[2 * columns..<3 * columns]))
        #expect(found[columns].isNaN, "a row that no index names is left alone")
    }

    @Test("an index outside the table is an error", arguments: Subject.all)
    func indexOutside(subject: Subject) throws {
        let backend = try subject.make()
        let table = try Sample("table", [3, 4], on: backend)
        let places = try Tensor([Int32(3)], shape: [1], on: backend)
        #expect(throws: TensorError.index(operation: "gather rows", found: 3, limit: 3)) {
            try backend.gatherRows(
                GatherRowsCall(table: table.tensor, indices: places, scale: 1, output: room([1, 4], on: backend)))
        }
    }

    @Test("columns are written into a cache, patches are cut", arguments: Subject.all)
    func copies(subject: Subject) throws {
        let backend = try subject.make()
        let source = try Sample("s", [2, 3, 5], on: backend)
        let cache = try room([2, 7, 5], on: backend)
        try backend.fill(FillCall(output: cache, value: 0))
        try backend.writeColumns(WriteColumnsCall(source: source.tensor, column: 4, output: cache))
        var exact = [Double](repeating: 0, count: 70)
        for i in 0..<30 { exact[i / 15 * 35 + 20 + i % 15] = source.values[i] }
        expectNear(try cache.floats(), exact, tolerance: 0, "cache")

        let images = try Sample("images", [2, 3, 4, 6], on: backend)
        let patches = try room([12, 12], on: backend)
        try backend.extractPatches(ExtractPatchesCall(images: images.tensor, patchSize: 2, output: patches))
        var cut: [Double] = []
        for (image, py, px) in (0..<12).map({ ($0 / 6, $0 / 3 % 2, $0 % 3) }) {
            for (channel, y, x) in (0..<12).map({ ($0 / 4, $0 / 2 % 2, $0 % 2) }) {
                cut.append(images.values[((image * 3 + channel) * 4 + py * 2 + y) * 6 + px * 2 + x])
            }
        }
        expectNear(try patches.floats(), cut, tolerance: 0, "patches")
    }

    @Test("sums over columns and of squares", arguments: Subject.all, RealType.allCases)
    func sums(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        let x = try Sample("x", [100, 300], type, on: backend)
        let output = try room([300], on: backend)
        for accumulate in [false, true] {
            try backend.sumColumns(SumColumnsCall(input: x.tensor, accumulate: accumulate, output: output))
        }
        let columns = (0..<300).map { j in 2 * (0..<100).reduce(0) { $0 + x.values[$1 * 300 + j] } }
        expectNear(try output.floats(), columns, tolerance: 1e-5, "columns")
        let squares = try room([1], on: backend)
        try backend.sumOfSquares(SumOfSquaresCall(input: x.tensor, output: squares))
        expectNear(try squares.floats(), [x.values.reduce(0) { $0 + $1 * $1 }], tolerance: 1e-6, "squares")
    }

    @Test("one element that is not finite makes the sum of squares so", arguments: Subject.all, [Float.nan, .infinity])
    func notFinite(subject: Subject, value: Float) throws {
        let backend = try subject.make()
        var values = [Float](repeating: 1e-20, count: 5000)
        values[4999] = value
        let squares = try room([1], on: backend)
        let tensor = try Tensor(values, shape: [5000], on: backend)
        try backend.sumOfSquares(SumOfSquaresCall(input: tensor, output: squares))
        #expect(try !squares.scalar().isFinite)
    }
}
