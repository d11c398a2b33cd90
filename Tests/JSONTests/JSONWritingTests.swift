import Testing

@testable import JSON

/// Expected texts are those of Python 3.11's `json.dumps`; each test names the call.
@Suite("Writing JSON")
struct JSONWritingTests {
    private static let value: JSON = [
        "b": [1, -2.5, 1e-05, []], "a": ["x": nil, "empty": [:]], "é\"\\\n\u{01}\u{7F}😀": true,
    ]

    @Test(
        "each style is laid out as Python lays it out",
        arguments: [
            // json.dumps(value, separators=(",", ":"), ensure_ascii=False)
            (
                JSONStyle.compact,
                #"{"b":[1,-2.5,1e-05,[]],"a":{"x":null,"empty":{}},"é\"\\\n\u0001"# + "\u{7F}😀\":true}"
            ),
            // json.dumps(value)
            (
                .python,
                #"{"b": [1, -2.5, 1e-05, []], "a": {"x": null, "empty": {}}, "\u00e9\"\\\n\u0001\u007f\ud83d\ude00": true}"#
            ),
            // json.dumps(value, indent=2, sort_keys=True)
            (
                .prettySorted,
                """
                {
                  "a": {
                    "empty": {},
                    "x": null
                  },
                  "b": [
                    1,
                    -2.5,
                    1e-05,
                    []
                  ],
                  "\\u00e9\\"\\\\\\n\\u0001\\u007f\\ud83d\\ude00": true
                }
                """
            ),
        ])
    func laysOut(style: JSONStyle, expected: String) throws {
        #expect(Self.value.text(style) == expected)
        #expect(try JSON(parsing: Self.value.text(style)) == Self.value)
    }

    @Test(
        "numbers are written as Python's repr writes them",
        arguments: [
            (1.0, "1.0"), (0.0001, "0.0001"), (0.00001, "1e-05"), (1e15, "1000000000000000.0"), (1e16, "1e+16"),
            (9_007_199_254_740_994, "9007199254740994.0"), (-9_999_999_999_999_998, "-9999999999999998.0"),
            (0.1 + 0.2, "0.30000000000000004"), (5e-324, "5e-324"), (1.797e308, "1.797e+308"), (-0.0, "-0.0"),
            (.infinity, "Infinity"), (.nan, "NaN"),
        ])
    func writesNumbers(number: Double, expected: String) {
        #expect(JSON.number(number).text() == expected)
    }
}
