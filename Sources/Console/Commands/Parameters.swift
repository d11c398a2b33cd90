/// A named value of a command: `--learning-rate 2e-5`.
///
///     @Option("peak learning rate") var learningRate = 2e-5
///     @Option("where to write the model", name: "out", completion: .folder) var output: Path
///
/// The name is the property's, in kebab case, unless another is given. A property of an optional or list type may be
/// left out; one without a default must be given.
@propertyWrapper
package struct Option<Value: ArgumentValue> {
    let storage: ParameterStorage<Value>

    /// An option with a default.
    package init(
        wrappedValue: Value, _ help: String, name: String? = nil, unit: String? = nil, completion: CompletionKind? = nil
    ) {
        storage = ParameterStorage(
            value: wrappedValue, hasDefault: true,
            facts: ParameterFacts(kind: .option, name: name, help: help, unit: unit, completion: completion))
    }

    /// An option with a default, whose value must lie in a range.
    package init(
        wrappedValue: Value, _ help: String, name: String? = nil, unit: String? = nil, in range: ClosedRange<Value>
    ) where Value: Comparable {
        self.init(wrappedValue: wrappedValue, help, name: name, unit: unit)
        storage.limit(to: range)
    }

    /// An option without a default: required, unless its type is optional or a list.
    package init(_ help: String, name: String? = nil, unit: String? = nil, completion: CompletionKind? = nil) {
        storage = ParameterStorage(
            value: Value.absent, hasDefault: false,
            facts: ParameterFacts(kind: .option, name: name, help: help, unit: unit, completion: completion))
    }

    /// The value given, or the default.
    package var wrappedValue: Value {
        get { storage.current }
        nonmutating set { storage.value = newValue }
    }

    /// Whether the option was given on the line.
    package var projectedValue: Bool { storage.wasGiven }
}

/// A switch of a command: `--skip-invalid`, or `--no-skip-invalid` to turn it off again.
@propertyWrapper
package struct Flag {
    let storage: ParameterStorage<Bool>

    /// A flag with its value when not given.
    package init(wrappedValue: Bool = false, _ help: String, name: String? = nil) {
        storage = ParameterStorage(
            value: wrappedValue, hasDefault: true,
            facts: ParameterFacts(kind: .flag, name: name, help: help, unit: nil, completion: nil))
    }

    /// Whether the flag is on.
    package var wrappedValue: Bool {
        get { storage.current }
        nonmutating set { storage.value = newValue }
    }

    /// Whether the flag was given on the line.
    package var projectedValue: Bool { storage.wasGiven }
}

/// A value of a command that is known by its place: `infer train`. A list type takes all words that are left.
@propertyWrapper
package struct Argument<Value: ArgumentValue> {
    let storage: ParameterStorage<Value>

    /// An argument with a default.
    package init(wrappedValue: Value, _ help: String, name: String? = nil, completion: CompletionKind? = nil) {
        storage = ParameterStorage(
            value: wrappedValue, hasDefault: true,
            facts: ParameterFacts(kind: .argument, name: name, help: help, unit: nil, completion: completion))
    }

    /// An argument with a default, whose value must lie in a range.
    package init(wrappedValue: Value, _ help: String, name: String? = nil, in range: ClosedRange<Value>)
    where Value: Comparable {
        self.init(wrappedValue: wrappedValue, help, name: name)
        storage.limit(to: range)
    }

    /// An argument without a default: required, unless its type is optional or a list.
    package init(_ help: String, name: String? = nil, completion: CompletionKind? = nil) {
        storage = ParameterStorage(
            value: Value.absent, hasDefault: false,
            facts: ParameterFacts(kind: .argument, name: name, help: help, unit: nil, completion: completion))
    }

    /// The value given, or the default.
    package var wrappedValue: Value {
        get { storage.current }
        nonmutating set { storage.value = newValue }
    }

    /// Whether the argument was given on the line.
    package var projectedValue: Bool { storage.wasGiven }
}

/// Options that several commands share, declared once in a struct of their own.
///
///     struct TrainingOptions: OptionGroupContents { @Option("...") var learningRate = 2e-5 }
///     struct Train: Command { @OptionGroup var training: TrainingOptions }
@propertyWrapper
package struct OptionGroup<Contents: OptionGroupContents> {
    /// The shared options.
    package let wrappedValue = Contents()

    /// Makes the group.
    package init() {}
}

/// A struct of options, flags and arguments that commands can include.
package protocol OptionGroupContents {
    /// Makes the options with their defaults.
    init()
}
