import Console

extension CommandContext {
    /// What long work on pictures calls after each of them: it reports how far the work has come, and says whether to go on.
    func pictureCounter(_ label: String) -> (_ done: Int, _ total: Int) -> Bool {
        let start = now()
        return { [self] done, total in
            let seconds = now() - start
            report(
                Progress(
                    label: label, completed: done, total: total,
                    rate: .rate(Double(done) / max(seconds, 1e-9), unit: "img/s"), elapsed: seconds,
                    isFinished: done == total))
            return !interrupt.isRequested
        }
    }
}
