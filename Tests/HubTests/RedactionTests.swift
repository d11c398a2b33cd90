import Foundation
import Testing

@testable import Hub

@Suite("Hiding secrets")
struct RedactionTests {
    private func store(_ values: [String: String]) throws -> SecretStore {
        var store = SecretStore()
        for (name, value) in values { try store.set(name, to: value) }
        return store
    }

    /// Forms made by Python 3.11 (urllib.parse.quote with safe="" and quote_plus, json.dumps, base64) of `a/b+ ç"\n§?!`.
    private static let value = "a/b+ ç\"\n§?!"
    @Test(
        "a value is found in every form",
        arguments: [
            value, "a%2Fb%2B%20%C3%A7%22%0A%C2%A7%3F%21", "a%2fb%2b%20%c3%a7%22%0a%c2%a7%3f%21",
            "a%2Fb%2B+%C3%A7%22%0A%C2%A7%3F%21", #"a/b+ \u00e7\"\n\u00a7?!"#, #"a/b+ ç\"\n§?!"#, #"a\/b+ ç\"\n§?!"#,
            "YS9iKyDDpyIKwqc/IQ==", "YS9iKyDDpyIKwqc/IQ", "YS9iKyDDpyIKwqc_IQ",
        ])
    func findsEveryForm(form: String) throws {
        let store = try store(["NAME": Self.value])
        #expect(store.redact("<\(form)>") == "<[[secret NAME]]>")
        #expect(store.redact(form + form) == "[[secret NAME]][[secret NAME]]")
    }

    @Test(
        "a value inside longer base64 is found, wherever it starts",
        arguments: ["", "u", "us", "user:", "name:", "x:y:z"])
    func findsInBase64(prefix: String) throws {
        let store = try store(["NAME": "hunter22!longer"])
        for suffix in ["", "a", "ab", "abc"] {
            let encoded = Data("\(prefix)hunter22!longer\(suffix)".utf8).base64EncodedString()
            let redacted = store.redact("Authorization: Basic \(encoded)")
            #expect(redacted.contains("[[secret NAME]]"), "\(encoded)")
            // At most one digit on either side holds bits of the value.
            let left = redacted.replacing("Authorization: Basic ", with: "").replacing("[[secret NAME]]", with: "")
            let around = (prefix.utf8.count + suffix.utf8.count) * 8 / 6 + 2 + 2
            #expect(left.count <= around, "\(redacted)")
        }
    }

    @Test(
        "values that overlap, contain one another or span lines leave nothing to be seen",
        arguments: [
            (["A": "abcdef", "B": "defghi"], "xabcdefghix", "x[[secret A]]x"),
            (["A": "abcdef", "B": "cdef"], "abcdef cdef", "[[secret A]] [[secret B]]"),
            (["A": "abcd", "B": "abcdefgh"], "abcdefgh abcd", "[[secret B]] [[secret A]]"),
            (["A": "aaaa"], "aaaaaa", "[[secret A]]"),
            (["A": "-----BEGIN-----\nMIIEvQIBADAN\nend"], "> MIIEvQIBADAN\n> end", "> [[secret A]]\n> end"),
            (["A": "黑桃黑桃🂡"], "«黑桃黑桃🂡»", "«[[secret A]]»"), (["A": "abcd"], "", ""),
            (["A": "abcd"], "abc abd ABCD", "abc abd ABCD"),
        ] as [([String: String], String, String)])
    func leavesNothing(values: [String: String], text: String, expected: String) throws {
        #expect(try store(values).redact(text) == expected)
    }

    @Test(
        "what looks like a token is hidden though nobody set it",
        arguments: [
            ("token hf_abcdefghijklmnopQRSTUV0123456789xy.", "token [[secret HF_TOKEN]]."),
            ("rf_AbCdEfGhIjKl0123", "[[secret ROBOFLOW_API_KEY]]"),
            (
                "https://x.example/d?api_key=Ab3dEf6hIj9lMn0p&f=coco",
                "https://x.example/d?api_key=[[secret API_KEY]]&f=coco"
            ),
            (#"{"apiKey": "0123456789abcdef"}"#, #"{"apiKey": "[[secret API_KEY]]"}"#),
            (#"API_KEY='0123456789abcdef'"#, #"API_KEY='[[secret API_KEY]]'"#),
            ("authorization: Bearer abc.def-0123456789", "authorization: Bearer [[secret ACCESS_TOKEN]]"),
            (
                "hf_short shelf_life hf_hub_download_to_cache_folder",
                "hf_short shelf_life hf_hub_download_to_cache_folder"
            ),
            ("the bearer authentication-scheme", "the bearer authentication-scheme"),
            ("api_keyhole0123456789abcdef api_key=short", "api_keyhole0123456789abcdef api_key=short"), ("hf_", "hf_"),
            ("api_key=", "api_key="),
        ])
    func hidesShapes(text: String, expected: String) throws {
        #expect(SecretStore().redact(text) == expected)
    }

    @Test("a value that was removed, replaced or covered up stays hidden")
    func hidesRetired() throws {
        var store = SecretStore(environment: ["A_TOKEN": "first-value"])
        try store.set("A_TOKEN", to: "second-value")
        try store.set("A_TOKEN", to: "third-value")
        try store.remove("A_TOKEN")
        let text = "first-value second-value third-value"
        #expect(store.redact(text) == "[[secret A_TOKEN]] [[secret A_TOKEN]] [[secret A_TOKEN]]")
    }

    @Test("a megabyte of text with twenty secrets is soon read")
    func isFast() throws {
        let values = Dictionary(uniqueKeysWithValues: (0..<20).map { ("S\($0)", "secret-value-\($0)-\($0 * 7919)") })
        let store = try store(values)
        let line = "12 boxes, mAP 0.83, https://h.example/api secret-val, step 100 of 1000 ; king of hearts\n"
        let text = String(repeating: line, count: 1 << 20 / line.utf8.count)
        let start = Self.processorSeconds()
        let redacted = store.redact(text)
        let duration = Self.processorSeconds() - start
        #expect(redacted == text)
        #expect(duration < 5, "a debug build took \(duration) s")
    }

    /// What this thread has worked, whatever else the machine does.
    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
