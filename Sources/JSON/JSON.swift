/// A JSON value whose objects keep the order of their keys.
package enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number written without fraction or exponent that fits 64 bits.
    case integer(Int64)
    /// Any other number, as the nearest double.
    case number(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)

    /// The truth value, or nil for any other kind of value.
    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The whole number, or nil for any other kind of value (`2.0` is not a whole number here).
    package var integer: Int? {
        if case .integer(let value) = self { Int(exactly: value) } else { nil }
    }

    /// The number, whole or not, or nil for any other kind of value.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The text, or nil for any other kind of value.
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The elements, or nil for any other kind of value.
    package var array: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The object, or nil for any other kind of value.
    package var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// Whether this is the value `null`.
    package var isNull: Bool { self == .null }

    /// The value under a key of an object; nil for an absent key and for any other kind of value.
    package subscript(key: String) -> JSON? {
        object?[key]
    }

    /// The element at an index of an array; nil outside it and for any other kind of value.
    package subscript(index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// What kind of value this is, in the words of error messages.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer: "a whole number"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }

    /// An object with the keys in the order given; a later value replaces an earlier one of the same key.
    package init(dictionaryLiteral elements: (String, JSON)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }
}
