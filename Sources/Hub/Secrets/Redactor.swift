/// Finds secret values and the shapes of tokens in texts, and writes their names in their place.
///
/// All forms of all values are looked for at once, by a table of first bytes; nothing is compiled when a text comes.
struct Redactor: Sendable {
    private struct Pattern: Sendable {
        let bytes: [UInt8]
        let name: String
    }

    /// A range of a text to be hidden, and the name to be shown.
    private struct Finding {
        var range: Range<Int>
        let name: String
    }

    private var patterns: [Pattern] = []
    /// The patterns that start with each byte, longest first.
    private var patternsOfByte: [[Int]]
    /// Whether a finding may begin with a byte: most bytes of a text are passed over by this alone.
    private var mayBegin: [Bool]

    /// Prepares to find values, each with the name that is shown in its place.
    init(values: [(name: String, value: String)]) {
        patternsOfByte = Array(repeating: [], count: 256)
        mayBegin = TokenShape.mayBegin
        var known: Set<[UInt8]> = []
        for (name, value) in values {
            for form in SecretForms.all(of: value) where known.insert(form).inserted {
                patterns.append(Pattern(bytes: form, name: name))
            }
        }
        patterns.sort { $0.bytes.count > $1.bytes.count }
        for (index, pattern) in patterns.enumerated() {
            guard let first = pattern.bytes.first else { continue }
            patternsOfByte[Int(first)].append(index)
            mayBegin[Int(first)] = true
        }
    }

    /// The text with every finding replaced; findings that overlap are replaced together, under the first one's name.
    func redact(_ text: String) -> String {
        var text = text
        let redacted = text.withUTF8 { bytes -> String? in
            let findings = findings(in: bytes)
            return findings.isEmpty ? nil : Self.text(bytes, without: findings)
        }
        return redacted ?? text
    }

    private func findings(in text: UnsafeBufferPointer<UInt8>) -> [Finding] {
        var findings: [Finding] = []
        for position in text.indices where mayBegin[Int(text[position])] {
            let finding = value(in: text, at: position) ?? shape(in: text, at: position)
            guard let finding else { continue }
            if let last = findings.indices.last, findings[last].range.upperBound > finding.range.lowerBound {
                let lower = findings[last].range.lowerBound
                let upper = max(findings[last].range.upperBound, finding.range.upperBound)
                findings[last].range = min(lower, finding.range.lowerBound)..<upper
            } else {
                findings.append(finding)
            }
        }
        return findings
    }

    private func value(in text: UnsafeBufferPointer<UInt8>, at position: Int) -> Finding? {
        for index in patternsOfByte[Int(text[position])] {
            let bytes = patterns[index].bytes
            guard position + bytes.count <= text.count,
                bytes.indices.allSatisfy({ text[position + $0] == bytes[$0] })
            else { continue }
            return Finding(range: position..<position + bytes.count, name: patterns[index].name)
        }
        return nil
    }

    private func shape(in text: UnsafeBufferPointer<UInt8>, at position: Int) -> Finding? {
        TokenShape.match(in: text, at: position).map { Finding(range: $0.range, name: $0.name) }
    }

    private static func text(_ bytes: UnsafeBufferPointer<UInt8>, without findings: [Finding]) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var done = 0
        for finding in findings {
            result.append(contentsOf: bytes[done..<finding.range.lowerBound])
            result.append(contentsOf: "[[secret \(finding.name)]]".utf8)
            done = finding.range.upperBound
        }
        result.append(contentsOf: bytes[done...])
        return String(decoding: result, as: UTF8.self)
    }
}
