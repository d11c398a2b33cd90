import Tensors

/// Where the values of a model's weights come from: a checkpoint, or a random stream.
package protocol ParameterSource {
    /// Whether values may stand in mapped files, which must not be written to.
    var mapsFiles: Bool { get }

    /// The values of the weight called `name`, of `shape`, in the type that the model computes with.
    func values(of name: String, shape: [Int]) throws(ModelError) -> Tensor
}

/// A place in the tree of a model's weights, from which layers take theirs: `scope/"layers"/3/"mlp"`.
package struct ParameterScope {
    /// The names from the root to here.
    package let path: String
    private let source: any ParameterSource
    private let tree: ModelTree

    /// The root.
    init(source: any ParameterSource, tree: ModelTree) {
        path = ""
        self.source = source
        self.tree = tree
    }

    private init(path: String, of parent: ParameterScope) {
        self.path = path
        source = parent.source
        tree = parent.tree
    }

    /// The child called `name`.
    package static func / (scope: ParameterScope, name: String) -> ParameterScope {
        ParameterScope(path: scope.path.isEmpty ? name : scope.path + "." + name, of: scope)
    }

    /// The child with a number.
    package static func / (scope: ParameterScope, index: Int) -> ParameterScope {
        scope / String(index)
    }

    /// Makes the weight `name` of this place.
    func parameter(_ name: String, _ shape: [Int]) throws(ModelError) -> Parameter {
        let whole = (self / name).path
        let parameter = Parameter(
            name: whole, value: try source.values(of: whole, shape: shape), isMapped: source.mapsFiles)
        tree.store.add(parameter)
        return parameter
    }

    /// Notes that a linear layer stands here, so that adapters find it.
    func register(_ linear: Linear) {
        tree.linears.append(linear)
    }
}

/// What a model is made of: its weights, and the linear layers that adapters can target.
final class ModelTree {
    let store = ParameterStore()
    var linears: [Linear] = []
}
