import Tensors
import Testing

/// Calls that join others: their bits are those of the others, one after another.
@Suite struct FusedConformance {
    /// Depths on both sides of what a warp takes at a turn, whole and odd.
    private static let depths = [1, 24, 129, 1096, 1100, 2312]

    @Test("products of one input are those of each weight alone", arguments: Subject.all, RealType.allCases)
    func shared(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        for (rows, depth) in zip([1, 2, 7, 8, 9, 16, 17], Self.depths + [64]) {
            let a = try Sample("a", [rows, depth], type, on: backend).tensor
            let weights = try [33, 16, 5].map { try Sample("w\($0)", [$0, depth], type, on: backend).tensor }
            let outputs = try weights.map { try room([rows, $0.rows], type.elementType, on: backend) }
            let call = SharedMatmulCall(a: a, weights: weights, outputs: outputs)
            try backend.matmul(call)
            for (i, output) in outputs.enumerated() {
                let found = try output.readBytes()
                var product = call.product(i)
                product.output = try room(output.shape, type.elementType, on: backend)
                try backend.matmul(product)
                #expect(try found == product.output.readBytes(), "\(rows) rows, depth \(depth), weight \(i)")
            }
        }
    }

    @Test("a gated product is both products and the gate", arguments: Subject.all, RealType.allCases)
    func gated(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        for (rows, depth) in zip([3, 1, 16, 8, 9, 5, 17], Self.depths + [64]) {
            for columns in [1, 21] {
                let a = try Sample("a", [rows, depth], type, on: backend).tensor
                let gate = try Sample("gate", [columns, depth], type, deviation: 0.2, on: backend).tensor
                let up = try Sample("up", [columns, depth], type, deviation: 0.2, on: backend).tensor
                let rooms = try (0..<4).map { _ in try room([rows, columns], type.elementType, on: backend) }
                try backend.matmul(GatedMatmulCall(a: a, gate: gate, up: up, output: rooms[0]))
                try backend.matmul(
                    SharedMatmulCall(a: a, weights: [gate, up], outputs: Array(rooms[1...2])))
                try backend.gatedGELU(GatedGELUCall(gate: rooms[1], up: rooms[2], output: rooms[3]))
                #expect(try rooms[0].readBytes() == rooms[3].readBytes(), "\(rows) x \(columns) x \(depth)")
            }
        }
    }

    @Test("a row of a gated product is the same alone as among others", arguments: Subject.all, RealType.allCases)
    func gatedRows(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        let (rows, columns, depth) = (16, 19, 1320)
        let a = try Sample("a", [rows, depth], type, on: backend).tensor
        let weights = try ["gate", "up"].map {
            try Sample($0, [columns, depth], type, deviation: 0.2, on: backend).tensor
        }
        func product(_ range: Range<Int>) throws -> [UInt8] {
            let output = try room([range.count, columns], type.elementType, on: backend)
            try backend.matmul(
                GatedMatmulCall(a: a.part(range), gate: weights[0], up: weights[1], output: output))
            return try output.readBytes()
        }
        let whole = try product(0..<rows)
        let rowByteCount = whole.count / rows
        for range in [0..<1, 5..<6, 15..<16, 3..<11, 2..<11] {
            let part = Array(whole[range.lowerBound * rowByteCount..<range.upperBound * rowByteCount])
            #expect(try product(range) == part, "rows \(range)")
        }
    }

    @Test("a norm and the next are those of two calls", arguments: Subject.all, RealType.allCases)
    func norms(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        for (rows, columns) in [(1, 7), (3, 64), (2, 2304), (2, 4500)] {
            func sample(_ name: String, _ shape: [Int]) throws -> Tensor {
                try Sample(name, shape, type, on: backend).tensor
            }
            let x = try sample("x", [rows, columns])
            let (weight, next) = (try sample("weight", [columns]), try sample("next", [columns]))
            for residual in [try sample("residual", [rows, columns]), nil] {
                let results = try [false, true].map { isJoined in
                    let outputs = try (0..<2).map { _ in try room(x.shape, type.elementType, on: backend) }
                    let inverses = try (0..<2).map { _ in try room([rows], on: backend) }
                    let calls = RMSNormPairCall(
                        first: RMSNormCall(
                            input: x, weight: weight, residual: residual, epsilon: 1e-6, output: outputs[0],
                            inverseRMS: inverses[0]),
                        next: RMSNormCall(
                            input: outputs[0], weight: next, epsilon: 1e-5, output: outputs[1],
                            inverseRMS: inverses[1]))
                    if isJoined {
                        try backend.rmsNorm(calls)
                    } else {
                        try backend.rmsNorm(calls.first)
                        try backend.rmsNorm(calls.next)
                    }
                    return try (outputs + inverses).map { try $0.readBytes() }
                }
                #expect(results[0] == results[1], "\(rows) x \(columns)")
            }
        }
    }

    @Test("turning into a cache is turning and writing", arguments: Subject.all, RealType.allCases)
    func rotaryCache(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        let (batch, capacity) = (3, 20)
        let places = [(0, 2, 9), (2, 0, 17), (2, 0, 18), (1, 1, 1)].map {
            CachePlaces.Place(row: $0.0, first: $0.1, column: $0.2)
        }
        let cachePlaces = try CachePlaces(places, batch: batch, capacity: capacity, on: backend)
        let positions = try Tensor(places.map { Int32($0.column + 1) }, shape: [places.count], on: backend)
        for (heads, keyHeads, size) in [(8, 4, 256), (4, 2, 72), (2, 1, 6)] {
            let (q, k, v) = (
                try Sample("q", [places.count, heads, size], type, on: backend).tensor,
                try Sample("k", [places.count, keyHeads, size], type, on: backend).tensor,
                try Sample("v", [places.count, keyHeads, size], type, on: backend).tensor
            )
            func cache() throws -> Tensor {
                try Tensor.filled(3, shape: [batch, capacity, keyHeads, size], type.elementType, on: backend)
            }
            let (output, keys, values) = (try room(q.shape, type.elementType, on: backend), try cache(), try cache())
            try backend.rotary(
                RotaryCacheCall(
                    q: q, k: k, v: v, positions: positions, theta: 10_000, places: cachePlaces, output: output,
                    keys: keys, values: values))
            let turned = try Tensor.rotated([q, k], positions: positions, theta: 10_000)
            let expected = [try cache(), try cache()]
            let width = keyHeads * size
            for (source, cache) in zip([turned[1], v], expected) {
                try backend.writeCache(
                    WriteCacheCall(
                        source: source.viewed(as: [places.count, width]), places: cachePlaces,
                        output: cache.viewed(as: [batch, capacity, width])))
            }
            #expect(try output.readBytes() == turned[0].readBytes(), "queries, heads of \(size)")
            #expect(try keys.readBytes() == expected[0].readBytes(), "keys, heads of \(size)")
            #expect(try values.readBytes() == expected[1].readBytes(), "values, heads of \(size)")
        }
    }
}
