import Images

/// A plain alphabet of straight strokes, for glyphs that look like none of the fonts.
enum StrokeLetters {
    /// The strokes of each letter and digit: places of a grid of 5 by 7 points, column and row, `/` between strokes.
    private static let strokes: [Character: String] = [
        "A": "06 20 46/14 34", "B": "00 06 36 45 44 33 03/33 42 41 30 00", "C": "41 30 10 01 05 16 36 45",
        "D": "00 06 26 44 42 20 00", "E": "40 00 06 46/03 33", "F": "40 00 06/03 33",
        "G": "41 30 10 01 05 16 36 45 43 23",
        "H": "00 06/40 46/03 43", "I": "10 30/20 26/16 36", "J": "20 40/30 35 26 16 05", "K": "00 06/40 03 46",
        "L": "00 06 46", "M": "06 00 23 40 46", "N": "06 00 46 40", "O": "10 30 41 45 36 16 05 01 10",
        "P": "06 00 30 41 42 33 03", "Q": "10 30 41 45 36 16 05 01 10/24 47", "R": "06 00 30 41 42 33 03/23 46",
        "S": "41 30 10 01 02 13 33 44 45 36 16 05", "T": "00 40/20 26", "U": "00 05 16 36 45 40", "V": "00 26 40",
        "W": "00 16 22 36 40", "X": "00 46/40 06", "Y": "00 23 40/23 26", "Z": "00 40 06 46",
        "0": "20 31 42 44 35 26 15 04 02 11 20", "1": "11 20 26/16 36", "2": "01 10 30 41 42 06 46",
        "3": "01 10 30 41 42 33 44 45 36 16 05/23 33", "4": "36 30 04 44", "5": "40 00 03 33 44 45 36 16 05",
        "6": "30 10 01 05 16 36 45 44 33 13 04", "7": "00 40 16",
        "8": "13 02 01 10 30 41 42 33 13 04 05 16 36 45 44 33",
        "9": "16 36 45 41 30 10 01 02 13 33 42",
    ]

    /// Draws a text of capitals and digits black on white.
    static func draw(_ text: String, lineWidth: Double) -> ImageBuffer {
        let (cell, margin) = (15.0, 22.0)
        let width = Double(text.count) * 6 * cell - 2 * cell + 2 * margin
        let canvas = Canvas(width: Int(width), height: Int(7 * cell + 2 * margin))
        for (place, character) in text.enumerated() {
            let left = margin + Double(place) * 6 * cell
            for stroke in strokes[character]?.split(separator: "/") ?? [] {
                let points = stroke.split(separator: " ").compactMap { Int($0) }.map { point in
                    Canvas.Point(x: left + Double(point / 10) * cell, y: margin + Double(point % 10) * cell)
                }
                canvas.strokePolyline(points, color: .black, lineWidth: lineWidth)
            }
        }
        return canvas.makeImage()
    }
}
