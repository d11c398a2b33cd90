import JSON

/// Outputs as JSON objects, one for each output, for `--json`.
package enum JSONRenderer {
    /// The object of an output; `output` names its kind. Quantities keep their full precision, durations are seconds,
    /// memory is bytes.
    package static func object(_ output: Output) -> JSON {
        switch output {
        case .text(let text): ["output": "text", "text": .string(text.shown)]
        case .fields(let fields): ["output": "fields", "fields": value(of: fields)]
        case .table(let table): value(of: table)
        case .image(let image): value(of: image)
        case .chart(let chart): value(of: chart)
        case .progress(let progress): value(of: progress)
        case .warning(let text): ["output": "warning", "text": .string(text.shown)]
        case .failure(let failure): value(of: failure)
        }
    }

    /// A command's declaration.
    package static func object(_ command: CommandDescription) -> JSON {
        [
            "name": .string(command.name), "summary": .string(command.summary),
            "discussion": .string(command.discussion), "usage": .string(command.usage),
            "examples": strings(command.examples), "parameters": .array(command.parameters.map(value)),
        ]
    }
}

extension JSONRenderer {
    /// A text as a number when it is one quantity with a number in it, else as a string.
    private static func value(of text: Text) -> JSON {
        switch text.quantity {
        case .integer(let value), .memory(let value): .integer(Int64(value))
        case .number(let value, _, _), .duration(let value), .rate(let value, _): number(value)
        default: .string(text.shown)
        }
    }

    /// JSON has no nan and no infinity: they are strings.
    private static func number(_ value: Double) -> JSON {
        value.isFinite ? .number(value) : .string(NumberStyle.shortest.text(value))
    }

    private static func strings(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }

    private static func value(of fields: Fields) -> JSON {
        var object = JSONObject()
        for field in fields.fields { object[field.label] = value(of: field.value) }
        return .object(object)
    }

    private static func value(of table: Table) -> JSON {
        [
            "output": "table", "title": .string(table.title), "columns": strings(table.columns.map(\.title)),
            "rows": .array(table.rows.map { .array($0.map { value(of: $0) }) }),
        ]
    }

    private static func value(of image: ImageOutput) -> JSON {
        let boxes = image.boxes.map { box -> JSON in
            ["label": .string(box.label), "corners": .array(box.corners.map(number))]
        }
        return [
            "output": "image", "path": .string(image.path), "width": .integer(Int64(image.width)),
            "height": .integer(Int64(image.height)), "sha256": .string(image.digest), "alt": .string(image.alt),
            "boxes": .array(boxes),
        ]
    }

    private static func value(of chart: Chart) -> JSON {
        let series = chart.series.map { series -> JSON in
            [
                "name": .string(series.name), "x": .array(series.x.map(number)), "y": .array(series.y.map(number)),
            ]
        }
        return [
            "output": "chart", "title": .string(chart.title), "x_label": .string(chart.xLabel),
            "y_label": .string(chart.yLabel), "series": .array(series),
            "image": chart.image.map { value(of: $0) } ?? .null,
        ]
    }

    private static func value(of progress: Progress) -> JSON {
        [
            "output": "progress", "label": .string(progress.label), "completed": .integer(Int64(progress.completed)),
            "total": .integer(Int64(progress.total)), "facts": .string(progress.facts.shown),
            "elapsed": number(progress.elapsed), "finished": .bool(progress.isFinished),
        ]
    }

    private static func value(of failure: Failure) -> JSON {
        [
            "output": "failure", "code": .string(failure.code), "message": .string(failure.message.shown),
            "line": failure.caret.map { .integer(Int64($0.position.line)) } ?? .null,
            "column": failure.caret.map { .integer(Int64($0.position.column)) } ?? .null,
            "suggestions": strings(failure.suggestions), "next": failure.next.map { .string($0) } ?? .null,
        ]
    }

    private static func value(of parameter: ParameterDescription) -> JSON {
        [
            "kind": .string(parameter.kind.rawValue), "name": .string(parameter.name), "help": .string(parameter.help),
            "value": .string(parameter.valueName), "unit": parameter.unit.map { .string($0) } ?? .null,
            "default": parameter.defaultText.map { .string($0) } ?? .null,
            "allowed": strings(parameter.allowedValues), "required": .bool(parameter.isRequired),
            "list": .bool(parameter.isList),
        ]
    }
}
