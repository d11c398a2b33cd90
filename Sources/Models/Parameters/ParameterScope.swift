import Tensors

/// Where the values of a model's weights come from: a checkpoint, or a random stream.
package protocol ParameterSource {
    /// Whether values may stand in mapped files, which must not be written to.
    var mapsFiles: Bool { get }

    /// The values of the weight called `name`, of `shape`, in the type that the model computes with.
    func values(of name: String, shape: [Int]) throws(ModelError) -> Tensor

    /// The matrix of the linear layer at `layer`, of `shape`.
    func matrix(of layer: String, shape: [Int]) throws(ModelError) -> MatrixValues

    /// Says that a weight's values in files are not read again.
    func release(_ name: String)
}

extension ParameterSource {
    package func matrix(of layer: String, shape: [Int]) throws(ModelError) -> MatrixValues {
        .dense(try values(of: layer + ".weight", shape: shape))
    }

    package func release(_ name: String) {}
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
        return add(whole, try source.values(of: whole, shape: shape))
    }

    /// Makes the matrix of the linear layer at this place.
    func matrix(_ shape: [Int]) throws(ModelError) -> Linear.Weight {
        switch try source.matrix(of: path, shape: shape) {
        case .dense(let tensor): return .dense(add((self / "weight").path, tensor))
        case .nf4(let matrix):
            let weight = QuantizedWeight(name: (self / "weight").path, matrix: matrix)
            tree.store.add(weight)
            return .nf4(weight)
        }
    }

    private func add(_ name: String, _ value: Tensor) -> Parameter {
        let parameter = Parameter(name: name, value: value, isMapped: source.mapsFiles)
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
