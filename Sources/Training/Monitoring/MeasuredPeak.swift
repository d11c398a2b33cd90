import Tensors

/// The most operations each second that a device is seen to make: a product of matrices, timed.
package struct MeasuredPeak: Sendable, Equatable {
    package let operationsPerSecond: Double
    /// Rows, inner size and columns of the product.
    package let rows: Int, inner: Int, columns: Int
    package let elementType: ElementType

    /// Times the product a few times and takes the fastest.
    ///
    /// - Parameter now: seconds of a clock that never goes back.
    package init(
        on backend: any Backend, _ elementType: ElementType, rows: Int = 512, inner: Int = 1024, columns: Int = 1024,
        repeats: Int = 5, now: () -> Double
    ) throws(TensorError) {
        let a = try Tensor.filled(0.5, shape: [rows, inner], elementType, on: backend)
        let b = try Tensor.filled(0.25, shape: [columns, inner], elementType, on: backend)
        let output = try Tensor(uninitialized: [rows, columns], elementType, on: backend)
        var product = MatmulCall(a: a, b: b, output: output)
        product.transposeB = true
        product.reusesB = true
        var fastest = Double.infinity
        for _ in 0...repeats {
            let start = now()
            try backend.matmul(product)
            try backend.synchronize()
            let seconds = now() - start
            if seconds > 0 { fastest = min(fastest, seconds) }
        }
        operationsPerSecond = fastest.isFinite ? 2 * Double(rows * inner * columns) / fastest : 0
        (self.rows, self.inner, self.columns, self.elementType) = (rows, inner, columns, elementType)
    }
}
