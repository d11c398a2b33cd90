import Tensors

/// The trained part of a low-rank adapter on one linear layer.
package final class LowRankAdapter {
    /// `[r, in]`, starts random.
    let a: Parameter
    /// `[out, r]`, starts at zero.
    let b: Parameter
    /// `alpha / r`, or `alpha / sqrt(r)`.
    let scaling: Float
    /// The share of inputs dropped in training.
    let dropout: Float

    init(a: Parameter, b: Parameter, scaling: Float, dropout: Float) {
        self.a = a
        self.b = b
        self.scaling = scaling
        self.dropout = dropout
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
