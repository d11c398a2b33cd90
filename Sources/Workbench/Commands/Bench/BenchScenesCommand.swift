import Console
import Scenes

/// `bench scenes`: how fast pictures for pretraining are drawn here.
struct BenchScenesCommand: Command {
    static let name = "bench scenes"
    static let summary = "measure how long a scene that `pretrain` learns from takes, on one thread"
    static let discussion = """
        Scenes of 224 pixels are drawn one after another, in runs of --count. Backgrounds of an epoch are painted before the
        clock starts: 160 of them serve 32,768 scenes.
        """
    static let examples = ["bench scenes --count 5 --repeats 1"]

    @Option("scenes in a run", in: 1...100_000) var count = 500
    @Option("measured runs, after one that is shown as first", in: 1...100) var repeats = 3

    mutating func run(_ context: CommandContext) throws {
        let artist = try SceneGenerator(seed: context.seed).makeArtist()
        let (interrupt, warming) = (context.interrupt, min(count, 600))
        for number in 0..<warming where !interrupt.isRequested { _ = artist.scene(UInt64(number)) }
        var next: UInt64 = 0
        let measured = try Stopwatch(context: context, repeats: repeats).measure("\(count) scenes") {
            for _ in 0..<count {
                try interrupt.check()
                _ = artist.scene(next)
                next += 1
            }
        }
        var table = Measurement.table
        table.add(measured.row)
        context.emit(.table(table))
        context.say("\(.rate(Double(count) / max(measured.best, 1e-9), unit: "img/s")) on one thread")
    }
}
