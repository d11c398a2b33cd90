import Synchronization
import Tensors

/// Backgrounds that many threads draw from: for each epoch of pictures a set of its own.
///
/// What stands at a place is a function of seed, epoch and place alone; the bank only spares painting it again. Two threads
/// that ask for the same at the same time may both paint it, and get the same.
final class BackgroundBank: Sendable {
    /// How many backgrounds an epoch has, and how many pictures.
    static let (count, picturesPerEpoch) = (160, 32_768)
    private let seed: UInt64
    private let kept = Mutex<[Key: Texture]>([:])

    private struct Key: Hashable {
        let epoch: UInt64
        let place: Int
    }

    init(seed: UInt64) { self.seed = seed }

    /// The background at a place of the set that picture `number` draws from.
    func background(_ place: Int, forPicture number: UInt64, painter: inout BackgroundPainter) -> Texture {
        let key = Key(epoch: number / UInt64(Self.picturesPerEpoch), place: place)
        if let texture = kept.withLock({ $0[key] }) { return texture }
        var random = RandomStream(
            seed: seed, purpose: "scene background", step: key.epoch * UInt64(Self.count) + UInt64(place))
        let texture = painter.paint(&random)
        kept.withLock { kept in
            // Threads are at most an epoch apart; older sets are not asked for again.
            if kept.count >= 3 * Self.count {
                let oldest = key.epoch - min(key.epoch, 1)
                kept = kept.filter { $0.key.epoch >= oldest }
            }
            kept[key] = texture
        }
        return texture
    }
}
