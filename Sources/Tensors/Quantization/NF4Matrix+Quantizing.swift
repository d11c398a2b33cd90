extension NF4Matrix {
    /// Whether the scales of blocks are quantized too.
    package enum ScaleKind: Sendable {
        case plain, nested
    }

    /// Quantizes a matrix as bitsandbytes' CPU build does, to the bit.
    ///
    /// A block's scale is its largest magnitude; an element's code is the nearest of `element * (1 / scale)`, of two equally
    /// near ones the lower. A last block that is not full is divided by its scale instead.
    /// - Parameters:
    ///   - elements: the matrix in row-major order, `count` of them, handed out in ranges of whole blocks.
    ///   - elementType: the type that the matrix has, and is rounded to again when it is needed.
    package init(
        quantizing shape: [Int], elementType: ElementType, scales kind: ScaleKind, on backend: any Backend,
        elements: (Range<Int>) throws(TensorError) -> [Float]
    ) throws(TensorError) {
        let count = shape.product
        var codes = [UInt8](repeating: 0, count: (count + 1) / 2)
        var scales = [Float](repeating: 0, count: Self.blockCount(of: shape))
        let step = Self.blockSize << 14
        for start in stride(from: 0, to: count, by: step) {
            let part = try elements(start..<min(start + step, count))
            part.withUnsafeBufferPointer { part in
                codes.withUnsafeMutableBufferPointer { codes in
                    scales.withUnsafeMutableBufferPointer { scales in
                        Self.quantize(part, from: start, of: count, codes: codes, scales: scales)
                    }
                }
            }
        }
        try self.init(
            codes: Tensor(codes, shape: [codes.count], on: backend), scales: Self.stored(scales, kind, on: backend),
            shape: shape, elementType: elementType)
    }

    /// The parts of a quantized matrix with undefined contents: what it takes, for a rehearsal.
    package init(
        outlining shape: [Int], elementType: ElementType, scales kind: ScaleKind, on backend: any Backend
    ) throws(TensorError) {
        let blocks = Self.blockCount(of: shape)
        let scales: Scales
        switch kind {
        case .plain: scales = .plain(try Tensor(uninitialized: [blocks], .float32, on: backend))
        case .nested:
            scales = .nested(
                NestedScales(
                    codes: try Tensor(uninitialized: [blocks], .uint8, on: backend),
                    map: try Tensor(uninitialized: [256], .float32, on: backend),
                    outer: try Tensor(
                        uninitialized: [(blocks + Self.outerBlockSize - 1) / Self.outerBlockSize], .float32,
                        on: backend), offset: 0))
        }
        try self.init(
            codes: Tensor(uninitialized: [(shape.product + 1) / 2], .uint8, on: backend), scales: scales,
            shape: shape, elementType: elementType)
    }

    /// The bounds between neighbouring codes.
    private static let bounds = zip(values, values.dropFirst()).map { ($0 + $1) / 2 }

    /// Codes and scales of some whole blocks, the last of which may end the matrix.
    private static func quantize(
        _ part: UnsafeBufferPointer<Float>, from start: Int, of count: Int, codes: UnsafeMutableBufferPointer<UInt8>,
        scales: UnsafeMutableBufferPointer<Float>
    ) {
        bounds.withUnsafeBufferPointer { bounds in
            for first in stride(from: 0, to: part.count, by: blockSize) {
                let block = UnsafeBufferPointer(rebasing: part[first..<min(first + blockSize, part.count)])
                var scale: Float = 0
                for value in block { scale = max(scale, abs(value)) }
                let isFull = block.count == blockSize
                if !isFull { scale = max(scale, 1e-38) }
                scales[(start + first) / blockSize] = scale
                let inverse = 1 / max(scale, 1e-38)
                let place = (start + first) / 2
                for i in stride(from: 0, to: block.count, by: 2) {
                    let high = code(isFull ? block[i] * inverse : block[i] / scale, bounds)
                    let low =
                        i + 1 < block.count
                        ? code(isFull ? block[i + 1] * inverse : block[i + 1] / scale, bounds) : code(0, bounds)
                    codes[place + i / 2] = high << 4 | low
                }
            }
        }
    }

    /// How many of the 15 bounds lie below a value, by halves and without branches.
    @inline(__always)
    private static func code(_ value: Float, _ bounds: UnsafeBufferPointer<Float>) -> UInt8 {
        var code = value > bounds[7] ? 8 : 0
        code &+= value > bounds[code &+ 3] ? 4 : 0
        code &+= value > bounds[code &+ 1] ? 2 : 0
        code &+= value > bounds[code] ? 1 : 0
        return UInt8(truncatingIfNeeded: code)
    }

    /// Scales as they are kept.
    private static func stored(
        _ scales: [Float], _ kind: ScaleKind, on backend: any Backend
    ) throws(TensorError) -> Scales {
        if kind == .plain { return .plain(try Tensor(scales, shape: [scales.count], on: backend)) }
        let offset = scales.isEmpty ? 0 : torchSum(scales) / Float(scales.count)
        var codes = [UInt8](repeating: 0, count: scales.count)
        var outer: [Float] = []
        for first in stride(from: 0, to: scales.count, by: outerBlockSize) {
            let block = scales[first..<min(first + outerBlockSize, scales.count)].map { $0 - offset }
            let largest = block.reduce(0) { max($0, abs($1)) }
            outer.append(largest)
            if largest == 0 { continue }
            let inverse = 1 / largest
            for (i, value) in block.enumerated() { codes[first + i] = DynamicMap.code(value * inverse) }
        }
        return .nested(
            NestedScales(
                codes: try Tensor(codes, shape: [codes.count], on: backend),
                map: try Tensor(DynamicMap.values, shape: [256], on: backend),
                outer: try Tensor(outer, shape: [outer.count], on: backend), offset: offset))
    }
}
