extension Output {
    /// The output with every piece of text passed through a function; numbers stay as they are.
    package func mapText(_ change: (String) -> String) -> Output {
        switch self {
        case .text(let text): .text(text.map(change))
        case .fields(let fields): .fields(Fields(fields.fields.map { (change($0.label), $0.value.map(change)) }))
        case .table(let table): .table(table.map(change))
        case .image(let image): .image(image.map(change))
        case .chart(let chart): .chart(chart.map(change))
        case .progress(let progress): .progress(progress.map(change))
        case .warning(let text): .warning(text.map(change))
        case .failure(let failure): .failure(failure.map(change))
        }
    }
}

extension Text {
    /// The text with its words passed through a function.
    package func map(_ change: (String) -> String) -> Text {
        var copy = self
        copy.spans = spans.map { span in
            switch span {
            case .plain(let words): .plain(change(words))
            case .styled(let words, let style): .styled(change(words), style)
            case .quantity(.path(let path)): .quantity(.path(change(path)))
            case .quantity(.host(let name)): .quantity(.host(change(name)))
            case .quantity(.time(let time)): .quantity(.time(change(time)))
            case .quantity(.version(let version)): .quantity(.version(change(version)))
            case .quantity: span
            }
        }
        return copy
    }
}

extension Table {
    fileprivate func map(_ change: (String) -> String) -> Table {
        let columns = columns.map { Column(change($0.title), alignment: $0.alignment) }
        var copy = Table(title: change(title), columns: columns)
        for row in rows { copy.add(row.map { $0.map(change) }) }
        return copy
    }
}

extension ImageOutput {
    fileprivate func map(_ change: (String) -> String) -> ImageOutput {
        var copy = self
        copy.path = change(path)
        copy.alt = change(alt)
        copy.boxes = boxes.map { Box(label: change($0.label), corners: $0.corners) }
        return copy
    }
}

extension Chart {
    fileprivate func map(_ change: (String) -> String) -> Chart {
        var copy = self
        copy.title = change(title)
        copy.xLabel = change(xLabel)
        copy.yLabel = change(yLabel)
        copy.series = series.map { Series(name: change($0.name), x: $0.x, y: $0.y) }
        copy.image = image?.map(change)
        return copy
    }
}

extension Progress {
    fileprivate func map(_ change: (String) -> String) -> Progress {
        var copy = self
        copy.label = change(label)
        copy.facts = facts.map(change)
        return copy
    }
}

extension Failure {
    fileprivate func map(_ change: (String) -> String) -> Failure {
        var copy = self
        copy.message = message.map(change)
        if let caret { copy.caret = Caret(line: change(caret.line), position: caret.position) }
        copy.suggestions = suggestions.map(change)
        copy.next = next.map(change)
        return copy
    }
}
