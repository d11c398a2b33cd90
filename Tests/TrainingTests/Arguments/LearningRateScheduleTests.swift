import Foundation
import TestSupport
import Testing

@testable import Training

@Suite("Learning rates are those of transformers' schedules")
struct LearningRateScheduleTests {
    /// A schedule and its rates, made by `Tests/Reference/training/make_schedules.py`.
    struct Case: Decodable, CustomTestStringConvertible, Sendable {
        let kind: String
        let peak: Double
        let warmup: Int
        let total: Int
        let rates: [Double]

        enum CodingKeys: String, CodingKey {
            case kind, peak, rates
            case warmup = "warmup_steps"
            case total = "total_steps"
        }

        var testDescription: String { "\(kind), warm-up \(warmup) of \(total)" }

        static func all() -> [Case] {
            let url = Folders.fixtures.appendingPathComponent("training/schedules-newest.json")
            guard let data = try? Data(contentsOf: url), let cases = try? JSONDecoder().decode([Case].self, from: data)
            else {
                Issue.record("\(url.path) cannot be read")
                return []
            }
            return cases
        }
    }

    @Test("every rate is equal to the last bit", arguments: Case.all())
    func rates(_ fixture: Case) throws {
        var arguments = TrainingArguments()
        arguments.lrSchedulerType = try #require(TrainingArguments.Schedule(rawValue: fixture.kind))
        arguments.learningRate = fixture.peak
        arguments.warmupSteps = fixture.warmup
        let schedule = LearningRateSchedule(arguments, totalSteps: fixture.total)
        #expect(fixture.rates.indices.map(schedule.rate) == fixture.rates)
    }

    @Test("every schedule has a fixture")
    func coverage() {
        #expect(Set(Case.all().map(\.kind)) == Set(TrainingArguments.Schedule.allCases.map(\.rawValue)))
    }
}
