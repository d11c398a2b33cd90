/// The sum of several products: `output (+)= alpha * (a[0] b[0] + a[1] b[1] + ..)`.
///
/// - Shapes: a `[M, K_i]`, b `[K_i, N]`, output `[M, N]`, one or more of them.
/// - Types: all alike.
/// The sum is rounded at least once, and at most once for each product.
package struct SummedMatmulCall {
    package let a: [Tensor]
    package let b: [Tensor]
    package var alpha: Float = 1
    /// Adds to what `output` holds, which then needs to be initialized.
    package var accumulate = false
    package let output: Tensor

    /// States a sum; the rest is set as needed.
    package init(a: [Tensor], b: [Tensor], output: Tensor) {
        (self.a, self.b, self.output) = (a, b, output)
    }

    /// One of the products, to be computed after those before it.
    package func product(_ i: Int) -> MatmulCall {
        var product = MatmulCall(a: a[i], b: b[i], output: output)
        (product.alpha, product.accumulate) = (alpha, accumulate || i > 0)
        return product
    }
}

extension Backend {
    /// For devices on which a call costs little beside its work.
    package var joinsProducts: Bool { false }

    /// For devices without kernels of their own: one product after another.
    package func matmul(_ calls: [MatmulCall]) throws(TensorError) {
        for call in calls { try matmul(call) }
    }

    /// For devices without a kernel of their own: one product after another.
    package func matmul(_ call: SummedMatmulCall) throws(TensorError) {
        try multiplyApart(call)
    }

    /// Each product added to those before it.
    package func multiplyApart(_ call: SummedMatmulCall) throws(TensorError) {
        for i in call.a.indices { try matmul(call.product(i)) }
    }
}
