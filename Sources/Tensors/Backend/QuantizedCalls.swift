/// Turns a part of an NF4 matrix into real numbers: `output[i] = round(values[code i] * scale)`.
///
/// The product is rounded to float32, then to the type of the matrix, which the output has.
/// - Shapes: output has the elements of the whole matrix.
package struct DequantizeCall {
    package let input: NF4Matrix
    package let output: Tensor

    /// States a call.
    package init(input: NF4Matrix, output: Tensor) {
        self.input = input
        self.output = output
    }
}

/// A product with a frozen NF4 matrix: `output (+)= a op(b) + bias`, as `MatmulCall` of the dequantized `b`.
///
/// Elements of `b` are rounded to the type of `b`, then to that of `a` if that is coarser.
/// - Shapes: `a` `[M, K]`, `op(b)` `[K, N]`, bias `[N]`, output `[M, N]`; types of `a`, bias and output as in `MatmulCall`.
package struct QuantizedMatmulCall {
    package var a: Tensor
    package var b: NF4Matrix
    package var transposeB = false
    package var bias: Tensor?
    /// Adds to what `output` holds, which then needs to be initialized.
    package var accumulate = false
    package var output: Tensor

    /// States a product; the rest is set as needed.
    package init(a: Tensor, b: NF4Matrix, output: Tensor) {
        self.a = a
        self.b = b
        self.output = output
    }
}

extension Backend {
    /// For devices without a kernel of their own.
    package func dequantize(_ call: DequantizeCall) throws(TensorError) {
        try dequantizeOnHost(call)
    }

    /// For devices without a kernel of their own: one matrix is dequantized for the time of the product.
    package func matmul(_ call: QuantizedMatmulCall) throws(TensorError) {
        try multiplyDequantized(call)
    }

    /// Computes the elements on the host and copies them.
    package func dequantizeOnHost(_ call: DequantizeCall) throws(TensorError) {
        let matrix = call.input
        let (codes, scales) = (try matrix.codes.read(as: UInt8.self), try matrix.hostScales())
        var floats = [Float](repeating: 0, count: matrix.count)
        for i in floats.indices {
            let code = i % 2 == 0 ? codes[i / 2] >> 4 : codes[i / 2] & 15
            floats[i] = NF4Matrix.values[Int(code)] * scales[i / NF4Matrix.blockSize]
        }
        let exact = try Tensor(floats, shape: matrix.shape, on: self)
        try convert(ConvertCall(input: exact, output: call.output))
    }

    /// Makes a dense matrix and multiplies by it.
    package func multiplyDequantized(_ call: QuantizedMatmulCall) throws(TensorError) {
        let matrix = try call.b.dequantized().converted(to: call.a.elementType)
        var product = MatmulCall(a: call.a, b: matrix, output: call.output)
        product.transposeB = call.transposeB
        product.bias = call.bias
        product.accumulate = call.accumulate
        try matmul(product)
    }
}

extension NF4Matrix {
    /// The float32 scale of each block, on the host.
    package func hostScales() throws(TensorError) -> [Float] {
        switch scales {
        case .plain(let tensor): return try tensor.read()
        case .nested(let nested):
            let (map, outer) = (try nested.map.read(as: Float.self), try nested.outer.read(as: Float.self))
            return try nested.codes.read(as: UInt8.self).enumerated().map { block, code in
                let product = map[Int(code)] * outer[block / Self.outerBlockSize]
                return product + nested.offset
            }
        }
    }
}
