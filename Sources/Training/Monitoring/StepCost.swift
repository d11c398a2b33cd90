import Models

/// How many floating-point operations updates take, counted from the shapes of a model's weights.
///
/// A product of `[M, K]` and `[K, N]` counts `2 M K N`; norms, activations and softmax are left out, as is usual. Attention
/// counts every key of a row, masked or not. A backward counts the gradient for the input of a product where something
/// before it learns, and that for its weight where the weight learns.
package struct StepCost: Sendable, Equatable {
    /// Products of a stack of layers: for each row that goes through it.
    struct Stack: Sendable, Equatable {
        /// Elements of the weights that rows are multiplied by.
        var weights = 0
        /// Elements of those that learn.
        var trained = 0
        /// Elements of those behind which something learns.
        var passed = 0
        /// For each pair of rows: `2 * layers * heads * head size`, for scores and again for values.
        var attention = 0

        /// Operations of a forward over rows that see each other in groups of `length`.
        func forward(rows: Int, length: Int) -> Double {
            2 * Double(rows) * Double(weights) + 4 * Double(rows) * Double(length) * Double(attention)
        }

        /// Operations of a backward.
        func backward(rows: Int, length: Int) -> Double {
            let through = passed > 0 ? 8 * Double(rows) * Double(length) * Double(attention) : 0
            return 2 * Double(rows) * Double(passed + trained) + through
        }
    }

    let decoder: Stack
    let vision: Stack
    /// Elements of the table that is the head.
    let head: Int
    let isHeadTrained: Bool
    /// Rows of a picture.
    let patches: Int

    /// Counts a model as it is: what is frozen now counts as frozen.
    package init(_ model: PaliGemma) {
        let (text, tower) = (model.configuration.text, model.configuration.vision)
        var (decoder, vision) = (Stack(), Stack())
        let isVisionTrained = !model.hasFixedImageFeatures
        let parameters = model.parameters.parameters
        let table = parameters.first { $0.name.hasSuffix(Self.tableName) }
        let (head, isHeadTrained) = (table?.count ?? 0, table?.isTrainable ?? false)
        // Gradients go down to the first layer that learns, or to what is below all layers.
        let lowest =
            isVisionTrained || isHeadTrained
            ? 0 : parameters.filter(\.isTrainable).map { Self.layer($0.name) }.min() ?? .max
        for parameter in parameters {
            let isVision = !parameter.name.hasPrefix("language_model.")
            guard parameter.shape.count >= 2, !parameter.name.hasSuffix(Self.tableName),
                !parameter.name.contains("position_embedding")
            else { continue }
            if isVision {
                vision.weights += parameter.count
                vision.trained += parameter.isTrainable ? parameter.count : 0
                vision.passed += isVisionTrained ? parameter.count : 0
            } else {
                decoder.weights += parameter.count
                decoder.trained += parameter.isTrainable ? parameter.count : 0
                decoder.passed += Self.layer(parameter.name) >= lowest ? parameter.count : 0
            }
        }
        decoder.attention = text.layerCount * text.headCount * text.headDimension
        vision.attention = tower.layerCount * tower.hiddenSize
        (self.decoder, self.vision, self.head, self.isHeadTrained) = (decoder, vision, head, isHeadTrained)
        patches = tower.patchCount
    }

    private static let tableName = "embed_tokens.weight"

    /// The layer that a weight belongs to; the last of all where its name has none.
    private static func layer(_ name: String) -> Int {
        guard let place = name.firstRange(of: ".layers.") else { return .max }
        return Int(name[place.upperBound...].prefix { $0.isNumber }) ?? .max
    }

    /// The operations of an update, forward and backward.
    package func operations(_ shapes: [BatchShape]) -> Double {
        shapes.reduce(0) { sum, shape in
            let rows = shape.count * shape.length
            var total = decoder.forward(rows: rows, length: shape.length)
            total += decoder.backward(rows: rows, length: shape.length)
            total += 2 * Double(shape.labelCount) * Double(head) * (isHeadTrained ? 3 : 2)
            if shape.runsTower {
                let patchRows = shape.count * patches
                total += vision.forward(rows: patchRows, length: patches)
                total += vision.backward(rows: patchRows, length: patches)
            }
            return sum + total
        }
    }
}
