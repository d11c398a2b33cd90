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
        for parameter in store.parameters {
            let part = parameter.name.split(separator: ".").prefix(depth).joined(separator: ".")
            if counts[part] == nil { order.append(part) }
            counts[part, default: (0, 0, 0)].tensors += 1
            counts[part, default: (0, 0, 0)].all += parameter.count
            if parameter.isTrainable { counts[part, default: (0, 0, 0)].trained += parameter.count }
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
