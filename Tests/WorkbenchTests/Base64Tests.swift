import Testing

@testable import Workbench

@Suite("Base64")
struct Base64Tests {
    @Test(
        "as in RFC 4648, section 10, there and back",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(text: String, expected: String) {
        #expect(Base64.text(Array(text.utf8)) == expected)
        #expect(Base64.bytes(expected) == Array(text.utf8))
        #expect(Base64.bytes(expected.replacing("=", with: "=\n ")) == Array(text.utf8))
    }

    @Test("every byte comes back")
    func everyByte() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(Base64.bytes(Base64.text(bytes)) == bytes)
    }

    @Test("what is no base64 is refused", arguments: ["Zg=", "Zg", "Z===", "Zm9-", "====", "Zm=v", "文字文字"])
    func refused(text: String) {
        #expect(Base64.bytes(text) == nil)
    }
}
