import Tensors

extension TrainingArguments {
    /// Refuses values that make no sense, alone or together.
    func check() throws(TrainingError) {
        try checkLengths()
        try checkOptimization()
        try checkEvaluation()
    }

    /// Refuses a model that computes in another type than the arguments ask for.
    func check(_ elementType: ElementType) throws(TrainingError) {
        try require(
            !bf16 || elementType == .bfloat16, "bf16",
            "the model computes in \(elementType.name); load it with --dtype bfloat16")
        try require(
            !fp16 || elementType == .float16, "fp16",
            "the model computes in \(elementType.name); load it with --dtype float16")
        try require(
            elementType != .float16 || masterWeights == .float32, "master-weights",
            "must be float32 for a model in float16, whose small updates round to nothing")
    }

    private func require(_ holds: Bool, _ name: String, _ reason: String) throws(TrainingError) {
        if !holds { throw .argument(name: name, reason: reason) }
    }

    private func checkLengths() throws(TrainingError) {
        try require(
            (0...1e6).contains(numTrainEpochs) && (numTrainEpochs > 0 || maxSteps > 0), "num-train-epochs",
            "must be above zero, and a million at most")
        let (counts, limits) = (1...1_000_000, "must be above zero, and a million at most")
        try require(counts.contains(perDeviceTrainBatchSize), "per-device-train-batch-size", limits)
        try require(counts.contains(perDeviceEvalBatchSize), "per-device-eval-batch-size", limits)
        try require(counts.contains(gradientAccumulationSteps), "gradient-accumulation-steps", limits)
        try require(warmupSteps >= 0, "warmup-steps", "must not be below zero")
        try require((0...1).contains(warmupRatio), "warmup-ratio", "must be in 0...1")
        try require(warmupSteps == 0 || warmupRatio == 0, "warmup-ratio", "give it or warmup-steps, not both")
        try require(loggingSteps > 0, "logging-steps", "must be above zero")
        try require(saveSteps > 0, "save-steps", "must be above zero")
        try require(saveTotalLimit.map { $0 > 0 } ?? true, "save-total-limit", "must be above zero")
    }

    private func checkOptimization() throws(TrainingError) {
        try require(!maxGradNorm.isNaN, "max-grad-norm", "must be a number")
        try require(learningRate.isFinite && learningRate >= 0, "learning-rate", "must be a number from zero")
        try require(weightDecay.isFinite && weightDecay >= 0, "weight-decay", "must be a number from zero")
        try require((0..<1).contains(adamBeta1), "adam-beta1", "must be in 0..<1")
        try require((0..<1).contains(adamBeta2), "adam-beta2", "must be in 0..<1")
        try require(adamEpsilon > 0, "adam-epsilon", "must be above zero")
        try require((1...64).contains(packedOrders), "packed-orders", "must be above zero, and 64 at most")
        try require(
            packedOrders == 1 || noiseBoxes == nil, "packed-orders",
            "must be 1 with noise boxes, which order boxes anew")
        try require(
            packedOrders == 1 || compatibility == .newest, "packed-orders",
            "does not go with compat \(compatibility.rawValue)")
        try require(
            classWeights == nil || packedOrders == 1 && noiseBoxes == nil, "class-weights",
            "do not go with packed orders or noise boxes")
        try require((0..<1).contains(labelSmoothingFactor), "label-smoothing-factor", "must be in 0..<1")
        try require(!fp16 || !bf16, "fp16", "give it or bf16, not both")
        try require(
            !fp16 || masterWeights == .float32, "fp16",
            "keeps float32 weights, and --master-weights none keeps none; give one of them")
        try require(
            !bf16 || masterWeights == .float32, "bf16",
            "keeps float32 weights, and --master-weights none keeps none; give one of them")
    }

    private func checkEvaluation() throws(TrainingError) {
        try require(evalSteps.map { $0 > 0 } ?? true, "eval-steps", "must be above zero")
        try require(
            evalSteps == nil || evalStrategy == .steps, "eval-steps", "counts only with --eval-strategy steps")
        let isEvaluated = evalStrategy != .no
        try require(
            isEvaluated || metricForBestModel == .loss, "metric-for-best-model",
            "needs evaluations: --eval-strategy steps or epoch")
        try require(
            isEvaluated || saveStrategy != .best, "save-strategy",
            "best needs evaluations: --eval-strategy steps or epoch")
        try require(earlyStoppingPatience.map { $0 > 0 } ?? true, "early-stopping-patience", "must be above zero")
        try require(
            isEvaluated || earlyStoppingPatience == nil, "early-stopping-patience",
            "needs evaluations: --eval-strategy steps or epoch")
        if loadBestModelAtEnd {
            try require(
                isEvaluated, "load-best-model-at-end", "needs evaluations: --eval-strategy steps or epoch")
            try require(
                outputDir != nil && saveStrategy != .no, "load-best-model-at-end",
                "needs checkpoints: --output-dir, and a --save-strategy other than no")
        }
        try require(
            reportTo.isEmpty || logFolder != nil, "report-to",
            "needs a place for its files: --logging-dir or --output-dir")
    }
}
