import Tensors
import Testing

/// A row's bits are the same alone as among others: what makes generation with a cache equal generation without.
@Suite struct RowConformance {
    /// `[N, K]`: widths of the real models' kind, and odd ones.
    static let weights: [[Int]] = [[33, 7], [64, 255], [40, 1152], [65, 2304], [33, 4304]]

    @Test(
        "a row of a product is the same alone, in a few, and in many",
        arguments: Subject.all, RealType.allCases)
    func products(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        for shape in Self.weights {
            let (n, k, rows) = (shape[0], shape[1], 31)
            let a = try Sample("a", [rows, k], type, on: backend).tensor
            let b = try Sample("b", shape, type, on: backend).tensor
            for reusesB in [false, true] {
                for part in [0..<1, 30..<31, 5..<7, 11..<24, 3..<30] {
                    // Among all others, or as many as still are few.
                    let first = part.count <= subject.fewRows ? min(part.lowerBound, rows - subject.fewRows) : 0
                    let others = first..<(part.count <= subject.fewRows ? first + subject.fewRows : rows)
                    let whole = try product(a.part(others), b, columns: n, reusesB)
                    let rowByteCount = whole.count / others.count
                    let alone = try product(a.part(part), b, columns: n, reusesB)
                    let place = (part.lowerBound - first) * rowByteCount..<(part.upperBound - first) * rowByteCount
                    #expect(alone == Array(whole[place]), "rows \(part) of \(shape), packed \(reusesB)")
                }
            }
        }
    }

    private func product(_ a: Tensor, _ b: Tensor, columns: Int, _ reusesB: Bool) throws -> [UInt8] {
        let output = try room([a.rows, columns], a.elementType, on: a.backend)
        var call = MatmulCall(a: a, b: b, output: output)
        (call.transposeB, call.reusesB) = (true, reusesB)
        try a.backend.matmul(call)
        return try output.readBytes()
    }

    @Test("packed and plain weights give the same bits", arguments: Subject.all, RealType.allCases)
    func packing(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        let a = try Sample("a", [5, 300], type, on: backend).tensor
        let b = try Sample("b", [77, 300], type, on: backend).tensor
        #expect(try product(a, b, columns: 77, true) == product(a, b, columns: 77, false))
    }

    @Test("a weight that is written to is packed again", arguments: Subject.all + Subject.libraries)
    func stalePacking(subject: Subject) throws {
        let backend = try subject.make()
        let a = try Sample("a", [5, 30], on: backend).tensor
        let b = try Sample("b", [7, 30], on: backend).tensor
        _ = try product(a, b, columns: 7, true)
        try backend.scale(ScaleCall(input: b, factor: -3, output: b))
        #expect(try product(a, b, columns: 7, true) == product(a, b, columns: 7, false))
    }

    @Test(
        "a query's attention is the same in a pass, from a cache, and after padding", arguments: Subject.all,
        RealType.allCases)
    func attention(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        for (window, size) in [(nil, 72), (9, 256)] as [(Int?, Int)] {
            let (length, pad, heads, keyHeads) = (75, 13, 4, 2)
            let q = try Sample("q", [1, length, heads, size], type, on: backend).tensor
            let k = try Sample("k", [1, length, keyHeads, size], type, on: backend).tensor
            let v = try Sample("v", [1, length, keyHeads, size], type, on: backend).tensor
            let whole = try attend(q, k, v, AttentionMask(keys: [0..<length], prefixEnd: [40], window: window))
            let rowByteCount = whole.count / length
            let caches = try [k, v].map { tensor in
                let cache = try room([1, length + pad + 30, keyHeads, size], type.elementType, on: backend)
                try backend.writeColumns(WriteColumnsCall(source: tensor, column: pad, output: cache))
                return cache
            }
            for place in [40, 41, 58, 74] {
                let query = q.viewed(as: [length, heads, size]).part(place..<place + 1).viewed(as: [1, 1, heads, size])
                let mask = AttentionMask(
                    keys: [pad..<pad + place + 1], prefixEnd: [pad + 40], queryOffset: pad + place, window: window)
                let alone = try attend(query, caches[0], caches[1], mask)
                let isSame = alone == Array(whole[place * rowByteCount..<(place + 1) * rowByteCount])
                #expect(isSame, "query \(place)")
            }
        }
    }

