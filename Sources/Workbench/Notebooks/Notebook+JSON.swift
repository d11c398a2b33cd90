import JSON

extension Notebook {
    /// Reads a notebook of nbformat 4.
    /// - Parameter file: the name that errors mention.
    init(parsing text: String, file: String) throws {
        let json = try JSON(parsing: text, name: file)
        guard let major = json["nbformat"]?.integer, let cells = json["cells"]?.array ?? (major < 4 ? [] : nil) else {
            throw NotebookError(file: file, problem: "it is no notebook: it has no nbformat and cells")
        }
        guard major == 4 else {
            throw NotebookError(
                file: file,
                problem: "it is of format \(major); open it in Jupyter, save it as format 4, and import that")
        }
        metadata = json["metadata"]?.object ?? JSONObject()
        for (index, cell) in cells.enumerated() {
            guard let read = NotebookCell(cell) else {
                throw NotebookError(file: file, problem: "cell \(index + 1) is of no kind that notebooks have")
            }
            self.cells.append(read)
        }
    }

    /// The file's text, laid out as Jupyter lays it out.
    var text: String {
        let json: JSON = [
            "cells": .array(cells.map(\.json)), "metadata": .object(metadata), "nbformat": 4,
            "nbformat_minor": .integer(Int64(Self.minorVersion)),
        ]
        return json.text(JSONStyle(indent: 1, sortsKeys: true)) + "\n"
    }
}

extension NotebookCell {
    fileprivate init?(_ json: JSON) {
        guard let kind = json["cell_type"]?.string.flatMap(Kind.init(rawValue:)),
            let source = json["source"]?.joinedText
        else { return nil }
        self.kind = kind
        id = json["id"]?.string ?? ""
        self.source = source
        metadata = json["metadata"]?.object ?? JSONObject()
        attachments = json["attachments"]?.object
        executionCount = json["execution_count"]?.integer
        for output in json["outputs"]?.array ?? [] {
            guard let read = NotebookOutput(output) else { return nil }
            outputs.append(read)
        }
    }

    fileprivate var json: JSON {
        var object = JSONObject()
        object["cell_type"] = .string(kind.rawValue)
        object["id"] = .string(id)
        object["metadata"] = .object(metadata)
        object["source"] = .lines(of: source)
        if let attachments { object["attachments"] = .object(attachments) }
        if kind == .code {
            object["execution_count"] = executionCount.map { .integer(Int64($0)) } ?? .null
            object["outputs"] = .array(outputs.map { $0.json(count: executionCount) })
        }
        return .object(object)
    }
}

extension NotebookOutput {
    fileprivate init?(_ json: JSON) {
        switch json["output_type"]?.string {
        case "stream": self = .stream(name: json["name"]?.string ?? "stdout", text: json["text"]?.joinedText ?? "")
        case "error":
            self = .error(
                name: json["ename"]?.string ?? "", value: json["evalue"]?.string ?? "",
                traceback: json["traceback"]?.array?.compactMap(\.string) ?? [])
        case "display_data", "execute_result":
            self = .display(
                data: json["data"]?.object ?? JSONObject(), metadata: json["metadata"]?.object ?? JSONObject(),
                isResult: json["output_type"]?.string == "execute_result")
        default: return nil
        }
    }

    fileprivate func json(count: Int?) -> JSON {
        switch self {
        case .stream(let name, let text):
            return ["name": .string(name), "output_type": "stream", "text": .lines(of: text)]
        case .error(let name, let value, let traceback):
            return [
                "ename": .string(name), "evalue": .string(value), "output_type": "error",
                "traceback": .array(traceback.map { .string($0) }),
            ]
        case .display(let data, let metadata, let isResult):
            var object = JSONObject()
            object["data"] = .object(data)
            object["metadata"] = .object(metadata)
            object["output_type"] = isResult ? "execute_result" : "display_data"
            if isResult { object["execution_count"] = count.map { .integer(Int64($0)) } ?? .null }
            return .object(object)
        }
    }
}

extension JSON {
    /// A text as notebooks keep it: in one piece, or as a list of lines with their newlines.
    var joinedText: String? {
        switch self {
        case .string(let text): text
        case .array(let lines): lines.compactMap(\.string).joined()
        default: nil
        }
    }

    /// A text as a list of its lines with their newlines.
    static func lines(of text: String) -> JSON {
        var lines = text.pieces.map { $0 + "\n" }
        let last = lines.removeLast()
        if last != "\n" { lines.append(String(decoding: last.utf8.dropLast(), as: UTF8.self)) }
        return .array(lines.map { .string($0) })
    }
}

extension String {
    /// The pieces between newlines; one empty piece for an empty text. A carriage return stays with its line.
    var pieces: [String] {
        utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { String(Substring($0)) }
    }
}
