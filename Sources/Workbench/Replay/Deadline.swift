import Dispatch
import Synchronization

/// Asks a running cell to stop when its time is over.
final class Deadline: Sendable {
    private enum Phase: Sendable {
        case waiting
        case reached
        case ended
    }

    private let phase = Mutex(Phase.waiting)

    /// Begins to wait; the cell hears of it at its next step.
    init(seconds: Double, interrupt: Interrupt) {
        DispatchQueue.global().asyncAfter(deadline: .now() + min(seconds, Self.longest)) { [weak self] in
            self?.phase.withLock { phase in
                guard case .waiting = phase else { return }
                phase = .reached
                interrupt.request()
            }
        }
    }

    /// Ends the waiting; nothing is asked after this.
    /// - Returns: whether the time was over before.
    func end() -> Bool {
        phase.withLock { phase in
            defer { phase = .ended }
            if case .reached = phase { return true }
            return false
        }
    }

    /// No cell takes a year; larger numbers would not fit a clock.
    private static let longest = 3.2e7
}
