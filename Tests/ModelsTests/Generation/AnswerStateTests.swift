import Foundation
import TestSupport
import Testing
import Tokenization

@testable import Models

@Suite("An answer says objects one after another, weighs what may follow, and stops at a repeat")
struct AnswerStateTests {
    private let tokenizer: Tokenizer
    private let endID: Int32 = 1

    init() throws {
        tokenizer = try Tokenizer(folder: Folders.samples.appendingPathComponent("tiny-paligemma2").path)
    }

    private func state(
        _ classes: [String], limit: Int = 64, change: (inout DetectionGrammar) -> Void = { _ in }
    ) throws -> AnswerState {
        var grammar = try DetectionGrammar(classes: classes, tokenizer: tokenizer, endID: endID)
        change(&grammar)
        var options = GenerationOptions(endIDs: [endID])
        (options.grammars, options.maxNewTokens) = ([grammar], limit)
        return AnswerState(options, row: 0)
    }

    /// Logits with one peak.
    private func peak(_ location: Int, height: Float = 30) -> ArraySlice<Float> {
        var logits = Array(repeating: Float(0), count: 1024)
        logits[location] = height
        return logits[...]
    }

    /// Says four locations.
    private func say(_ locations: [Int], in state: inout AnswerState) {
        for location in locations { state.take(locationLogits: peak(location), end: nil) }
    }

    /// Says a word whenever one is asked for, by weights of tokens; others weigh nothing.
    private func say(_ weights: [Int32: Float], in state: inout AnswerState) {
        while !state.isDone, state.next == .word { state.take { log(weights[$0] ?? 1e-30) } }
    }

    private func id(_ text: String) throws -> Int32 {
        try #require(tokenizer.encode("<loc0000>\(text)").dropFirst().first)
    }

    @Test("the first location may be the end, later ones may not")
    func empty() throws {
        var state = try state(["ace"])
        #expect(state.next == .location(orEnd: true))
        state.take(locationLogits: peak(5), end: 31)
        #expect(state.isEnded && state.ids.isEmpty && state.objects.isEmpty)
        var other = try self.state(["ace"])
        other.take(locationLogits: peak(5), end: 29)
        #expect(other.next == .location(orEnd: false) && other.ids.count == 1)
    }

    @Test("one class is never asked for: its tokens follow in one go, and are read together")
    func forced() throws {
        var state = try state(["king of hearts"])
        say([1, 2, 3], in: &state)
        #expect(state.takeUnread().count == 3)
        state.take(locationLogits: peak(4), end: nil)
        // The fourth location, and the name up to the choice between a separator and the end.
        #expect(state.takeUnread() == Array(tokenizer.encode("<loc0004> king of hearts")))
        #expect(state.next == .word)
        say([endID: 1], in: &state)
        #expect(state.isEnded && state.objects.map(\.classProbability) == [1])
        #expect(state.ids == tokenizer.encode("<loc0001><loc0002><loc0003><loc0004> king of hearts"))
    }

    @Test("a class is as probable as its token among those of the known classes")
    func classProbability() throws {
        var state = try state(["ace of hearts", "king of spades", "queen of hearts"])
        say([1, 2, 3, 4], in: &state)
        let weights: [Int32: Float] = [try id(" ace"): 1, try id(" king"): 6, try id(" queen"): 1, endID: 1]
        say(weights, in: &state)
        let object = try #require(state.objects.first)
        #expect(object.classIndex == 1 && abs(object.classProbability - 0.75) < 1e-6)
        #expect(object.edges.map(\.location) == [1, 2, 3, 4])
    }

    @Test("a name that begins another weighs what may follow it together")
    func names() throws {
        var state = try state(["king", "king of hearts"])
        say([1, 2, 3, 4], in: &state)
        let semicolon = try id(" ;")
        say([try id(" king"): 1, try id(" of"): 2, semicolon: 3, endID: 5], in: &state)
        let object = try #require(state.objects.first)
        #expect(object.classIndex == 0 && abs(object.classProbability - 0.8) < 1e-6 && state.isEnded)
    }

