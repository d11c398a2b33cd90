import Console
import Glibc
import Training

/// Keeps the checkpoints of one training in the journal: every so often, and at its end.
///
/// A checkpoint has the trained weights, the moments and the run's place. Writing takes at most a twentieth of the time.
final class TrainingKeeper {
    private let folder: String
    private let mode: SessionJournal.Mode
    private let context: CommandContext
    private var lastSave: Double
    private var lastCost = 0.0
    private var savedStep: Int?
    private var isBroken = false
    private var isRestored = false

    /// The keeper of the next training of the running cell; nil where no journal is written.
    init?(_ context: CommandContext) {
        guard let journal = context.session.journal else { return nil }
        folder = journal.nextTrainingFolder(of: context.typedCell.id)
        mode = journal.mode
        self.context = context
        lastSave = context.now()
    }

    /// Whether the run had ended where it is now: it makes no more updates.
    var hasEnded: Bool { mode == .ended && isRestored }

    /// Takes the last checkpoint that can be read, if the journal was written before.
    func restore(_ trainer: Trainer) {
        guard mode != .new else { return }
        for checkpoint in Trainer.checkpoints(under: folder).reversed() {
            do throws(TrainingError) {
                try trainer.resume(from: checkpoint.folder)
                savedStep = trainer.engine.step
                isRestored = true
                return
            } catch {
                context.warn("a journalled checkpoint is left out: \(String(describing: error))")
            }
        }
    }

    /// Writes a checkpoint if the last one is old enough; call between two updates.
    func saveIfDue(_ trainer: Trainer) {
        let period = max(context.settings.journalEvery, 20 * lastCost)
        if context.now() - lastSave >= period { save(trainer) }
    }

    /// Writes a checkpoint unless there is one of this step.
    func save(_ trainer: Trainer) {
        guard !isBroken, savedStep != trainer.engine.step else { return }
        let start = context.now()
        do throws(TrainingError) {
            let needed = trainer.progressByteCount
            if let free = FileAccess.freeBytes(near: folder), free < 2 * needed {
                throw .resume(
                    folder: folder,
                    reason: "a checkpoint takes \(Quantity.byteText(needed)), and \(Quantity.byteText(free)) are free")
            }
            try trainer.saveProgress(under: folder)
            savedStep = trainer.engine.step
        } catch {
            isBroken = true
            context.warn(
                "this training is not journalled, and would begin anew after a cut: \(String(describing: error))")
        }
        lastSave = context.now()
        lastCost = lastSave - start
    }
}
