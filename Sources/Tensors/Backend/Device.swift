/// What a backend computes on, as users and session headers see it.
package struct Device: Sendable, Equatable {
    /// What kind of device this is.
    package enum Kind: String, Sendable {
        case cpu, cuda
    }

    /// The kind.
    package let kind: Kind
    /// The place among devices of its kind: 0 for `cuda:0`.
    package let index: Int
    /// The product name, such as `AMD EPYC 9R14`.
    package let name: String
    /// What decides the bits of results: an instruction set such as `avx512_bf16`, or a GPU model.
    package let variant: String

    /// Describes a device.
    package init(kind: Kind, index: Int, name: String, variant: String) {
        self.kind = kind
        self.index = index
        self.name = name
        self.variant = variant
    }

    /// Two devices of equal signature give equal bytes: `cpu avx512_bf16`.
    package var signature: String { "\(kind.rawValue) \(variant)" }
}
