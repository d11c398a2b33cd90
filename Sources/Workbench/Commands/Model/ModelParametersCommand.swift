import Console
import Models

/// `model parameters`: how many weights each part has, and how many of them are trained.
struct ModelParametersCommand: Command {
    static let name = "model parameters"
    static let summary = "count parameters, all and trained, by part of the model"
    static let examples = ["model parameters", "model parameters --depth 4 --trained"]

    @Option("how many names of a path make a part", in: 1...12) var depth = 1
    @Flag("only parts that training changes") var trained = false

    mutating func run(_ context: CommandContext) throws {
        let store = try context.loadedModel().model.parameters
        var order: [String] = []
        var counts: [String: (tensors: Int, all: Int, trained: Int)] = [:]
        let weights =
            store.parameters.map { ($0.name, $0.count, $0.isTrainable) }
            + store.quantized.map { ($0.name, $0.count, false) }
        for (name, count, isTrainable) in weights {
            let part = name.split(separator: ".").prefix(depth).joined(separator: ".")
            if counts[part] == nil { order.append(part) }
            counts[part, default: (0, 0, 0)].tensors += 1
            counts[part, default: (0, 0, 0)].all += count
            if isTrainable { counts[part, default: (0, 0, 0)].trained += count }
        }
        var table = Table("part", "tensors", "parameters", "trained")
        for part in order {
            guard let count = counts[part], !trained || count.trained > 0 else { continue }
            table.add(["\(part)", "\(count.tensors)", "\(count.all)", "\(count.trained)"])
        }
        context.emit(.table(table))
        context.say(store.trainableShare)
    }
}
