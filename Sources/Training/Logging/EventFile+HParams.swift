/// A setting of a run as TensorBoard's hparams page lists it.
package enum HParam: Sendable, Equatable {
    case number(Double)
    case text(String)
    case flag(Bool)
}

/// What TensorBoard's hparams page is told of a run: its settings, the metrics that judge it, and that it ended.
extension EventFile {
    /// The settings and metrics that runs of this kind have.
    static func experiment(
        _ hparams: [String: HParam], metrics: [String], wallTime: Double
    ) -> ProtobufMessage {
        var experiment = ProtobufMessage()
        experiment.add(3, double: wallTime)
        for (name, value) in hparams.sorted(by: { $0.key < $1.key }) {
            experiment.add(4) { info in
                info.add(1, text: name)
                info.add(4, integer: value.dataType)
            }
        }
        for tag in metrics {
            experiment.add(5) { info in info.add(1) { $0.add(2, text: tag) } }
        }
        return value(tag: "_hparams_/experiment", field: 2, experiment)
    }

    /// The settings of this run.
    static func sessionStart(_ hparams: [String: HParam], wallTime: Double) -> ProtobufMessage {
        var start = ProtobufMessage()
        for (name, value) in hparams.sorted(by: { $0.key < $1.key }) {
            start.add(1) { entry in
                entry.add(1, text: name)
                entry.add(2, value.message)
            }
        }
        start.add(5, double: wallTime)
        return value(tag: "_hparams_/session_start_info", field: 3, start)
    }

    /// That this run came to its end. Readers keep the first such record of a folder.
    static func sessionEnd(wallTime: Double) -> ProtobufMessage {
        var end = ProtobufMessage()
        end.add(1, integer: 1)  // STATUS_SUCCESS
        end.add(2, double: wallTime)
        return value(tag: "_hparams_/session_end_info", field: 4, end)
    }

    /// A summary value whose content lies in the plugin's metadata; its tensor is empty.
    private static func value(tag: String, field: UInt64, _ content: ProtobufMessage) -> ProtobufMessage {
        var pluginData = ProtobufMessage()
        pluginData.add(field, content)
        var value = ProtobufMessage()
        value.add(1, text: tag)
        value.add(8) { tensor in
            tensor.add(1, integer: 1)  // DT_FLOAT
            tensor.add(2) { shape in shape.add(2) { _ in } }  // one axis of no elements
        }
        value.add(9) { metadata in
            metadata.add(1) { plugin in
                plugin.add(1, text: "hparams")
                plugin.add(2, bytes: pluginData.bytes)
            }
        }
        return value
    }
}

extension HParam {
    /// The number of the type in `api.proto`.
    fileprivate var dataType: Int {
        switch self {
        case .text: 1
        case .flag: 2
        case .number: 3
        }
    }

    /// The value as `google.protobuf.Value`.
    fileprivate var message: ProtobufMessage {
        var message = ProtobufMessage()
        switch self {
        case .number(let number): message.add(2, double: number)
        case .text(let text): message.add(3, text: text)
        case .flag(let flag): message.add(4, integer: flag ? 1 : 0)
        }
        return message
    }
}
