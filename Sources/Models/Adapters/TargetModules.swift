import JSON

/// Which linear layers an adapter reaches, in peft's two ways of saying it.
package enum TargetModules: Sendable, Equatable, CustomStringConvertible {
    /// Layers whose path is, or ends in `.` and, one of these names.
    case suffixes([String])
    /// Layers whose whole path matches a regular expression.
    case pattern(String)

    /// Layers of the language model alone whose path ends in one of these names.
    package static func languageModel(_ suffixes: [String]) -> TargetModules {
        .pattern(#".*language_model\..*\.("# + suffixes.joined(separator: "|") + ")")
    }

    package var description: String {
        switch self {
        case .suffixes(let names): names.joined(separator: ", ")
        case .pattern(let text): "/\(text)/"
        }
    }

    /// A test for paths of layers.
    ///
    /// - Throws: `ModelError.adapter` for a pattern that is no regular expression.
    func matcher() throws(ModelError) -> (_ path: String) -> Bool {
        switch self {
        case .suffixes(let names):
            return { path in names.contains { path == $0 || path.hasSuffix("." + $0) } }
        case .pattern(let text):
            let expression: Regex<AnyRegexOutput>
            do {
                expression = try Regex(text)
            } catch {
                throw .adapter(reason: "target_modules \"\(text)\" is no regular expression: \(error)")
            }
            return { path in
                CheckpointSource.layouts(of: path).contains { $0.wholeMatch(of: expression) != nil }
            }
        }
    }

    /// Reads the value of `target_modules`, or nil for anything else.
    init?(_ value: JSON?) {
        if let text = value?.string {
            self = .pattern(text)
        } else if let names = value?.array?.compactMap(\.string), !names.isEmpty {
            self = .suffixes(names.sorted())
        } else {
            return nil
        }
    }

    /// The value of `target_modules`.
    var json: JSON {
        switch self {
        case .suffixes(let names): .array(names.map { .string($0) })
        case .pattern(let text): .string(text)
        }
    }
}
