import JSON

/// A Jupyter notebook, nbformat 4: cells, and what its metadata says.
struct Notebook: Equatable {
    /// The minor version that is written: the first with cell ids.
    static let minorVersion = 5

    /// What stands beside the cells.
    var metadata = JSONObject()
    /// The cells in order.
    var cells: [NotebookCell] = []
}

/// A cell of a notebook.
struct NotebookCell: Equatable {
    /// What a cell holds.
    enum Kind: String {
        /// Prose.
        case markdown
        /// Commands, or a program in another language.
        case code
        /// Text that is passed through.
        case raw
    }

    /// What it holds.
    var kind: Kind
    /// The name: 1 to 64 of `[A-Za-z0-9_-]`, unique; empty in notebooks older than 4.5.
    var id: String
    /// The text, lines joined by newlines.
    var source: String
    /// What the cell's metadata says.
    var metadata = JSONObject()
    /// Pictures inside of a Markdown cell.
    var attachments: JSONObject?
    /// What a code cell said.
    var outputs: [NotebookOutput] = []
    /// Where a code cell stood in the order of execution.
    var executionCount: Int?
}

/// What a code cell said.
enum NotebookOutput: Equatable {
    /// Text of `stdout` or `stderr`.
    case stream(name: String, text: String)
    /// Something shown, in one or more forms by MIME type; `isResult` for the value of the cell's last line.
    case display(data: JSONObject, metadata: JSONObject, isResult: Bool)
    /// Why the cell failed.
    case error(name: String, value: String, traceback: [String])
}

/// What this program calls itself in notebooks.
enum NotebookLanguage {
    /// The name of the language and of the kernel.
    static let name = "palinote"
    /// How front ends find the kernel.
    static let kernelspec: JSON = ["display_name": "Palinote", "language": "palinote", "name": "palinote"]
    /// What front ends know of the language.
    static let languageInfo: JSON = [
        "file_extension": ".palinote", "mimetype": "text/x-palinote", "name": "palinote",
    ]
}

extension Notebook {
    /// The language of the code cells, in lower case; nil when the notebook does not say.
    var language: String? {
        let kernelspec = metadata["kernelspec"]
        let name = metadata["language_info"]?["name"] ?? kernelspec?["language"] ?? kernelspec?["name"]
        return name?.string?.lowercased()
    }

    /// The language of one cell: an editor of several languages notes it with the cell.
    func language(of cell: NotebookCell) -> String? {
        cell.metadata["vscode"]?["languageId"]?.string?.lowercased() ?? language
    }
}

/// Why a file is no notebook that can be read.
struct NotebookError: Error, Equatable, CustomStringConvertible {
    /// The file.
    var file: String
    /// What is wrong, and what to do.
    var problem: String

    /// One sentence.
    var description: String { "\(file): \(problem)" }
}
