import JSON

/// Reads the fields of one JSON object of a config.json, with the defaults of the reference's configuration classes.
struct ConfigurationReader {
    let object: JSONObject
    let file: String
    /// Where the object stands, for messages: `text_config`.
    let place: String

    init(_ value: JSON?, file: String, place: String) throws(ModelError) {
        guard let object = value?.object else {
            throw .configuration(file: file, reason: "\(place) is not an object")
        }
        self.object = object
        self.file = file
        self.place = place
    }

    /// A positive whole number, or `fallback` where the field is absent or null.
    func count(_ key: String, default fallback: Int? = nil) throws(ModelError) -> Int {
        guard let value = present(key) else { return try unwrapped(fallback, key) }
        guard let number = value.integer, number > 0, number <= 1 << 32 else {
            throw wrong(key, value, "a whole number above zero")
        }
        return number
    }

    /// A whole number from zero, or nil where the field is absent or null.
    func optionalIndex(_ key: String) throws(ModelError) -> Int? {
        guard let value = present(key) else { return nil }
        guard let number = value.integer, number >= 0, number <= 1 << 32 else {
            throw wrong(key, value, "a whole number from zero")
        }
        return number
    }

    /// A finite real number, or `fallback` where the field is absent or null.
    func real(_ key: String, default fallback: Double?) throws(ModelError) -> Double {
        guard let value = present(key) else { return try unwrapped(fallback, key) }
        return try finite(key, value)
    }

    /// A finite real number; absent gives `fallback`, null gives nil.
    func optionalReal(_ key: String, default fallback: Double?) throws(ModelError) -> Double? {
        guard let value = object[key] else { return fallback }
        return value.isNull ? nil : try finite(key, value)
    }

    /// A text, or `fallback` where the field is absent or null.
    func text(_ key: String, default fallback: String? = nil) throws(ModelError) -> String {
        guard let value = present(key) else { return try unwrapped(fallback, key) }
        guard let text = value.string else { throw wrong(key, value, "a string") }
        return text
    }

    /// An error about one field.
    func failure(_ key: String, _ reason: String) -> ModelError {
        .configuration(file: file, reason: "\(place).\(key) \(reason)")
    }

    private func present(_ key: String) -> JSON? {
        object[key].flatMap { $0.isNull ? nil : $0 }
    }

    private func finite(_ key: String, _ value: JSON) throws(ModelError) -> Double {
        guard let number = value.double, number.isFinite else { throw wrong(key, value, "a number") }
        return number
    }

    private func unwrapped<Value>(_ fallback: Value?, _ key: String) throws(ModelError) -> Value {
        guard let fallback else { throw failure(key, "is missing") }
        return fallback
    }

    private func wrong(_ key: String, _ value: JSON, _ expected: String) -> ModelError {
        failure(key, "is \(value.kind), expected \(expected)")
    }
}
