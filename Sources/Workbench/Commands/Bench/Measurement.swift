import Console

/// How long something took: once at first, then again and again.
struct Measurement {
    let name: String
    /// Seconds of the first run, which may prepare things that later runs find ready; nil where there was none.
    let first: Double?
    /// Seconds of the other runs, in order.
    let runs: [Double]
    /// Floating-point operations of a run, where they were counted.
    var operations: Double?

    var best: Double { runs.min() ?? 0 }

    /// The middle run; the mean of the two in the middle of an even count.
    var median: Double {
        let sorted = runs.sorted()
        guard !sorted.isEmpty else { return 0 }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    /// An empty table for rows of measurements.
    static var table: Table { Table("measure", "first", "best", "median", "speed") }

    /// The row of a table: name, first, best, median, operations a second.
    var row: [Text] {
        [
            "\(name)", first.map { Text(.duration($0)) } ?? "-", Text(.duration(best)), Text(.duration(median)),
            operations.map { Text(.rate($0 / median / 1e12, unit: "TFLOP/s")) } ?? "-",
        ]
    }
}

/// A clock that stops between runs when somebody asks to.
struct Stopwatch {
    let context: CommandContext
    let repeats: Int
    /// The GPU whose kernels are to be watched in one more run.
    var profiled: KernelWatch?

    /// Measures a piece of work, once and then `repeats` times.
    func measure(_ name: String, _ work: () throws -> Void) throws -> Measurement {
        try measure([name]) {
            let start = context.now()
            try work()
            return [context.now() - start]
        }[0]
    }

    /// Measures work that times itself: `work` returns the seconds of each named part.
    func measure(_ names: [String], _ work: () throws -> [Double]) throws -> [Measurement] {
        let start = context.now()
        var seconds: [[Double]] = []
        for run in 0...repeats {
            try context.interrupt.check()
            seconds.append(try work())
            context.report(
                Progress(
                    label: names[0], completed: run + 1, total: repeats + 1, elapsed: context.now() - start,
                    isFinished: run == repeats))
        }
        if let profiled {
            profiled.start()
            _ = try work()
            context.emit(.table(try profiled.end()))
        }
        return names.indices.map { part in
            Measurement(name: names[part], first: seconds[0][part], runs: seconds.dropFirst().map { $0[part] })
        }
    }
}
