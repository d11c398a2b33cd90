import Detection
import JSON

/// The labels of one picture in the YOLO format.
struct YOLOLabels {
    /// The names of the classes.
    let classes: [String]
    /// The picture's size, in pixels.
    let width, height: Double

    /// Takes the names, and the picture's size in pixels.
    init(classes: [String], width: Int, height: Int) {
        self.classes = classes
        (self.width, self.height) = (Double(width), Double(height))
    }

    /// Reads a label file; blank lines are passed over.
    func parse(_ text: String) throws(DatasetError.Problem) -> Detections {
        var boxes: [Box] = []
        var names: [String] = []
        for (place, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard let first = fields.first else { continue }
            guard let classID = Int(first), classes.indices.contains(classID) else {
                throw .badField(
                    key: "line \(place + 1), field 1", expected: "a whole number below \(classes.count), the class")
            }
            let numbers = fields.dropFirst().compactMap { Double($0) }
            guard numbers.count == fields.count - 1, numbers.allSatisfy(\.isFinite), let box = box(numbers) else {
                throw .badField(
                    key: "line \(place + 1)",
                    expected: "a class with center x, center y, width and height, or with the corners of a polygon")
            }
            boxes.append(box)
            names.append(classes[classID])
        }
        return Detections(boxes: boxes, classIDs: names.map { _ in nil }, classNames: names)
    }

    /// Writes a label file, a line an object with a line end.
    func format(_ detections: Detections) -> String {
        var lines = ""
        for (box, classID) in zip(detections.boxes, detections.classIDs) {
            guard let classID else { continue }
            let numbers = [
                (box.xMin + box.xMax) / 2 / width, (box.yMin + box.yMax) / 2 / height, box.width / width,
                box.height / height,
            ]
            lines += "\(classID) \(numbers.map(\.description).joined(separator: " "))\n"
        }
        return lines
    }

    /// The box of center and extent, or around a polygon of at least three corners; nil for another count.
    private func box(_ shares: [Double]) -> Box? {
        if shares.count == 4 {
            return Box(
                xMin: Self.pixels((shares[0] - shares[2] / 2) * width),
                yMin: Self.pixels((shares[1] - shares[3] / 2) * height),
                xMax: Self.pixels((shares[0] + shares[2] / 2) * width),
                yMax: Self.pixels((shares[1] + shares[3] / 2) * height))
        }
        guard shares.count >= 6, shares.count % 2 == 0 else { return nil }
        let xs = stride(from: 0, to: shares.count, by: 2).map { Self.pixels(shares[$0] * width) }
        let ys = stride(from: 1, to: shares.count, by: 2).map { Self.pixels(shares[$0] * height) }
        guard let left = xs.min(), let right = xs.max(), let top = ys.min(), let bottom = ys.max() else { return nil }
        return Box(xMin: left, yMin: top, xMax: right, yMax: bottom)
    }

    /// Products of shares carry an error in their last places; a billionth of a pixel is dropped, so that an edge that was on
    /// a whole pixel is so again.
    private static func pixels(_ value: Double) -> Double { (value * 1e9).rounded() / 1e9 }
}

/// The list of class names in `data.yaml`, in the three ways that tools write it.
enum YOLONames {
    /// The names under the key `names`: `[a, 'b']`, a line `- a` each, or a line `0: a` each; nil where there are none.
    static func parse(_ yaml: String) -> [String]? {
        let lines = yaml.split(whereSeparator: \.isNewline).map { withoutComment($0) }
        guard let start = lines.firstIndex(where: { $0.hasPrefix("names:") }) else { return nil }
        let rest = lines[start].dropFirst("names:".count).trimmingSpaces
        let names =
            rest.isEmpty
            ? block(lines[(start + 1)...])
            : inline(([rest] + lines[(start + 1)...].map(\.trimmingSpaces)).joined(separator: " "))
        guard let names, !names.isEmpty else { return nil }
        return names
    }

    private static func block(_ lines: ArraySlice<Substring>) -> [String]? {
        var names: [String] = []
        for line in lines {
            let text = line.trimmingSpaces
            if text.isEmpty { continue }
            if text.hasPrefix("- ") {
                names.append(unquoted(text.dropFirst(2).trimmingSpaces))
            } else if line.first == " " || line.first == "\t" {
                guard let colon = text.firstIndex(of: ":"), Int(text[..<colon]) == names.count else { return nil }
                names.append(unquoted(text[text.index(after: colon)...].trimmingSpaces))
            } else {
                break
            }
        }
        return names
    }

    /// A list in brackets, with or without quotes.
    private static func inline(_ text: String) -> [String]? {
        guard text.hasPrefix("[") else { return nil }
        var names: [String] = []
        var name = ""
        var quote: Character?
        for character in text.dropFirst() {
            if let open = quote {
                if character == open { quote = nil }
                name.append(character)
            } else if character == "," || character == "]" {
                let trimmed = name[...].trimmingSpaces
                if !trimmed.isEmpty { names.append(unquoted(trimmed)) }
                name = ""
                if character == "]" { return names }
            } else {
                if name[...].trimmingSpaces.isEmpty, character == "'" || character == "\"" { quote = character }
                name.append(character)
            }
        }
        return nil
    }

    private static func unquoted(_ text: Substring) -> String {
        guard text.count >= 2, let quote = text.first, quote == "'" || quote == "\"", text.last == quote else {
            return String(text)
        }
        if quote == "'" { return String(text.dropFirst().dropLast().replacing("''", with: "'")) }
        // YAML's double quotes and JSON's share their escapes.
        return (try? JSON(parsing: String(text)))?.string ?? String(text.dropFirst().dropLast())
    }

    /// A line without a comment that stands by itself, or after a space outside quotes.
    private static func withoutComment(_ line: Substring) -> Substring {
        if line.trimmingSpaces.hasPrefix("#") { return "" }
        return line.contains("'") || line.contains("\"") ? line : line.split(separator: " #").first ?? ""
    }
}

extension Substring {
    /// The text without white space at its ends.
    var trimmingSpaces: Substring {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return self[first...last]
    }
}