    @Test("what is said again is left out: the same four locations, or the same class nearly there; the second ends it")
    func repeats() throws {
        let (semicolon, ace, king) = (try id(" ;"), try id(" ace"), try id(" king"))
        let one = "<loc0100><loc0100><loc0500><loc0500> ace"
        let examples: [(box: [Int], name: Int32, isRepeat: Bool)] = [
            ([100, 100, 500, 500], ace, true), ([100, 100, 500, 500], king, true), ([101, 100, 500, 500], ace, true),
            ([101, 100, 500, 500], king, false), ([300, 100, 500, 500], ace, false),
        ]
        for (box, name, isRepeat) in examples {
            var state = try state(["ace", "king"])
            say([100, 100, 500, 500], in: &state)
            say([ace: 2, semicolon: 1], in: &state)
            say(box, in: &state)
            say([name: 2, semicolon: 1], in: &state)
            #expect(
                !state.isEnded && state.repeatCount == (isRepeat ? 1 : 0) && state.objects.count == (isRepeat ? 1 : 2))
            var longer = state
            say([600, 600, 900, 900], in: &longer)
            say([king: 2, endID: 1], in: &longer)
            #expect(longer.isEnded && longer.objects.count == (isRepeat ? 2 : 3))
            if isRepeat {
                #expect(longer.ids == tokenizer.encode(one + " ; <loc0600><loc0600><loc0900><loc0900> king"))
                say([100, 100, 500, 500], in: &state)
                #expect(state.isEnded && state.repeatCount == 2 && state.ids == tokenizer.encode(one))
            }
        }
        var last = try state(["ace", "king"])
        say([100, 100, 500, 500], in: &last)
        say([ace: 2, semicolon: 1], in: &last)
        say([101, 100, 500, 500], in: &last)
        say([ace: 2, endID: 1], in: &last)
        #expect(last.isEnded && last.repeatCount == 1 && last.ids == tokenizer.encode(one))
    }

    @Test("the limit cuts an answer; a name that is complete counts, half a one does not")
    func limits() throws {
        let whole = tokenizer.encode("<loc0001><loc0002><loc0003><loc0004> king of hearts").count
        for limit in 1...whole {
            var state = try state(["king of hearts"], limit: limit)
            for location in 1...4 where !state.isDone { state.take(locationLogits: peak(location), end: nil) }
            #expect(state.isDone && state.ids.count == limit && !state.isEnded)
            #expect(state.objects.count == (limit == whole ? 1 : 0))
        }
    }

    @Test(
        "with a number of objects the end is banned until then, noise is weighed but not chosen, repeats are passed over"
    )
    func noise() throws {
        var state = try state(["ace", "king", "noise"]) { ($0.objectCount, $0.noiseClass) = (3, 2) }
        let weights: [Int32: Float] = [try id(" ace"): 1, try id(" king"): 2, try id(" noise"): 7, endID: 9]
        #expect(state.next == .location(orEnd: false))
        for box in [[1, 1, 500, 500], [1, 1, 500, 500], [600, 600, 900, 900]] {
            say(box, in: &state)
            say(weights, in: &state)
        }
        #expect(state.isEnded && state.objects.map(\.classIndex) == [1, 1])
        #expect(state.objects.allSatisfy { abs($0.classProbability - 0.2) < 1e-6 })
        #expect(tokenizer.decode(state.ids).components(separatedBy: " ; ").count == 3)
    }

    @Test("an edge has its peak, the probability near it, their mean, and how far it is spread")
    func estimates() {
        var logits = Array(repeating: -Float.infinity, count: 1024)
        for (location, weight) in [(100, 4.0), (101, 2.0), (98, 2.0), (900, 2.0)] {
            logits[location] = Float(log(weight))
        }
        let estimate = LocationEstimate(logits: logits[...])
        #expect(estimate.location == 100)
        #expect(abs(estimate.peak - 0.4) < 1e-6 && abs(estimate.mass - 0.8) < 1e-6)
        let mean = (400.0 + 202 + 196) / 8
        #expect(abs(estimate.mean - mean) < 1e-4)
        let square = 0.5 * pow(100 - mean, 2) + 0.25 * pow(101 - mean, 2) + 0.25 * pow(98 - mean, 2)
        #expect(abs(estimate.deviation - square.squareRoot()) < 1e-3)
        let border = LocationEstimate(logits: peak(1023))
        #expect(border.location == 1023 && border.mass > 0.999)
    }
}
