import Console

/// The lines of two texts in one list: kept, taken out, put in.
struct LineChanges {
    /// What became of a line.
    enum Line: Equatable {
        /// It is in both.
        case kept(String)
        /// It was there.
        case removed(String)
        /// It is there now.
        case added(String)
        /// Kept lines that are not shown.
        case elided(Int)
    }

    /// The list.
    let lines: [Line]

    /// Compares two texts by the shortest list of changes.
    init(from old: [String], to new: [String]) {
        let difference = new.difference(from: old)
        var removals: [Int: String] = [:]
        var insertions: [Int: String] = [:]
        for change in difference {
            switch change {
            case .remove(let place, let line, _): removals[place] = line
            case .insert(let place, let line, _): insertions[place] = line
            }
        }
        var (lines, i, j) = ([Line](), 0, 0)
        while i < old.count || j < new.count {
            if let line = removals[i] {
                lines.append(.removed(line))
                i += 1
            } else if let line = insertions[j] {
                lines.append(.added(line))
                j += 1
            } else {
                lines.append(.kept(new[j]))
                (i, j) = (i + 1, j + 1)
            }
        }
        self.lines = lines
    }

    /// The list with few kept lines around what changed.
    func shortened(around context: Int = 3) -> [Line] {
        var isNear = Array(repeating: false, count: lines.count)
        for (index, line) in lines.enumerated() where !line.isKept {
            for near in max(0, index - context)...min(lines.count - 1, index + context) { isNear[near] = true }
        }
        var result: [Line] = []
        for (index, line) in lines.enumerated() {
            if isNear[index] {
                result.append(line)
            } else if case .elided(let count)? = result.last {
                result[result.count - 1] = .elided(count + 1)
            } else {
                result.append(.elided(1))
            }
        }
        return result
    }
}

extension LineChanges.Line {
    fileprivate var isKept: Bool {
        if case .kept = self { return true }
        return false
    }

    /// The line with its mark in front.
    var text: Text {
        switch self {
        case .kept(let line): Text("  " + line, style: .faint)
        case .removed(let line): Text("- " + line, style: .bad)
        case .added(let line): Text("+ " + line, style: .good)
        case .elided(let count): Text("  (\(count.counting("line")) as before)", style: .faint)
        }
    }
}
