/// A session file's body as a notebook sees it: texts and cells, with the blank lines in front of each.
struct SessionPieces {
    /// One text or cell.
    struct Piece {
        /// What it holds.
        enum Content {
            /// Markdown, without blank lines at its end.
            case text([String])
            /// A cell with its outputs.
            case cell(SessionCell)
        }

        /// Blank lines in front.
        var gap: [String]
        /// The comment in front that keeps what came from a notebook.
        var marker: NotebookMarker?
        /// The text or cell.
        var content: Content
    }

    /// What a notebook says of itself, from the first line of the body.
    private(set) var notebook: NotebookMarker?
    /// The texts and cells in order.
    private(set) var pieces: [Piece] = []
    /// Blank lines at the end.
    private(set) var end: [String] = []

    /// Ids that cells and markers have already.
    private var usedIDs: Set<String>
    private var cellMarker: NotebookMarker?

    /// Cuts a file.
    init(_ file: SessionFile) {
        usedIDs = Set(file.cells.compactMap(\.attributes.id))
        for (index, element) in file.elements.enumerated() {
            switch element {
            case .prose(var lines):
                if index == 0, let first = lines.first, let marker = NotebookMarker(notebook: first) {
                    notebook = marker
                    lines.removeFirst()
                }
                var next: SessionCell?
                if index + 1 < file.elements.count, case .cell(let cell) = file.elements[index + 1] { next = cell }
                add(lines, before: next)
            case .cell(let cell):
                pieces.append(Piece(gap: end, marker: cellMarker, content: .cell(cell)))
                (end, cellMarker) = ([], nil)
            }
        }
    }

    /// Every id in the file.
    var ids: Set<String> { usedIDs }

    /// Adds prose, cut at its markers; a marker inside of a fence is an example of one.
    private mutating func add(_ lines: [String], before cell: SessionCell?) {
        var marker: NotebookMarker?
        var segment: [String] = []
        var fence: Fence?
        for (index, line) in lines.enumerated() {
            if let open = fence {
                if open.isClosed(by: line) { fence = nil }
                segment.append(line)
                continue
            }
            fence = Fence(line)
            guard fence == nil, let found = NotebookMarker(cell: line) else {
                segment.append(line)
                continue
            }
            if let id = cell?.attributes.id, found.id == id, index == lines.count - 1, !found.details.isEmpty {
                cellMarker = found
            } else if usedIDs.insert(found.id).inserted {
                add(segment, marker)
                (marker, segment) = (found, [])
            } else {
                segment.append(line)
            }
        }
        add(segment, marker)
    }

    private mutating func add(_ segment: [String], _ marker: NotebookMarker?) {
        let trailing = segment.reversed().prefix { $0.trimmed.isEmpty }.count
        var text = Array(segment.dropLast(trailing))
        if marker == nil {
            let leading = text.prefix { $0.trimmed.isEmpty }
            end += leading
            text.removeFirst(leading.count)
        }
        if marker != nil || !text.isEmpty {
            pieces.append(Piece(gap: end, marker: marker, content: .text(text)))
            end = []
        }
        end += segment.suffix(trailing)
    }
}

extension SessionPieces.Piece {
    /// The blank lines in front of a piece unless its notebook says otherwise: one, and none at the start of the file.
    static func usualGap(at index: Int) -> [String] { index == 0 ? [] : [""] }
}
