import Foundation
import TestSupport
import Testing

@testable import Hub

@Suite("The store of secrets")
struct SecretStoreTests {
    let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    private func secretFile(_ text: String, permissions: Int = 0o600) throws -> String {
        let path = try scratch.write(text.utf8, to: "secrets")
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path)
        return path
    }

    @Test("the session comes before the environment, and that before the file")
    func ordersSources() throws {
        let path = try secretFile("# mine\n\nA_KEY = file-a\nB_KEY='file b='\r\nC=\"file-c\"\n")
        var store = try SecretStore(environment: ["A_KEY": "environment-a", "HOME": "/root"], file: path)
        #expect(try store.value(of: "A_KEY") == "environment-a" && store.value(of: "B_KEY") == "file b=")
        #expect(try store.value(of: "C") == "file-c")
        try store.set("A_KEY", to: "session-a")
        try store.set("HF_TOKEN", to: "session-t")
        #expect(try store.value(of: "A_KEY") == "session-a")
        #expect(
            store.list == [
                .init(name: "A_KEY", source: .session), .init(name: "B_KEY", source: .file(path)),
                .init(name: "C", source: .file(path)), .init(name: "HF_TOKEN", source: .session),
            ])
        try store.remove("A_KEY")
        #expect(try store.value(of: "A_KEY") == "environment-a")
        #expect(throws: SecretError.notOfSession(name: "A_KEY", source: .environment)) { try store.remove("A_KEY") }
        #expect(throws: SecretError.notOfSession(name: "C", source: .file(path))) { try store.remove("C") }
        #expect(throws: SecretError.unknown(name: "HOME")) { try store.value(of: "HOME") }
        #expect(throws: SecretError.unknown(name: "D")) { try store.remove("D") }
    }

    @Test("names and values that cannot be secrets are refused", arguments: ["", "1A", "A B", "É", "A=B", "A\n"])
    func refusesNames(name: String) throws {
        var store = SecretStore()
        #expect(throws: SecretError.invalidName(name)) { try store.set(name, to: "long enough") }
        #expect(throws: SecretError.tooShort(name: "A", minimum: 4)) { try store.set("A", to: "abc") }
        #expect(store.list.isEmpty)
    }

    @Test("a file that others may read is refused", arguments: [0o640, 0o604, 0o660, 0o620, 0o644])
    func refusesOpenFiles(permissions: Int) throws {
        let path = try secretFile("A=abcd\n", permissions: permissions)
        let error = #expect(throws: SecretError.self) { try SecretStore(file: path) }
        #expect(error == .notPrivate(file: path, permissions: String(permissions, radix: 8)))
        #expect(error?.description.contains("chmod 600 \(path)") == true)
    }

    @Test(
        "a damaged file is refused by line, without its values",
        arguments: [
            ("A=abcd\nhunter22", 2, "NAME=value"), ("=hunter22", 1, "cannot name"), ("x y=hunter22", 1, "cannot name"),
            ("\n\nA=abc", 3, "shorter than 4"), ("A=hunter22\nA=hunter23", 2, "A is there twice"),
        ])
    func refusesLines(text: String, line: Int, expected: String) throws {
        let path = try secretFile(text)
        let error = #expect(throws: SecretError.self) { try SecretStore(file: path) }
        let sentence = error?.description ?? ""
        #expect(sentence.hasPrefix("\(path):\(line): ") && sentence.contains(expected) && !sentence.contains("hunter"))
    }

    @Test("an absent file holds no secrets; a folder and noise are refused")
    func readsOtherThings() throws {
        #expect(try SecretStore(file: "\(scratch.path)/absent").list.isEmpty)
        #expect(throws: SecretError.unreadable(file: scratch.path, reason: "it is not a file")) {
            try SecretStore(file: scratch.path)
        }
        let path = try scratch.write([0x41, 0x3D, 0xFF, 0xFE, 0xFD, 0xFC], to: "noise")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(throws: SecretError.unreadable(file: path, reason: "it is not UTF-8 text")) {
            try SecretStore(file: path)
        }
    }

    @Test("printing a store shows no value")
    func printsNoValue() throws {
        var store = try SecretStore(environment: ["HF_TOKEN": "hunter22"], file: try secretFile("A=hunter23\n"))
        try store.set("B", to: "hunter24")
        var dumped = ""
        dump(store, to: &dumped)
        for text in ["\(store)", String(reflecting: store), "\([store])", dumped] {
            #expect(!text.contains("hunter") && text.contains("HF_TOKEN"))
        }
    }
}
