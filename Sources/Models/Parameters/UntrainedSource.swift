import Glibc
import Tensors

/// The weights that a small model begins its training with, the same for a seed and a name everywhere.
///
/// Matrices are normal, cut at two deviations of `0.7 / sqrt(fan in)`; what a vision layer adds to its input is 0.4 of that.
/// Positions of patches are sines and cosines of their column and row; rows of locations are sums of 32 waves over the range,
/// so that neighbours begin alike; other embeddings are normal, of unit length in the mean. Norms begin as the identity.
struct UntrainedSource: ParameterSource {
    let seed: UInt64
    let locationIDs: Range<Int>
    let elementType: ElementType
    let backend: any Backend

    var mapsFiles: Bool { false }

    func values(of name: String, shape: [Int]) throws(ModelError) -> Tensor {
        let values = floats(of: name, shape: shape)
        return try modelErrors { () throws(TensorError) in
            try Tensor(values, shape: shape, on: backend).converted(to: elementType)
        }
    }

    private func floats(of name: String, shape: [Int]) -> [Float] {
        let isSigLIPNorm =
            name.contains("layer_norm")
            || name.contains("post_layernorm")
                && name.hasPrefix("vision_tower")
        if shape.count < 2 {
            return Array(repeating: isSigLIPNorm && name.hasSuffix(".weight") ? 1 : 0, count: shape.product)
        }
        if name.contains("position_embedding") { return positions(shape) }
        if name.contains("embed_tokens") { return embeddings(name, shape) }
        let addsToVision = name.hasPrefix("vision_tower") && (name.contains("out_proj") || name.contains("fc2"))
        let fanIn = Double(shape.dropFirst().reduce(1, *))
        return normal(name, shape.product, deviation: (addsToVision ? 0.4 : 1) * 0.7 / fanIn.squareRoot(), cut: true)
    }

    private func normal(_ name: String, _ count: Int, deviation: Double, cut: Bool) -> [Float] {
        var random = RandomStream(seed: seed, purpose: "untrained " + name)
        return (0..<count).map { _ in
            var value = random.normal()
            while cut, abs(value) > 2 { value = random.normal() }
            return Float(value * deviation)
        }
    }

    /// Sines and cosines of row, then of column, times 0.7.
    private func positions(_ shape: [Int]) -> [Float] {
        let (count, size) = (shape[0], shape[1])
        let side = max(Int(Double(count).squareRoot().rounded()), 1)
        let waves = max(size / 4, 1)
        return (0..<count).flatMap { patch in
            (0..<size).map { i in
                let part = min(i / waves, 3)
                let place = Double(part < 2 ? patch / side : patch % side)
                let angle = place / pow(10_000, Double(i % waves) / Double(waves))
                return Float(0.7 * (part % 2 == 0 ? sin(angle) : cos(angle)))
            }
        }
    }

    /// Normal rows, and for locations rows of 32 waves, from half a period to 48 over the range, mixed at random.
    private func embeddings(_ name: String, _ shape: [Int]) -> [Float] {
        let (size, waves) = (shape[1], 32)
        var values = normal(name, shape.product, deviation: 1 / Double(size).squareRoot(), cut: false)
        let mixture = normal(name + " waves", 2 * waves * size, deviation: 1, cut: false)
        for (place, id) in locationIDs.enumerated() where id < shape[0] {
            let along = Double(place) / Double(max(locationIDs.count - 1, 1))
            var row = [Double](repeating: 0, count: size)
            for wave in 0..<waves {
                let periods = 0.5 * pow(96, Double(wave) / Double(waves - 1))
                let (sine, cosine) = (sin(2 * .pi * periods * along), cos(2 * .pi * periods * along))
                for i in 0..<size {
                    row[i] += sine * Double(mixture[2 * wave * size + i])
                    row[i] += cosine * Double(mixture[(2 * wave + 1) * size + i])
                }
            }
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for i in 0..<size { values[id * size + i] = Float(row[i] / length) }
        }
        return values
    }
}
