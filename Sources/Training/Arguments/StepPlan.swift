/// How many updates a run makes, and which examples go into each.
package struct StepPlan: Sendable, Equatable {
    /// How many micro-batches an epoch has; the last may be smaller.
    package let microBatchesPerEpoch: Int
    /// How many updates an epoch makes; the last may have fewer micro-batches.
    package let updatesPerEpoch: Int
    /// How many updates the run makes.
    package let totalSteps: Int
    private let exampleCount: Int
    private let batchSize: Int
    private let accumulation: Int

    /// Plans a run over `exampleCount` examples.
    ///
    /// - Source: transformers' `Trainer._inner_training_loop`; release 4.47 counts whole groups only for the run's length.
    package init(_ arguments: TrainingArguments, exampleCount: Int) {
        self.exampleCount = exampleCount
        batchSize = arguments.perDeviceTrainBatchSize
        accumulation = arguments.gradientAccumulationSteps
        microBatchesPerEpoch = (exampleCount + batchSize - 1) / batchSize
        updatesPerEpoch = (microBatchesPerEpoch + accumulation - 1) / accumulation
        let counted =
            arguments.compatibility == .period ? max(microBatchesPerEpoch / accumulation, 1) : updatesPerEpoch
        totalSteps =
            arguments.maxSteps > 0
            ? arguments.maxSteps : Int((arguments.numTrainEpochs * Double(counted)).rounded(.up))
    }

    /// The epoch that update `step`, from 0, belongs to.
    package func epoch(of step: Int) -> Int { step / updatesPerEpoch }

    /// The micro-batches of update `step`, from 0, as places in `order`, the epoch's order of examples.
    ///
    /// - Parameter largest: cuts micro-batches with more examples into parts; nil leaves them.
    package func microBatches(of step: Int, order: [Int], largest: Int? = nil) -> [[Int]] {
        let first = (step % updatesPerEpoch) * accumulation
        let size = min(largest ?? batchSize, batchSize)
        return (first..<min(first + accumulation, microBatchesPerEpoch)).flatMap { place in
            let end = min((place + 1) * batchSize, exampleCount)
            return stride(from: place * batchSize, to: end, by: size).map { Array(order[$0..<min($0 + size, end)]) }
        }
    }
}
