import Console
import Foundation
import JSON
import TestSupport
import Testing

@testable import Workbench

@Suite("Notebooks that people bring along")
struct ForeignNotebookTests {
    /// A notebook as Colab writes one: Python, a form of metadata of its own, outputs of several types.
    private static let colab = """
        {"nbformat": 4, "nbformat_minor": 0,
         "metadata": {"colab": {"provenance": []}, "kernelspec": {"name": "python3", "display_name": "Python 3"},
          "language_info": {"name": "python"}},
         "cells": [
          {"cell_type": "markdown", "metadata": {"id": "x1"}, "source": ["# Fine-tune PaliGemma\\n", "\\n", "By example."]},
          {"cell_type": "code", "metadata": {"id": "x2"}, "execution_count": 1, "source": "!pip install -q peft",
           "outputs": [{"output_type": "stream", "name": "stdout", "text": ["10%\\r20%\\rdone\\n"]}]},
          {"cell_type": "markdown", "metadata": {}, "source": "```nb\\nnot a cell\\n"},
          {"cell_type": "code", "metadata": {}, "execution_count": 2,
           "source": ["from transformers import TrainingArguments\\n", "args = TrainingArguments(num_train_epochs=2,\\n",
            "  learning_rate=2e-5, output_dir=OUT, warmup_steps=2)\\n", "print('```')"],
           "outputs": [
            {"output_type": "display_data", "metadata": {}, "data": {"image/png": "PICTURE", "text/plain": "<Figure>"}},
            {"output_type": "execute_result", "execution_count": 2, "metadata": {},
             "data": {"text/html": "<b>1</b>", "text/plain": "1"}},
            {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["\\u001b[31mValueError\\u001b[0m: no"]}]}
         ]}
        """

    @Test("Python stays in the text with its outputs and a word on what does its work; what is left out is listed")
    func colab() throws {
        let picture = Base64.text(NotebookRoundTripTests.picture ?? [])
        let text = Self.colab.replacing("PICTURE", with: picture)
        let imported = try NotebookImport(try Notebook(parsing: text, file: "c"), name: "c")
        let expected = """
            ---
            session: 1
            title: Fine-tune PaliGemma
            ---
            # Fine-tune PaliGemma

            By example.

            ```python
            !pip install -q peft
            ```

            > Palinote: nothing to install\u{20}\u{20}

            ```text
            done
            ```

            <!-- cell cell-2 {"as":"markdown"} -->
            ````markdown
            ```nb
            not a cell

            ````

            ```python
            from transformers import TrainingArguments
            args = TrainingArguments(num_train_epochs=2,
              learning_rate=2e-5, output_dir=OUT, warmup_steps=2)
            print('```')
            ```

            > Palinote: `train --num-train-epochs 2 --warmup-steps 2 --learning-rate 2e-5`\u{20}\u{20}

            ![an output of the program](c.assets/cell-3-1.png)

            ```text
            1
            ```

            ```text
            ValueError: no
            ```

            """
        #expect(imported.file.text.split(separator: "\n") == expected.split(separator: "\n"))
        #expect(imported.pictures.map(\.path) == ["c.assets/cell-3-1.png"])
        let summary = imported.summary
        #expect(summary.cells == 0 && summary.texts == 2 && summary.foreign == 2 && summary.equivalents == 2)
        #expect(summary.leftOut["text/html"] == 1)
        #expect(summary.leftOut["metadata of cells (id)"] == 2)
        #expect(summary.leftOut["metadata of the notebook (colab, kernelspec, language_info)"] == 1)
    }

    @Test("what is said to do the work of Python can be typed here")
    func equivalents() throws {
        let registry = CommandRegistry<CommandContext>.standard
        let notes = PythonEquivalents.rules.map(\.note) + PythonEquivalents.notes(on: Self.everyArgument)
        for note in notes {
            for command in note.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            where command.offset % 2 == 1 {
                let words = command.element.split(separator: " ").map {
                    ExpandedWord(text: String($0), position: SourcePosition(line: 1, column: 1, length: 1))
                }
                _ = try registry.parse(words)
            }
        }
    }

    private static let everyArgument =
        "TrainingArguments("
        + PythonEquivalents.trainingArguments.map { "\($0)=" + ($0 == "adam_beta2" ? "0.9" : "1") }.joined(
            separator: ", ") + ")"

