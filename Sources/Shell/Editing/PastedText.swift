/// Cleans what is pasted: prompts in front of its lines and control characters go.
enum PastedText {
    /// The text as it is to be inserted.
    static func cleaned(_ text: String) -> String {
        let lines = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
            .split(separator: "\n", omittingEmptySubsequences: false).map(withoutControls)
        let isPrompted = lines.first.map { withoutPrompt($0) != nil } ?? false
        var kept = isPrompted ? lines.map { withoutPrompt($0) ?? $0 } : lines
        while kept.count > 1, kept.last?.allSatisfy(\.isWhitespace) == true { kept.removeLast() }
        return kept.joined(separator: "\n")
    }

    /// A line without the prompt in front; nil when there is none.
    ///
    /// Known are Python's `>>> ` and `... `, IPython's `In [3]: ` and `   ...: `, and ours: `[3]> `, `[3] ` and `   > `.
    static func withoutPrompt(_ line: String) -> String? {
        let text = line.drop { $0 == " " }
        for prompt in [">>> ", "... ", "...: ", "nb> ", "> "] where text.hasPrefix(prompt) {
            return String(text.dropFirst(prompt.count))
        }
        for prompt in [">>>", "...", "...:"] where text == prompt { return "" }
        let numbered = text.hasPrefix("In [") ? text.dropFirst(4) : text.hasPrefix("[") ? text.dropFirst(1) : ""
        let rest = numbered.drop { $0.isNumber }
        guard rest.count < numbered.count, rest.hasPrefix("]") else { return nil }
        let behind = rest.dropFirst().drop { $0 == ":" || $0 == ">" }
        return behind.first == " " ? String(behind.dropFirst()) : nil
    }

    /// Tabs become blanks; other controls, such as escape sequences' first character, go.
    private static func withoutControls(_ line: Substring) -> String {
        var result = String.UnicodeScalarView()
        for scalar in line.unicodeScalars {
            if scalar == "\t" { result.append(contentsOf: "    ".unicodeScalars) }
            if scalar.properties.generalCategory != .control { result.append(scalar) }
        }
        return String(result)
    }
}
