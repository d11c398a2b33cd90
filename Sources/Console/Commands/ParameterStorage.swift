/// What a declaration says about a parameter, apart from its type and value.
struct ParameterFacts: Sendable {
    var kind: ParameterDescription.Kind
    var name: String?
    var help: String
    var unit: String?
    var completion: CompletionKind?
}

/// The place where a parameter's value is kept; the parser and the command's property share it.
final class ParameterStorage<Value: ArgumentValue> {
    var value: Value?
    private(set) var wasGiven = false
    let facts: ParameterFacts
    private let defaultText: String?
    private let isRequired: Bool
    private var rangeText: String?
    private var isInRange: (Value) -> Bool = { _ in true }

    init(value: Value?, hasDefault: Bool, facts: ParameterFacts) {
        self.value = value
        self.facts = facts
        defaultText = hasDefault ? value?.argumentText : nil
        isRequired = value == nil
    }

    /// The value; the parser has made sure that a required one is there.
    var current: Value {
        guard let value else { preconditionFailure("\(facts.help): read before the command line was parsed") }
        return value
    }

    func limit(to range: ClosedRange<Value>) where Value: Comparable {
        isInRange = range.contains
        let text = { (value: Value) in value.argumentText ?? "" }
        rangeText = "\(text(range.lowerBound)) to \(text(range.upperBound))"
    }
}

/// A parameter without its type: what the parser and help need.
protocol AnyParameter {
    func describe(label: String) -> ParameterDescription
    func take(_ word: String) throws(ValueProblem)
    var isSatisfied: Bool { get }
    var wasGiven: Bool { get }
}

extension ParameterStorage: AnyParameter {
    func describe(label: String) -> ParameterDescription {
        ParameterDescription(
            kind: facts.kind, name: facts.name ?? ParameterDescription.kebabCase(label), help: facts.help,
            valueName: Value.valueName, unit: facts.unit, defaultText: defaultText, allowedValues: Value.allowedValues,
            rangeText: rangeText, completion: facts.completion ?? Value.completion, isRequired: isRequired,
            isList: Value.isList)
    }

    func take(_ word: String) throws(ValueProblem) {
        var next: Value
        if let value {
            next = value
            try next.take(word, isFirst: !wasGiven, splits: facts.kind == .option)
        } else {
            next = try Value(argument: word)
        }
        guard isInRange(next) else { throw ValueProblem(expected: rangeText ?? "a value in range") }
        value = next
        wasGiven = true
    }

    var isSatisfied: Bool { value != nil }
}

/// A wrapper that holds a parameter or a group of them; found on a command by reflection.
protocol ParameterHolder {
    func parameters(label: String) -> [(ParameterDescription, any AnyParameter)]
}

extension Option: ParameterHolder {
    func parameters(label: String) -> [(ParameterDescription, any AnyParameter)] {
        [(storage.describe(label: label), storage)]
    }
}

extension Flag: ParameterHolder {
    func parameters(label: String) -> [(ParameterDescription, any AnyParameter)] {
        [(storage.describe(label: label), storage)]
    }
}

extension Argument: ParameterHolder {
    func parameters(label: String) -> [(ParameterDescription, any AnyParameter)] {
        [(storage.describe(label: label), storage)]
    }
}

extension OptionGroup: ParameterHolder {
    func parameters(label: String) -> [(ParameterDescription, any AnyParameter)] {
        ParameterReflection.parameters(of: wrappedValue)
    }
}

/// Finds the declared parameters of a command, in the order written.
enum ParameterReflection {
    static func parameters(of command: Any) -> [(ParameterDescription, any AnyParameter)] {
        var found: [(ParameterDescription, any AnyParameter)] = []
        for child in Mirror(reflecting: command).children {
            guard let holder = child.value as? any ParameterHolder else { continue }
            let label = child.label ?? ""
            found += holder.parameters(label: label.hasPrefix("_") ? String(label.dropFirst()) : label)
        }
        return found
    }
}