    /// A notebook as Jupyter writes one with Palinote's kernel.
    private func jupyter() throws -> Notebook {
        let text = """
            {"nbformat": 4, "nbformat_minor": 5, "metadata": {"title": "t",
              "kernelspec": {"display_name": "Palinote", "language": "palinote", "name": "palinote"},
              "language_info": {"name": "palinote", "version": "0.2.0", "file_extension": ".palinote"}},
             "cells": [
              {"cell_type": "markdown", "id": "a1", "metadata": {"tags": ["x y"]}, "source": "# One\\n\\ntext"},
              {"cell_type": "markdown", "id": "a2", "metadata": {}, "source": "\\n--- two\\n",
               "attachments": {"i.png": {"image/png": "AAAA"}}},
              {"cell_type": "markdown", "id": "a3", "metadata": {}, "source": ""},
              {"cell_type": "raw", "id": "a4", "metadata": {"format": "text/x"}, "source": "raw --> \\n"},
              {"cell_type": "code", "id": "b1", "metadata": {"tags": ["p", "q"], "collapsed": true}, "execution_count": 3,
               "source": "seed 1\\nvars", "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["seed 1\\n", "..."]},
                {"output_type": "stream", "name": "stderr", "text": "careful\\n"},
                {"output_type": "execute_result", "execution_count": 3, "metadata": {}, "data": {"text/plain": "[[dur]]"}},
                {"output_type": "display_data", "metadata": {}, "data": {"image/png": "PICTURE", "text/plain": "a dot"}},
                {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "words"}}]},
              {"cell_type": "code", "id": "b2", "metadata": {"tags": ["a b"]}, "execution_count": 4, "source": "",
               "outputs": []},
              {"cell_type": "code", "id": "b3", "metadata": {}, "execution_count": 5, "source": "nope", "outputs": [
                {"output_type": "error", "ename": "UnknownCommand", "evalue": "no nope", "traceback": ["error: no nope"]}]}
             ]}
            """
        return try Notebook(
            parsing: text.replacing("PICTURE", with: Base64.text(NotebookRoundTripTests.picture ?? [])), file: "j")
    }

    @Test("a notebook of Jupyter's becomes a session and the same notebook again, but for execution counts")
    func jupyterRoundTrip() throws {
        let notebook = try jupyter()
        let imported = try NotebookImport(notebook, name: "j")
        let pictures = Dictionary(uniqueKeysWithValues: imported.pictures.map { ($0.path, $0.bytes) })
        let back = NotebookExport(ConversionSource(file: imported.file, name: "j") { pictures[$0] }).notebook
        #expect(imported.summary.leftOut.isEmpty)
        #expect(back.bare.metadata == notebook.bare.metadata)
        #expect(back.cells.map(\.id) == notebook.cells.map(\.id))
        for (found, expected) in zip(back.bare.cells, notebook.bare.cells) { #expect(found == expected) }
    }

    @Test("a changed cell of an exported notebook is taken as it is now; what nobody changed stays as it was")
    func edited() throws {
        let text = """
            ```nb  id=a rtol=1e-3
            seed 1
            ```
            ```out rc=0 state=5d0c91aa3b7e
            seed [[num 1 >= 0]]
            took [[dur]]
            ```

            ```nb id=b timeout=5
            seed 2
            ```
            ```out rc=0 state=5d0c91aa3b7f
            seed 2
            ```

            """
        let file = try SessionFile(parsing: text, file: "e")
        var notebook = NotebookExport(ConversionSource(file: file, name: "e")).notebook
        notebook.cells[0].outputs = [.stream(name: "stdout", text: "seed 4\ntook 1.24 s\n")]
        notebook.cells[1].source = "seed 3"
        notebook.cells[1].id = "c"
        let back = try NotebookImport(notebook, name: "e").file.text
        let expected = text.replacing(" state=5d0c91aa3b7e", with: "").replacing("nb id=b", with: "nb id=c").replacing(
            "seed 2\n```\n```out", with: "seed 3\n```\n```out")
        #expect(back == expected)
    }
}

extension Notebook {
    /// The notebook without execution counts and what the conversion notes for itself.
    fileprivate var bare: Notebook {
        var copy = self
        copy.metadata["palinote"] = nil
        copy.cells = cells.map { cell in
            var cell = cell
            cell.metadata["palinote"] = nil
            cell.executionCount = nil
            cell.outputs = cell.outputs.map { output in
                guard case .display(let data, var metadata, let isResult) = output else { return output }
                metadata["palinote"] = nil
                let texts = JSONObject.joined(data)
                return .display(data: texts, metadata: metadata, isResult: isResult)
            }
            return cell
        }
        return copy
    }
}

extension JSONObject {
    /// The members with lists of lines as one text.
    fileprivate static func joined(_ object: JSONObject) -> JSONObject {
        var result = JSONObject()
        for (key, value) in object { result[key] = value.joinedText.map { .string($0) } ?? value }
        return result
    }
}
