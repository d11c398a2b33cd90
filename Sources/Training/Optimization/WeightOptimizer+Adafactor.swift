import Glibc
import Models
import Tensors

/// Adafactor: second moments of a matrix are kept as those of its rows and columns.
///
/// - Source: Shazeer and Stern, "Adafactor", 2018; transformers' `Adafactor` with the settings of its `Trainer`
///   (`scale_parameter` and `relative_step` off, no first moment).
extension WeightOptimizer {
    /// Added to squared gradients.
    private static let epsilon: Float = 1e-30
    /// The root mean square that updates are scaled down to.
    private static let clippingThreshold: Float = 1

    static func adafactorMoments(of parameter: Parameter) throws(TensorError) -> [Moment] {
        let (shape, backend) = (parameter.shape, parameter.value.backend)
        func moment(_ name: String, _ shape: [Int]) throws(TensorError) -> Moment {
            Moment(name: name, tensor: try .filled(0, shape: shape, .float32, on: backend))
        }
        guard let columns = shape.last, shape.count >= 2 else { return [try moment("exp_avg_sq", shape)] }
        return [
            try moment("exp_avg_sq_row", Array(shape.dropLast())),
            try moment("exp_avg_sq_col", shape.dropLast(2) + [columns]),
        ]
    }

    /// The update of one weight.
    func adafactorCall(_ update: Update) -> AdafactorCall {
        let moments = update.slot.moments.map(\.tensor)
        return AdafactorCall(
            parameter: update.slot.weights, gradient: update.gradient,
            meanSquares: moments.count == 1 ? .elements(moments[0]) : .matrices(rows: moments[0], columns: moments[1]),
            rounded: update.slot.rounded, learningRate: update.learningRate, weightDecay: update.weightDecay,
            kept: Float(1 - pow(Double(update.step), -0.8)), epsilon: Self.epsilon,
            clippingThreshold: Self.clippingThreshold, gradientScale: update.gradientScale)
    }
}
