import Tensors
import Testing

@testable import Training

@Suite("Arguments that make no sense are refused by name")
struct TrainingArgumentsTests {
    @Test("the defaults are transformers' and are accepted")
    func defaults() throws {
        let arguments = TrainingArguments()
        #expect(throws: Never.self) { try arguments.check() }
        #expect(arguments.numTrainEpochs == 3 && arguments.learningRate == 5e-5 && arguments.maxGradNorm == 1)
        #expect(arguments.perDeviceTrainBatchSize == 8 && arguments.saveSteps == 500 && arguments.seed == 42)
        #expect(arguments.adamBeta1 == 0.9 && arguments.adamBeta2 == 0.999 && arguments.adamEpsilon == 1e-8)
    }

    /// A change to the defaults and the option that the error must name.
    struct Change: CustomTestStringConvertible, Sendable {
        let name: String
        let testDescription: String
        let apply: @Sendable (inout TrainingArguments) -> Void

        init(_ name: String, _ value: String, _ apply: @escaping @Sendable (inout TrainingArguments) -> Void) {
            (self.name, self.apply) = (name, apply)
            testDescription = "\(name) \(value)"
        }
    }

    static let changes = [
        Change("num-train-epochs", "0") { $0.numTrainEpochs = 0 },
        Change("num-train-epochs", "nan") { $0.numTrainEpochs = .nan },
        Change("num-train-epochs", "inf") { $0.numTrainEpochs = .infinity },
        Change("num-train-epochs", "1e300") { $0.numTrainEpochs = 1e300 },
        Change("per-device-train-batch-size", "0") { $0.perDeviceTrainBatchSize = 0 },
        Change("gradient-accumulation-steps", "-1") { $0.gradientAccumulationSteps = -1 },
        Change("warmup-steps", "-1") { $0.warmupSteps = -1 },
        Change("learning-rate", "-1") { $0.learningRate = -1 },
        Change("learning-rate", "nan") { $0.learningRate = .nan },
        Change("weight-decay", "inf") { $0.weightDecay = .infinity },
        Change("adam-beta1", "1") { $0.adamBeta1 = 1 },
        Change("adam-beta2", "-0.1") { $0.adamBeta2 = -0.1 },
        Change("adam-epsilon", "0") { $0.adamEpsilon = 0 },
        Change("max-grad-norm", "nan") { $0.maxGradNorm = .nan },
        Change("logging-steps", "0") { $0.loggingSteps = 0 },
        Change("save-steps", "0") { $0.saveSteps = 0 },
        Change("save-total-limit", "0") { $0.saveTotalLimit = 0 },
        Change("per-device-eval-batch-size", "0") { $0.perDeviceEvalBatchSize = 0 },
        Change("warmup-ratio", "1.5") { $0.warmupRatio = 1.5 },
        Change("warmup-ratio", "beside warmup-steps") { ($0.warmupRatio, $0.warmupSteps) = (0.1, 5) },
        Change("label-smoothing-factor", "1") { $0.labelSmoothingFactor = 1 },
        Change("label-smoothing-factor", "-0.1") { $0.labelSmoothingFactor = -0.1 },
        Change("fp16", "beside bf16") { ($0.fp16, $0.bf16) = (true, true) },
        Change("fp16", "without masters") { ($0.fp16, $0.masterWeights) = (true, .none) },
        Change("bf16", "without masters") { ($0.bf16, $0.masterWeights) = (true, .none) },
        Change("eval-steps", "0") { ($0.evalStrategy, $0.evalSteps) = (.steps, 0) },
        Change("eval-steps", "without a strategy") { $0.evalSteps = 5 },
        Change("eval-steps", "with epochs") { ($0.evalStrategy, $0.evalSteps) = (.epoch, 5) },
        Change("metric-for-best-model", "without evaluations") { $0.metricForBestModel = .map50 },
        Change("save-strategy", "best without evaluations") { $0.saveStrategy = .best },
        Change("early-stopping-patience", "0") { ($0.evalStrategy, $0.earlyStoppingPatience) = (.epoch, 0) },
        Change("early-stopping-patience", "without evaluations") { $0.earlyStoppingPatience = 2 },
        Change("load-best-model-at-end", "without evaluations") {
            ($0.loadBestModelAtEnd, $0.outputDir) = (true, "run")
        },
        Change("load-best-model-at-end", "without a folder") {
            ($0.loadBestModelAtEnd, $0.evalStrategy) = (true, .epoch)
        },
        Change("load-best-model-at-end", "without checkpoints") {
            ($0.loadBestModelAtEnd, $0.evalStrategy, $0.outputDir, $0.saveStrategy) = (true, .epoch, "run", .no)
        },
        Change("report-to", "without a folder") { $0.reportTo = [.csv] },
    ]

    @Test("the error names the option", arguments: changes)
    func refused(_ change: Change) throws {
        var arguments = TrainingArguments()
        change.apply(&arguments)
        let changed = arguments
        let error = #expect(throws: TrainingError.self) { try changed.check() }
        #expect(try #require(error).description.hasPrefix(change.name + ":"))
    }

    @Test("the model's type is the one that was asked for, and float16 has masters")
    func types() throws {
        func error(_ type: ElementType, _ change: (inout TrainingArguments) -> Void) -> String? {
            var arguments = TrainingArguments()
            change(&arguments)
            do throws(TrainingError) { try arguments.check(type) } catch { return error.description }
            return nil
        }
        #expect(error(.float16) { $0.fp16 = true } == nil && error(.bfloat16) { $0.bf16 = true } == nil)
        #expect(error(.float32) { $0.fp16 = true }?.contains("--dtype float16") == true)
        #expect(error(.float16) { $0.bf16 = true }?.contains("--dtype bfloat16") == true)
        #expect(error(.float16) { $0.masterWeights = .none }?.hasPrefix("master-weights:") == true)
        #expect(error(.bfloat16) { $0.masterWeights = .none } == nil)
    }

    @Test("no epochs are needed where max_steps says how long")
    func maxSteps() {
        var arguments = TrainingArguments()
        (arguments.numTrainEpochs, arguments.maxSteps) = (0, 5)
        let changed = arguments
        #expect(throws: Never.self) { try changed.check() }
        #expect(StepPlan(changed, exampleCount: 4).totalSteps == 5)
    }
}
