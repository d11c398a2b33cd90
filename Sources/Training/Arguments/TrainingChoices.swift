extension TrainingArguments {
    /// Whose bookkeeping is followed: how micro-batches are summed, how steps are counted, which rate is logged.
    package enum Compatibility: String, Sendable, CaseIterable {
        /// The loss is a mean over the labels of the whole group; the rate of each update is logged.
        case newest
        /// transformers 4.47.0: gradients of micro-batch means are summed; the rate after each update is logged.
        case period = "hf-4.47.0"
    }

    /// The optimizers.
    package enum Optimizer: String, Sendable, CaseIterable {
        case adamwTorch = "adamw_torch"
        case adamwHF = "adamw_hf"
        /// bitsandbytes' AdamW, whose moments take 8 bits.
        case adamw8bit = "adamw_8bit"
        /// Plain gradient descent, without momentum.
        case sgd
        /// transformers' Adafactor as its `Trainer` makes it: the learning rate is the schedule's.
        case adafactor
    }

    /// How the learning rate goes after its warm-up.
    package enum Schedule: String, Sendable, CaseIterable {
        case linear
        case cosine
        case constant
        case constantWithWarmup = "constant_with_warmup"
    }

    /// When the model is evaluated.
    package enum EvaluationStrategy: String, Sendable, CaseIterable {
        case no, steps, epoch
    }

    /// When checkpoints are written.
    package enum SaveStrategy: String, Sendable, CaseIterable {
        case no, steps, epoch
        /// Where an evaluation is the best so far.
        case best
    }

    /// What says which evaluation is the best.
    package enum BestMetric: String, Sendable, CaseIterable {
        case loss
        case map50To95 = "map50_95"
        case map50

        /// Whether more is better.
        package var greaterIsBetter: Bool { self != .loss }

        /// Whether objects must be detected to know it.
        package var needsDetections: Bool { self != .loss }
    }

    /// The logs that a run can write.
    package enum LogKind: String, Sendable, CaseIterable {
        case tensorboard, jsonl, csv
    }

    /// How trained weights are kept where the model computes in a coarser type than float32.
    package enum MasterWeights: String, Sendable, CaseIterable {
        /// A float32 copy takes the updates.
        case float32
        /// The coarse weights take them, with moments as coarse: the notebook's way.
        case none
    }
}
