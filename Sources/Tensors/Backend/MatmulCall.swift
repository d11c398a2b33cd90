/// A product of matrices: `output (+)= alpha * op(a) op(b) + bias`.
///
/// Every operand is seen as a matrix: all axes but the last are rows. `op` transposes where asked.
/// - Shapes: `op(a)` is `[M, K]`, `op(b)` is `[K, N]`, bias `[N]`, output `[M, N]`.
/// - Types: `a` and `b` alike, float32 or bfloat16 (or float16 on devices with it); bias like them; output like them or float32.
/// Sums run in float32 whatever the inputs.
package struct MatmulCall {
    package var a: Tensor
    package var b: Tensor
    package var transposeA = false
    package var transposeB = false
    package var alpha: Float = 1
    package var bias: Tensor?
    /// Adds to what `output` holds, which then needs to be initialized.
    package var accumulate = false
    /// Says that `b` will be used unchanged many times, so that packing it once pays. The storage of `b` is the key.
    package var reusesB = false
    package var output: Tensor

    /// States a product; the rest is set as needed.
    package init(a: Tensor, b: Tensor, output: Tensor) {
        self.a = a
        self.b = b
        self.output = output
    }
}
