import Console
import JSON

/// Prints outputs as they come: results on standard output, warnings, failures and progress on standard error.
package final class OutputPrinter {
    private let surroundings: ProcessSurroundings
    private let options: GlobalOptions
    private var pacer: ProgressPacer
    private var progressIsShown = false
    /// Shows a picture in place, below the line that names its file; nil where the terminal cannot.
    package var showPicture: ((ImageOutput) -> String?)?
    /// Shows a cell's text page by page, where it is long; returns false where it wants the text printed as usual.
    ///
    /// While this is set, text waits for the cell's end, or for anything that is no text: long work reports progress.
    package var page: ((String) -> Bool)?
    private var waitingText = ""
    /// Whether standard output was closed by its reader; nothing more is written then.
    package private(set) var outputIsClosed = false

    /// Makes a printer.
    package init(_ surroundings: ProcessSurroundings, _ options: GlobalOptions) {
        self.surroundings = surroundings
        self.options = options
        pacer = ProgressPacer(surroundings.errorIsTerminal ? .terminal : .log)
    }

    /// Prints an output.
    package func print(_ output: Output) {
        if case .progress(let progress) = output {
            show(progress)
            return
        }
        clearProgress()
        if options.json {
            write(JSONRenderer.object(output).text() + "\n")
            return
        }
        let image: ImageOutput?
        switch output {
        case .warning, .failure:
            writeWaitingText()
            writeError(errorRenderer.lines(output))
            return
        case .image(let shown): image = shown
        case .chart(let chart): image = chart.image
        default: image = nil
        }
        waitingText += outputRenderer.lines(output).map { $0 + "\n" }.joined()
        if page == nil || image != nil { writeWaitingText() }
        if let image, let picture = showPicture?(image) { write(picture) }
    }

    /// Shows what waits for the end of a cell.
    package func endCell() {
        clearProgress()
        if !waitingText.isEmpty, page?(waitingText) == true { waitingText = "" }
        writeWaitingText()
    }

    /// Repeats a cell's commands in front of its outputs.
    package func printCommands(of cell: Cell) {
        guard !options.quiet, !options.json else { return }
        let lines = cell.source.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        let texts = lines.enumerated().map { index, line in
            Text(DisplayWidth.pad(index == 0 ? "[\(cell.id)]" : "", to: 2 + DisplayWidth.of(cell.id)), style: .faint)
                + Text(" " + line)
        }
        write(texts.map { outputRenderer.render($0) + "\n" }.joined())
    }

    /// Prints a line on standard error, such as a front end's own remark.
    package func printRemark(_ text: Text) {
        clearProgress()
        writeWaitingText()
        writeError([errorRenderer.render(text)])
    }
}

extension OutputPrinter {
    /// Columns to lay out for, now: a window may have been resized.
    private var width: Int { options.width > 0 ? options.width : surroundings.columns }

    private var outputRenderer: Renderer {
        let isTerminal = surroundings.outputIsTerminal
        return Renderer(
            width: isTerminal || options.width > 0 ? width : 0,
            usesColor: options.usesColor(isTerminal: isTerminal, environment: surroundings.environment))
    }

    private var errorRenderer: Renderer {
        let isTerminal = surroundings.errorIsTerminal
        return Renderer(
            width: width, usesColor: options.usesColor(isTerminal: isTerminal, environment: surroundings.environment))
    }

    private func write(_ text: String) {
        guard !outputIsClosed else { return }
        outputIsClosed = !surroundings.writeOutput(text)
    }

    private func writeWaitingText() {
        if !waitingText.isEmpty { write(waitingText) }
        waitingText = ""
    }

    private func writeError(_ lines: [String]) { surroundings.writeError(lines.map { $0 + "\n" }.joined()) }

    private func show(_ progress: Progress) {
        guard !options.quiet, pacer.shouldShow(progress, at: surroundings.now()) else { return }
        writeWaitingText()
        if options.json {
            write(JSONRenderer.object(.progress(progress)).text() + "\n")
        } else if surroundings.errorIsTerminal {
            surroundings.writeError("\r\u{1B}[K" + ProgressLine(width: width).text(progress))
            progressIsShown = true
            if progress.isFinished {
                surroundings.writeError("\n")
                progressIsShown = false
            }
        } else {
            surroundings.writeError(ProgressLine(width: 100).text(progress) + "\n")
        }
    }

    private func clearProgress() {
        guard progressIsShown else { return }
        surroundings.writeError("\r\u{1B}[K")
        progressIsShown = false
    }
}