    /// Heads of a cache.
    struct CachedHeads: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var heads = 4
        var keyHeads = 2
        var size = 64
        var scale: Float = 0.2

        static let all = [
            CachedHeads(testDescription: "two heads for one of keys"),
            CachedHeads(testDescription: "heads of 80", size: 80),
            CachedHeads(testDescription: "heads of 128", size: 128),
            CachedHeads(testDescription: "sixteen heads for one of keys", heads: 16, keyHeads: 1, size: 256),
            CachedHeads(testDescription: "seventeen heads for one of keys", heads: 34),
            CachedHeads(testDescription: "forty large heads for one of keys", heads: 40, keyHeads: 1, size: 256),
            CachedHeads(testDescription: "scores that fall with products", scale: -0.2),
        ]
    }

    @Test("tokens behind a cache see what they see alone", arguments: Subject.all, CachedHeads.all)
    func cachedTokens(subject: Subject, form: CachedHeads) throws {
        let backend = try subject.make()
        for type in RealType.allCases { try cachedTokens(form, type, on: backend) }
    }

    private func cachedTokens(_ form: CachedHeads, _ type: RealType, on backend: any Backend) throws {
        let (batch, capacity, heads, keyHeads, size) = (3, 40, form.heads, form.keyHeads, form.size)
        let places = [(0, 2, 30), (0, 2, 31), (0, 2, 32), (2, 0, 17), (2, 1, 18)].map {
            CachePlaces.Place(row: $0.0, first: $0.1, column: $0.2)
        }
        let cachePlaces = try CachePlaces(places, batch: batch, capacity: capacity, on: backend)
        let q = try Sample("q", [places.count, heads, size], type, on: backend).tensor
        let caches = try ["k", "v"].map { name in
            let cache = try Sample(name, [batch, capacity, keyHeads, size], type, on: backend).tensor
            let news = try Sample("new \(name)", [places.count, keyHeads * size], type, on: backend).tensor
            let width = keyHeads * size
            let rows = cache.viewed(as: [batch, capacity, width])
            try backend.writeCache(WriteCacheCall(source: news, places: cachePlaces, output: rows))
            let (written, sources) = (try rows.floats(), try news.floats())
            for (n, place) in places.enumerated() {
                let start = (place.row * capacity + place.column) * width
                #expect(Array(written[start..<start + width]) == Array(sources[n * width..<(n + 1) * width]))
            }
            return cache
        }
        for window in [nil, 7] {
            let output = try room(q.shape, type.elementType, on: backend)
            try backend.attention(
                CachedAttentionCall(
                    q: q, k: caches[0], v: caches[1], places: cachePlaces, window: window, scale: form.scale,
                    softCap: 50, output: output))
            for (n, place) in places.enumerated() {
                let row = place.row..<place.row + 1
                let alone = try room([1, 1, heads, size], type.elementType, on: backend)
                try backend.attention(
                    AttentionCall(
                        q: q.part(n..<n + 1).viewed(as: alone.shape), k: caches[0].part(row), v: caches[1].part(row),
                        mask: AttentionMask(
                            keys: [place.first..<place.column + 1], prefixEnd: [0], queryOffset: place.column,
                            window: window),
                        scale: form.scale, softCap: 50, output: alone))
                let found = try output.part(n..<n + 1).readBytes()
                #expect(try found == alone.readBytes(), "token \(n), window \(String(describing: window))")
            }
        }
    }

    @Test("places outside a cache are refused")
    func placesOutside() throws {
        let backend = try #require(Subject.all.first).make()
        for (row, first, column) in [(3, 0, 0), (-1, 0, 0), (0, 0, 40), (0, 5, 4), (0, -1, 3)] {
            #expect(throws: TensorError.self) {
                _ = try CachePlaces(
                    [CachePlaces.Place(row: row, first: first, column: column)], batch: 3, capacity: 40, on: backend)
            }
        }
    }

    private func attend(_ q: Tensor, _ k: Tensor, _ v: Tensor, _ mask: AttentionMask) throws -> [UInt8] {
        let output = try room(q.shape, q.elementType, on: q.backend)
        try q.backend.attention(AttentionCall(q: q, k: k, v: v, mask: mask, scale: 0.2, softCap: 50, output: output))
        return try output.readBytes()
    }
}
