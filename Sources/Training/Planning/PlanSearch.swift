import Models
import Tensors

/// Looks for a training that fits into some memory, with as little changed as can be.
package struct PlanSearch {
    /// What was changed to save memory, the least costly first.
    package enum Saving: Sendable, Equatable, CaseIterable {
        /// Micro-batches are smaller and more.
        case smallerBatch
        /// Layers are computed again on the way back.
        case checkpointing
        /// The optimizer's moments take 8 bits.
        case eightBitOptimizer
        /// An adapter is trained in place of the weights.
        case adapter
        /// Linear layers take 4 bits.
        case fourBits

        /// The saving in words.
        package var name: String {
            switch self {
            case .smallerBatch: "a smaller batch, accumulated over more steps"
            case .checkpointing: "layers computed again on the way back"
            case .eightBitOptimizer: "an optimizer whose moments take 8 bits"
            case .adapter: "an adapter in place of all weights"
            case .fourBits: "linear layers in 4 bits"
            }
        }
    }

    /// A plan, what it saves by, and what it takes.
    package struct Found {
        package let request: TrainingRequest
        package let savings: [Saving]
        package let forecast: Forecast
        /// Whether it fits; if not, it is the smallest that there is.
        package let fits: Bool
    }

    private let budget: Int
    private let device: Device
    private let rules: MemoryRules

    /// A search for a device.
    ///
    /// - Parameter budget: the bytes that a training may need.
    package init(budget: Int, device: Device, rules: MemoryRules) {
        (self.budget, self.device, self.rules) = (budget, device, rules)
    }

    /// What a request takes, as the search compares it with its budget.
    package func needed(_ forecast: Forecast) -> Int { forecast.needed(onHost: device.kind == .cpu) }

    /// The first plan that fits: batches are halved first, then more is saved with the batch as large as it can be.
    package func plan(for request: TrainingRequest) throws(TrainingError) -> Found {
        var smallest: Found?
        for (savings, variant) in Self.variants(of: request) {
            let one = try found(variant, savings, batch: 1)
            if needed(one.forecast) < smallest.map({ needed($0.forecast) }) ?? .max { smallest = one }
            guard one.fits else { continue }
            var batch = request.arguments.perDeviceTrainBatchSize
            while batch > 1 {
                let larger = try found(variant, savings, batch: batch)
                if larger.fits { return larger }
                batch = (batch + 1) / 2
            }
            return one
        }
        guard let smallest else { return try found(request, [], batch: request.arguments.perDeviceTrainBatchSize) }
        return smallest
    }

    private func found(
        _ request: TrainingRequest, _ savings: [Saving], batch: Int
    ) throws(TrainingError) -> Found {
        var request = request
        let asked = request.arguments.perDeviceTrainBatchSize
        if batch < asked {
            request.arguments.perDeviceTrainBatchSize = batch
            request.arguments.gradientAccumulationSteps *= (asked + batch - 1) / batch
        }
        let forecast = try Forecast(request, on: device, rules)
        return Found(
            request: request, savings: (batch < asked ? [.smallerBatch] : []) + savings, forecast: forecast,
            fits: needed(forecast) <= budget)
    }

    /// The request with more and more saved, batches as they are.
    private static func variants(of request: TrainingRequest) -> [([Saving], TrainingRequest)] {
        var (savings, variant): ([Saving], TrainingRequest) = ([], request)
        var all = [(savings, variant)]
        for saving in [Saving.checkpointing, .eightBitOptimizer, .adapter, .fourBits] {
            guard apply(saving, to: &variant) else { continue }
            savings.append(saving)
            // An adapter's moments are small: they stay exact.
            if saving == .adapter, let place = savings.firstIndex(of: .eightBitOptimizer) {
                savings.remove(at: place)
                variant.arguments.optim = request.arguments.optim
            }
            all.append((savings, variant))
        }
        return all
    }

    private static func apply(_ saving: Saving, to request: inout TrainingRequest) -> Bool {
        switch saving {
        case .smallerBatch: return false
        case .checkpointing:
            guard !request.arguments.gradientCheckpointing else { return false }
            request.arguments.gradientCheckpointing = true
        case .eightBitOptimizer:
            guard request.adapter == nil, request.arguments.optim == .adamwTorch || request.arguments.optim == .adamwHF
            else { return false }
            request.arguments.optim = .adamw8bit
        case .adapter:
            guard request.adapter == nil else { return false }
            request.adapter = AdapterConfiguration(
                targetModules: .languageModel(AdapterConfiguration.usualSuffixes))
        case .fourBits:
            guard request.quantization == nil else { return false }
            request.quantization = QuantizationConfiguration()
        }
        return true
    }
}
