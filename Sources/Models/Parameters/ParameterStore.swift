import Tensors

/// The weights of a model in the order of its layers; freezing, counting and saving are questions to it.
package final class ParameterStore {
    /// All weights, in order of creation.
    package private(set) var parameters: [Parameter] = []
    /// The frozen matrices in 4 bits, in order of creation.
    package private(set) var quantized: [QuantizedWeight] = []
    private var places: [String: Int] = [:]

    /// An empty store.
    package init() {}

    /// The weight of a name.
    package subscript(name: String) -> Parameter? {
        places[name].map { parameters[$0] }
    }

    /// The weights that training changes.
    package var trainable: [Parameter] { parameters.filter(\.isTrainable) }

    /// How many elements all weights have together, quantized ones included.
    package var elementCount: Int { quantized.reduce(parameters.reduce(0) { $0 + $1.count }) { $0 + $1.count } }

    /// How many elements the trained weights have together.
    package var trainableElementCount: Int { trainable.reduce(0) { $0 + $1.count } }

    /// The bytes that the values take.
    package var byteCount: Int {
        quantized.reduce(parameters.reduce(0) { $0 + $1.value.byteCount }) { $0 + $1.matrix.byteCount }
    }

    /// Adds a weight; names are unique.
    package func add(_ parameter: Parameter) {
        precondition(places[parameter.name] == nil, "two weights of one name")
        places[parameter.name] = parameters.count
        parameters.append(parameter)
    }

    /// Adds a matrix in 4 bits, which is never trained.
    package func add(_ weight: QuantizedWeight) {
        quantized.append(weight)
    }

    /// Takes out a matrix in 4 bits.
    package func remove(_ weight: QuantizedWeight) {
        quantized.removeAll { $0 === weight }
    }

    /// Stops the training of the weights that `matches` picks; returns how many there are.
    @discardableResult
    package func freeze(where matches: (Parameter) -> Bool) -> Int {
        let picked = parameters.filter(matches)
        for parameter in picked {
            parameter.isTrainable = false
            parameter.clearGradient(releasing: true)
        }
        return picked.count
    }

    /// Lets the weights that `matches` picks be trained; returns how many there are.
    @discardableResult
    package func unfreeze(where matches: (Parameter) -> Bool) -> Int {
        let picked = parameters.filter(matches)
        for parameter in picked { parameter.isTrainable = true }
        return picked.count
    }

    /// Takes out the weights that `matches` picks.
    package func remove(where matches: (Parameter) -> Bool) {
        replace(with: parameters.filter { !matches($0) })
    }

    /// Puts other weights in place.
    func replace(with parameters: [Parameter]) {
        self.parameters = parameters
        places = Dictionary(uniqueKeysWithValues: parameters.enumerated().map { ($1.name, $0) })
    }
}
