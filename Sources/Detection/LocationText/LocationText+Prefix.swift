extension LocationText {
    private static let task = "detect"

    /// The classes that a prefix such as `detect cat ; dog` asks for, in its order and each once.
    ///
    /// A prefix of another task, or without names, gives none.
    package static func classes(inPrefix prefix: String) -> [String] {
        var text = prefix.trimmed
        while text.hasPrefix("<image>") {
            text = String(text.dropFirst("<image>".count)).trimmed
        }
        guard text.hasPrefix(task), let after = text.dropFirst(task.count).unicodeScalars.first,
            after.properties.isWhitespace
        else { return [] }
        let names = text.dropFirst(task.count).split(separator: ";").map { String($0).trimmed }
        var seen: Set<String> = []
        return names.filter { !$0.isEmpty && seen.insert($0).inserted }
    }

    /// The prefix that asks for the given classes: `detect cat ; dog`.
    package static func prefix(detecting classes: [String]) -> String {
        "\(task) \(classes.joined(separator: " ; "))"
    }
}
