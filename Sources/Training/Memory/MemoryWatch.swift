/// How much of some memory is in use.
package struct MemoryUse: Sendable, Equatable {
    /// Whose memory: `machine`, `container`, `device`.
    package var place: String
    package var used: Int
    package var limit: Int
    /// What of it this program holds.
    package var own: Int

    /// States the figures, in bytes.
    package init(place: String, used: Int, limit: Int, own: Int) {
        (self.place, self.used, self.limit, self.own) = (place, used, limit, own)
    }

    /// The share in use.
    package var share: Double { limit > 0 ? Double(used) / Double(limit) : 0 }

    /// Whether this program holds enough of it that a smaller plan could help.
    var isOurs: Bool { own * 10 >= limit }
}

/// Looks at memory while a run goes on, and notes the highest use of each update.
package final class MemoryWatch {
    /// The share in use from which a run takes a smaller plan.
    package let threshold: Double
    private let read: () -> [MemoryUse]
    private var highest: MemoryUse?

    /// A watch.
    ///
    /// - Parameter read: what is in use now, of each memory that bounds the run.
    package init(threshold: Double, read: @escaping () -> [MemoryUse]) {
        (self.threshold, self.read) = (threshold, read)
    }

    /// Looks once.
    func sample() {
        for use in read() where use.share > highest?.share ?? 0 && use.isOurs { highest = use }
    }

    /// The highest use since the last call, if it was over the threshold.
    func takeExcess() -> MemoryUse? {
        defer { highest = nil }
        return highest.flatMap { $0.share > threshold ? $0 : nil }
    }
}
