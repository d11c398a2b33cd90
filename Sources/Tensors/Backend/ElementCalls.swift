/// Fills a tensor with one value.
package struct FillCall {
    package let output: Tensor
    package let value: Float

    /// States a call.
    package init(output: Tensor, value: Float) {
        self.output = output
        self.value = value
    }
}

/// Converts real elements to another real type, rounding to nearest, ties to even.
package struct ConvertCall {
    package let input: Tensor
    package let output: Tensor

    /// States a call.
    package init(input: Tensor, output: Tensor) {
        self.input = input
        self.output = output
    }
}

/// `output = a + scale * b`; `b` may have fewer rows than `a`, then it repeats: row `i` takes `b`'s row `i % b.rows`.
///
/// `output` may be `a` itself. All have the type of `a`, but a float32 `a` takes a `b` of any real type.
package struct AddCall {
    package let a: Tensor
    package let b: Tensor
    package let scale: Float
    package let output: Tensor

    /// States a call.
    package init(a: Tensor, b: Tensor, scale: Float, output: Tensor) {
        self.a = a
        self.b = b
        self.scale = scale
        self.output = output
    }
}

/// `output = factor * input`; `output` may be `input` itself.
package struct ScaleCall {
    package let input: Tensor
    package let factor: Float
    package let output: Tensor

    /// States a call.
    package init(input: Tensor, factor: Float, output: Tensor) {
        self.input = input
        self.factor = factor
        self.output = output
    }
}

/// Keeps each element with probability `1 - rate`, scaled by `1 / (1 - rate)`, and drops the others to zero.
///
/// Element `i` is kept where `RandomStream.uniform(key, counter: i)` is at least `rate`: the same on every device.
/// The backward is the same call on the gradient.
package struct DropoutCall {
    package let input: Tensor
    package let rate: Float
    package let key: RandomKey
    package let output: Tensor

    /// States a call.
    package init(input: Tensor, rate: Float, key: RandomKey, output: Tensor) {
        self.input = input
        self.rate = rate
        self.key = key
        self.output = output
    }
}

/// `output[i] = scale * table[indices[i]]`, rows of `D` elements.
///
/// - Shapes: table `[V, D]`, indices int32 `[R]`, output `[R, D]`. `scale` is rounded to the element type first.
package struct GatherRowsCall {
    package let table: Tensor
    package let indices: Tensor
    package let scale: Float
    package let output: Tensor

    /// States a call.
    package init(table: Tensor, indices: Tensor, scale: Float, output: Tensor) {
        self.table = table
        self.indices = indices
        self.scale = scale
        self.output = output
    }
}

/// `output[indices[i]] = source[i]`, or `+= scale * source[i]` where `accumulate`; repeated indices add in order of `i`.
///
/// - Shapes: source `[R, D]`, indices int32 `[R]`, output `[V, D]`. An accumulating output may be float32 over any source.
/// Rows that no index names are left as they are.
package struct ScatterRowsCall {
    package let source: Tensor
    package let indices: Tensor
    package let scale: Float
    package let accumulate: Bool
    package let output: Tensor
    /// Says that no index is there twice, so that a device need not look for others of its kind.
    package var isUnique = false

    /// States a call.
    package init(source: Tensor, indices: Tensor, scale: Float, accumulate: Bool, output: Tensor) {
        self.source = source
        self.indices = indices
        self.scale = scale
        self.accumulate = accumulate
        self.output = output
    }
}

/// Writes new keys or values into a cache: `output[b, column + t] = source[b, t]`.
///
/// - Shapes: source `[B, T, W]`, output `[B, C, W]` with `column + T <= C`.
package struct WriteColumnsCall {
    package let source: Tensor
    package let column: Int
    package let output: Tensor

    /// States a call.
    package init(source: Tensor, column: Int, output: Tensor) {
        self.source = source
        self.column = column
        self.output = output
    }
}

/// Cuts images into square patches, as rows for a product with the patch embedding's weight.
///
/// - Shapes: images float32 `[B, 3, H, W]`, output `[B * (H / size) * (W / size), 3 * size * size]`, channel outermost
///   in a row, then y, then x; patches row by row. The output may be of another real type.
package struct ExtractPatchesCall {
    package let images: Tensor
    package let patchSize: Int
    package let output: Tensor

    /// States a call.
    package init(images: Tensor, patchSize: Int, output: Tensor) {
        self.images = images
        self.patchSize = patchSize
        self.output = output
    }
}

/// The sum over rows: `output[j] (+)= sum over i of input[i, j]`, output float32 `[N]`.
package struct SumColumnsCall {
    package let input: Tensor
    package let accumulate: Bool
    package let output: Tensor

    /// States a call.
    package init(input: Tensor, accumulate: Bool, output: Tensor) {
        self.input = input
        self.accumulate = accumulate
        self.output = output
    }
}

/// The sum of the squares of all elements, output float32 `[1]`; not finite if any element is not.
///
/// Partial sums have a fixed shape, and are added in float64.
package struct SumOfSquaresCall {
    package let input: Tensor
    package let output: Tensor

    /// States a call.
    package init(input: Tensor, output: Tensor) {
        self.input = input
        self.output = output
    }
}

/// `output[i, j] = input[i, j] * factors[j]`, factors float32 `[N]`.
package struct ScaleColumnsCall {
    package let input: Tensor
    package let factors: Tensor
    package let output: Tensor

    /// States a call.
    package init(input: Tensor, factors: Tensor, output: Tensor) {
        self.input = input
        self.factors = factors
        self.output = output
    }
}

/// `output[j] = sum over i of a[i, j] * b[i, j]`, output float32 `[N]`; `a` and `b` of one type.
package struct DotColumnsCall {
    package let a: Tensor
    package let b: Tensor
    package let output: Tensor

    /// States a call.
    package init(a: Tensor, b: Tensor, output: Tensor) {
        self.a = a
        self.b = b
        self.output = output
    }
}

extension Backend {
    /// For devices that take one tensor at a time.
    package func sumOfSquares(_ calls: [SumOfSquaresCall]) throws(TensorError) {
        for call in calls { try sumOfSquares(call) }
    }

    /// For devices without a kernel of their own: on the host.
    package func scaleColumns(_ call: ScaleColumnsCall) throws(TensorError) {
        let (values, factors) = (try call.input.floats(), try call.factors.floats())
        let scaled = values.indices.map { values[$0] * factors[$0 % factors.count] }
        try convert(ConvertCall(input: Tensor(scaled, shape: call.input.shape, on: self), output: call.output))
    }

    /// For devices without a kernel of their own: on the host.
    package func dotColumns(_ call: DotColumnsCall) throws(TensorError) {
        let (a, b) = (try call.a.floats(), try call.b.floats())
        var sums = [Float](repeating: 0, count: call.output.count)
        for i in a.indices { sums[i % sums.count] += a[i] * b[i] }
        try convert(ConvertCall(input: Tensor(sums, shape: [sums.count], on: self), output: call.output))
    }
}
