extension SessionCell {
    /// The cell with new outputs; what still agrees is kept byte for byte.
    func updated(with blocks: [OutputBlock]) -> SessionCell {
        var copy = self
        copy.outputs = []
        var old = outputs[...]
        for new in blocks {
            while let blank = old.first, blank.isBlank {
                copy.outputs.append(blank)
                old.removeFirst()
            }
            copy.outputs.append(old.popFirst()?.updated(to: new) ?? new)
        }
        return copy
    }
}

extension OutputBlock {
    var isBlank: Bool {
        if case .blank = self { return true }
        return false
    }

    /// The new block, with the lines of this one that still agree with it.
    fileprivate func updated(to new: OutputBlock) -> OutputBlock {
        switch (self, new) {
        case (.out(let before, let old), .out(let attributes, let block)):
            let content = Self.merged(old.content, block.content)
            if before == attributes, content == old.content { return self }
            return .out(attributes, FencedBlock(info: attributes.info, content: content))
        case (.err(let old), .err(let block)):
            let content = Self.merged(old.content, block.content)
            return content == old.content ? self : .err(FencedBlock(info: "err", content: content))
        case (.error(let before, let old), .error(let code, let block)):
            let content = Self.merged(old.content, block.content)
            if before == code, content == old.content { return self }
            return .error(code: code, FencedBlock(info: "error \(code)", content: content))
        case (.picture(let before, _), .picture(var reference, _)):
            reference.tileLimit = before.tileLimit
            let showsAsMuch = (before.width, before.height) == (reference.width, reference.height)
            if showsAsMuch, before.boxCount == reference.boxCount, before.path == reference.path {
                reference.alt = before.alt
            }
            return before == reference ? self : .picture(reference, line: reference.markdown)
        case (.boxes(let old), .boxes(let block)): return old.content == block.content ? self : new
        default: return new
        }
    }

    /// New lines, each in the words of the first old line from where we are that has masks and agrees with it.
    private static func merged(_ old: [String], _ new: [String]) -> [String] {
        let matcher = LineMatcher(mode: .keeping)
        if TextMatcher(lines: matcher).difference(expected: old, found: new) == nil { return old }
        var next = 0
        return new.map { line in
            let kept = old[next...].firstIndex {
                matcher.difference(expected: $0.withoutCarriageReturn, found: line) == nil
            }
            guard let kept else { return line }
            next = kept + 1
            return old[kept]
        }
    }
}
