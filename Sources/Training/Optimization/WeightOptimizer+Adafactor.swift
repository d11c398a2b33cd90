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

    /// A weight as matrices: how many, their rows and columns; nil for a vector, which has no rows.
    private static func matrices(_ shape: [Int]) -> (count: Int, rows: Int, columns: Int)? {
        guard shape.count >= 2 else { return nil }
        let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
        return (shape.dropLast(2).reduce(1, *), rows, columns)
    }

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

    func updateByAdafactor(_ slot: Slot, _ gradient: Tensor, _ update: Update) throws(TensorError) {
        let keep = Float(1 - pow(Double(update.step), -0.8))
        let rate = Float(update.learningRate)
        let decay = Float(update.weightDecay * update.learningRate)
        var moments = try slot.moments.map { (moment) throws(TensorError) in try moment.tensor.floats() }
        let form = Self.matrices(slot.parameter.shape)
        try slot.changeOnHost(gradient, scale: update.gradientScale) { (weights, gradient) in
            var change =
                form.map { Self.factoredChange(gradient, $0, keep: keep, &moments) }
                ?? Self.change(gradient, keep: keep, squares: &moments[0])
            let square = change.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(change.count, 1))
            let divisor = max(1, Float(square.squareRoot()) / Self.clippingThreshold)
            for i in change.indices {
                change[i] = change[i] / divisor * rate
                weights[i] = weights[i] - decay * weights[i] - change[i]
            }
        }
        for (moment, values) in zip(slot.moments, moments) {
            let changed = try Tensor(values, shape: moment.tensor.shape, on: moment.tensor.backend)
            try changed.backend.convert(ConvertCall(input: changed, output: moment.tensor))
        }
    }

    /// The change of a vector: its gradient over the root of the mean squares.
    private static func change(_ gradient: [Float], keep: Float, squares: inout [Float]) -> [Float] {
        gradient.indices.map { i in
            squares[i] = keep * squares[i] + (1 - keep) * (gradient[i] * gradient[i] + epsilon)
            return gradient[i] / squares[i].squareRoot()
        }
    }

    /// The change of matrices: a mean square is estimated as that of its row times that of its column, over that of all.
    private static func factoredChange(
        _ gradient: [Float], _ form: (count: Int, rows: Int, columns: Int), keep: Float,
        _ moments: inout [[Float]]
    ) -> [Float] {
        var (rows, columns) = (moments[0], moments[1])
        defer { moments = [rows, columns] }
        var change = gradient
        for matrix in 0..<form.count {
            let start = matrix * form.rows * form.columns
            let (firstRow, firstColumn) = (matrix * form.rows, matrix * form.columns)
            var columnSums = [Double](repeating: 0, count: form.columns)
            for row in 0..<form.rows {
                var sum = 0.0
                for column in 0..<form.columns {
                    let value = gradient[start + row * form.columns + column]
                    let square = Double(value * value + epsilon)
                    sum += square
                    columnSums[column] += square
                }
                let mean = Float(sum / Double(form.columns))
                rows[firstRow + row] = keep * rows[firstRow + row] + (1 - keep) * mean
            }
            for column in 0..<form.columns {
                let mean = Float(columnSums[column] / Double(form.rows))
                columns[firstColumn + column] = keep * columns[firstColumn + column] + (1 - keep) * mean
            }
            let rowSum = rows[firstRow..<firstRow + form.rows].reduce(0.0) { $0 + Double($1) }
            let rowMean = Float(rowSum / Double(form.rows))
            let columnFactors = (0..<form.columns).map { 1 / columns[firstColumn + $0].squareRoot() }
            for row in 0..<form.rows {
                let factor = 1 / (rows[firstRow + row] / rowMean).squareRoot()
                for column in 0..<form.columns {
                    change[start + row * form.columns + column] *= factor * columnFactors[column]
                }
            }
        }
        return change
    }
}
