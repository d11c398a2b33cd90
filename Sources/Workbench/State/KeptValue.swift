import Console
import Tensors

/// What a slot's value was at a time, if values of that kind change in place.
package protocol KeptValue: AnyObject {
    /// The memory that is needed to bring it back.
    var storages: [any Storage] { get }
    /// Makes the value what it was.
    func restore()
}

/// Everything of a session that cells change, as it was at a time.
struct SavedState {
    let variables: [String: Literal]
    let settings: SessionSettings
    let workspace: Workspace
    let ledger: EffectTracker.Ledger
    /// By slot, and only for values that change in place.
    let kept: [String: any KeptValue]
    /// Tells what each slot held, so that what did not change is kept once.
    let keys: [String: String]
}
