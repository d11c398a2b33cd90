import Glibc
import Images

/// A file of events that TensorBoard reads.
///
/// - Source: TensorBoard's `event.proto`, `summary.proto`, and the `hparams` plugin's `plugin_data.proto` and `api.proto`.
final class EventFile {
    private let file: AppendedFile
    private let wallTime: () -> Double

    /// Who wrote the file, as TensorBoard shows it nowhere but keeps it.
    static let writer = "palinote"

    /// Starts a file in a folder; TensorBoard takes all files of a folder together as one run.
    ///
    /// - Parameters:
    ///   - wallTime: seconds since 1970.
    ///   - firstStep: events of this step and later ones in older files of the folder are from a run that was cut.
    init(folder: String, firstStep: Int = 0, wallTime: @escaping () -> Double) throws(TrainingError) {
        let time = wallTime()
        self.wallTime = wallTime
        file = try AppendedFile(path: Self.freePath(folder, time))
        try append(Self.header(wallTime: time))
        if firstStep > 0 { try append(Self.restart(step: firstStep, wallTime: time)) }
    }

    var path: String { file.path }

    /// Adds values of one step.
    func add(step: Int, _ values: [ProtobufMessage]) throws(TrainingError) {
        guard !values.isEmpty else { return }
        try append(Self.event(step: step, wallTime: wallTime(), values))
    }

    private func append(_ event: ProtobufMessage) throws(TrainingError) {
        try file.append(TFRecord.framed(event.bytes))
    }

    private static func freePath(_ folder: String, _ time: Double) -> String {
        let stem = "\(folder)/events.out.tfevents.\(Int(time)).\(writer)"
        var (path, number) = (stem + ".0", 0)
        while access(path, F_OK) == 0 {
            number += 1
            path = stem + ".\(number)"
        }
        return path
    }
}

extension EventFile {
    static func header(wallTime: Double) -> ProtobufMessage {
        var event = ProtobufMessage()
        event.add(1, double: wallTime)
        event.add(3, text: "brain.Event:2")
        event.add(10) { $0.add(1, text: writer) }
        return event
    }

    /// Tells readers to forget what older files say of `step` and later ones.
    static func restart(step: Int, wallTime: Double) -> ProtobufMessage {
        var event = ProtobufMessage()
        event.add(1, double: wallTime)
        event.add(2, integer: step)
        event.add(7) { $0.add(1, integer: 1) }
        return event
    }

    static func event(step: Int, wallTime: Double, _ values: [ProtobufMessage]) -> ProtobufMessage {
        var event = ProtobufMessage()
        event.add(1, double: wallTime)
        if step != 0 { event.add(2, integer: step) }
        event.add(5) { summary in
            for value in values { summary.add(1, value) }
        }
        return event
    }

    static func scalar(_ tag: String, _ number: Double) -> ProtobufMessage {
        var value = ProtobufMessage()
        value.add(1, text: tag)
        value.add(2, float: Float(number))
        return value
    }

    /// A picture, stored as PNG.
    static func image(_ tag: String, width: Int, height: Int, png: [UInt8]) -> ProtobufMessage {
        var value = ProtobufMessage()
        value.add(1, text: tag)
        value.add(4) { image in
            image.add(1, integer: height)
            image.add(2, integer: width)
            image.add(3, integer: 3)
            image.add(4, bytes: png)
        }
        return value
    }
}
