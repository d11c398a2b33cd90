import Foundation
import TestSupport
import Testing

@testable import Training

@Suite("A program that is killed while it writes leaves the last good checkpoint")
struct CrashTests {
    private let files = FileManager.default

    /// A run that has written checkpoints 2, 4 and 6.
    private func finishedRun(_ tiny: TinyRun, _ folder: String) throws -> TrainingArguments {
        var arguments = tiny.arguments
        (arguments.saveSteps, arguments.outputDir) = (2, "\(tiny.folder.path)/\(folder)")
        _ = try tiny.trainer(tiny.model(.adapter), arguments).run()
        return arguments
    }

    /// What a run that goes on from the last whole checkpoint ends with.
    private func ending(_ tiny: TinyRun, _ arguments: TrainingArguments) throws -> [String: Data] {
        let folder = try #require(arguments.outputDir)
        let last = try #require(Trainer.lastWholeCheckpoint(under: folder))
        let trainer = try tiny.trainer(tiny.model(.adapter), arguments)
        try trainer.resume(from: last)
        _ = try trainer.run()
        return try fileBytes(folder + "/checkpoint-6")
    }

    /// The order in which a checkpoint's files are written.
    static let names = [
        "adapter_model.safetensors", "adapter_config.json", "optimizer.safetensors", "trainer_state.json",
    ]

    @Test("cut at any byte of any file, the one before is found, and the end has the same bytes", arguments: names)
    func anyByte(_ name: String) throws {
        let tiny = try TinyRun()
        let arguments = try finishedRun(tiny, "run")
        let folder = try #require(arguments.outputDir)
        let whole = try fileBytes(folder + "/checkpoint-6")
        let content = try #require(whole[name])
        let before = Self.names.prefix { $0 != name }
        try files.removeItem(atPath: folder + "/checkpoint-6")
        let partial = folder + "/checkpoint-6.partial"
        for cut in stride(from: 0, through: content.count, by: max(1, content.count / 37)) {
            try? files.removeItem(atPath: partial)
            try files.createDirectory(atPath: partial, withIntermediateDirectories: true)
            for earlier in before {
                try #require(whole[earlier]).write(to: URL(fileURLWithPath: "\(partial)/\(earlier)"))
            }
            // AtomicFile writes under this kind of name until the file is whole.
            try content.prefix(cut).write(to: URL(fileURLWithPath: "\(partial)/.\(name).1-1.partial"))
            #expect(Trainer.lastWholeCheckpoint(under: folder) == folder + "/checkpoint-4", "byte \(cut)")
        }
        #expect(try ending(tiny, arguments) == whole)
        #expect(
            try files.contentsOfDirectory(atPath: folder).sorted() == ["checkpoint-2", "checkpoint-4", "checkpoint-6"])
    }

    @Test("cut while one checkpoint takes the place of another, one of both is found")
    func replacing() throws {
        let tiny = try TinyRun()
        let arguments = try finishedRun(tiny, "run")
        let folder = try #require(arguments.outputDir)
        let whole = try fileBytes(folder + "/checkpoint-6")
        // The old one has been moved away, the new one has not got its name yet.
        try files.moveItem(atPath: folder + "/checkpoint-6", toPath: folder + "/checkpoint-6.replaced")
        try files.createDirectory(atPath: folder + "/checkpoint-6.partial", withIntermediateDirectories: true)
        #expect(Trainer.lastWholeCheckpoint(under: folder) == folder + "/checkpoint-6.replaced")
        CheckpointFolders.tidy(under: folder)
        #expect(try fileBytes(folder + "/checkpoint-6") == whole)
        // The new one has its name, the old one is being deleted.
        try files.copyItem(atPath: folder + "/checkpoint-4", toPath: folder + "/checkpoint-6.replaced")
        #expect(Trainer.lastWholeCheckpoint(under: folder) == folder + "/checkpoint-6")
        CheckpointFolders.tidy(under: folder)
        #expect(
            try files.contentsOfDirectory(atPath: folder).sorted() == ["checkpoint-2", "checkpoint-4", "checkpoint-6"])
    }

    @Test("cut while an old checkpoint is deleted, its rest is no checkpoint")
    func removing() throws {
        let tiny = try TinyRun()
        let arguments = try finishedRun(tiny, "run")
        let folder = try #require(arguments.outputDir)
        try files.moveItem(atPath: folder + "/checkpoint-2", toPath: folder + "/checkpoint-2.removed")
        try files.removeItem(atPath: folder + "/checkpoint-2.removed/trainer_state.json")
        #expect(Trainer.checkpoints(under: folder).map(\.step) == [4, 6])
        // A disk that lost a file's end all the same is noticed.
        let damaged = folder + "/checkpoint-6/optimizer.safetensors"
        try Data(contentsOf: URL(fileURLWithPath: damaged)).dropLast(1).write(to: URL(fileURLWithPath: damaged))
        #expect(Trainer.lastWholeCheckpoint(under: folder) == folder + "/checkpoint-4")
    }
}
