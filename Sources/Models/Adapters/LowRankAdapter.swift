import Tensors

/// The trained part of a low-rank adapter on one linear layer.
package final class LowRankAdapter {
    /// `[r, in]`, starts random.
    let a: Parameter
    /// `[out, r]`, starts at zero.
    let b: Parameter
    /// The trained length of each row of the adapted matrix, `[out]`, in DoRA.
    let magnitude: Parameter?
    /// `alpha / r`, or `alpha / sqrt(r)`.
    let scaling: Float
    /// The share of inputs dropped in training.
    let dropout: Float

    init(a: Parameter, b: Parameter, magnitude: Parameter?, scaling: Float, dropout: Float) {
        self.a = a
        self.b = b
        self.magnitude = magnitude
        self.scaling = scaling
        self.dropout = dropout
    }

    /// Its weights.
    var parameters: [Parameter] { [a, b] + (magnitude.map { [$0] } ?? []) }

    /// What the adapter adds with its most exact weights, without dropout; not recorded.
    func exactTerm() throws(TensorError) -> LowRankTerm {
        LowRankTerm(
            a: try (a.master ?? a.value).converted(to: .float32), b: try (b.master ?? b.value).converted(to: .float32),
            scaling: scaling)
    }

    /// What the adapter adds on one trip.
    func term(of pass: Pass) -> LowRankTerm {
        let choice = pass.dropout.flatMap { seedAndStep in
            dropout > 0
                ? (dropout, RandomKey(seed: seedAndStep.seed, purpose: "dropout " + a.name, step: seedAndStep.step))
                : nil
        }
        return LowRankTerm(a: pass(a), b: pass(b), scaling: scaling, dropout: choice.map { (rate: $0.0, key: $0.1) })
    }
}
