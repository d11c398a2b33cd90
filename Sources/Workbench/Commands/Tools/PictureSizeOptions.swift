import Console

/// The size of the picture that boxes lie in.
struct PictureSizeOptions: OptionGroupContents {
    @Option("width of the picture", unit: "pixels") var width: Int?
    @Option("height of the picture", unit: "pixels") var height: Int?

    /// Pixels beyond which a size is taken for a slip.
    private static let longestSide = 1_000_000

    /// The size that the command line states.
    func size(in command: String) throws -> (width: Int, height: Int) {
        guard let width, let height else { throw Failure.oneOf("--width and --height", in: command) }
        return try checked(width, height) { Failure(code: "BadSize", message: "\($0)", next: "help \(command)") }
    }

    /// The size that a line states, or the command line.
    func size(of line: ToolLines.Line) throws -> (width: Int, height: Int) {
        try checked(
            line.integer("width", default: width), line.integer("height", default: height), line.fault)
    }

    private func checked(_ width: Int, _ height: Int, _ fault: (String) -> Failure) throws -> (Int, Int) {
        let sides = 1...Self.longestSide
        guard sides.contains(width), sides.contains(height) else {
            throw fault("a picture cannot be \(width)x\(height) pixels; both sides are from 1 to \(Self.longestSide)")
        }
        return (width, height)
    }
}
