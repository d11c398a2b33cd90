import Detection
import Tensors

/// A question about a scene and its answer.
package struct ScenePrompt: Sendable, Equatable {
    /// What the model is asked.
    package let prefix: String
    /// What it is to answer; empty where nothing that is asked for is there.
    package let suffix: String
}

/// Asks for what is in a scene, for some of it, and for what is not there.
package enum PromptWriter {
    /// The share of prompts that ask for words to be repeated: so every piece of the vocabulary is trained.
    private static let copyShare = 0.035

    /// A prompt about a scene.
    ///
    /// - Parameters:
    ///   - fits: whether prompt and answer are short enough; names that are absent go first, then names that are there.
    package static func prompt(
        for scene: Scene, _ random: inout RandomStream, fits: (ScenePrompt) -> Bool
    ) -> ScenePrompt {
        if random.uniform() < copyShare { return CopyTask.prompt(&random, fits: fits) }
        let scheme = NamingScheme(&random)
        let names = scene.objects.map { scheme.name(of: SceneTraits($0)) }
        let present = Set(names)
        var absent = absentNames(scene, scheme, present, &random)
        var asked = askedNames(names.uniqued(), &random)
        if asked.isEmpty, absent.isEmpty { absent = [otherName(scheme, present, &random)] }
        let order = random.shuffled(Array(scene.objects.indices))
        let shuffle = random.shuffled(Array(0..<64))
        while true {
            let listed = (asked + absent).enumerated().sorted { place(shuffle, $0.offset) < place(shuffle, $1.offset) }
            let answered = order.filter { asked.contains(names[$0]) }
            let found = Detections(
                boxes: answered.map { scene.objects[$0].box }, classIDs: answered.map { _ in nil },
                classNames: answered.map { names[$0] })
            let prompt = ScenePrompt(
                prefix: LocationText.prefix(detecting: listed.map(\.element)),
                suffix: LocationText.format(found, imageWidth: scene.side, imageHeight: scene.side))
            if fits(prompt) || asked.count + absent.count <= 1 { return prompt }
            if absent.isEmpty { asked.removeLast() } else { absent.removeLast() }
        }
    }

    private static func place(_ shuffle: [Int], _ offset: Int) -> Int {
        offset < shuffle.count ? shuffle[offset] : offset
    }

    /// All names that are there, or some of them, or none.
    private static func askedNames(_ names: [String], _ random: inout RandomStream) -> [String] {
        let share = random.uniform()
        if share < 0.7 { return names }
        if share < 0.73 || names.isEmpty { return [] }
        return Array(random.shuffled(names).prefix(1 + random.integer(below: names.count)))
    }

    /// Names of what is not there: half of them like something that is, but for one thing.
    private static func absentNames(
        _ scene: Scene, _ scheme: NamingScheme, _ present: Set<String>, _ random: inout RandomStream
    ) -> [String] {
        let share = random.uniform()
        let count = share < 0.25 ? 0 : share < 0.6 ? 1 + random.integer(below: 3) : 3 + random.integer(below: 9)
        var names: [String] = []
        for _ in 0..<count {
            var name = otherName(scheme, present, &random)
            if random.uniform() < 0.5, !scene.objects.isEmpty {
                let object = scene.objects[random.integer(below: scene.objects.count)]
                let near = scheme.name(of: SceneTraits(object).changed(&random))
                if !present.contains(near) { name = near }
            }
            names.append(name)
        }
        return names.filter { !present.contains($0) }.uniqued()
    }

    /// The name of any object that is not there.
    private static func otherName(
        _ scheme: NamingScheme, _ present: Set<String>, _ random: inout RandomStream
    ) -> String {
        for _ in 0..<20 {
            let name = scheme.name(of: SceneTraits(anyOf: &random))
            if !present.contains(name) { return name }
        }
        return "nothing"
    }
}

extension [String] {
    /// The elements, each once, in the order in which they first stand.
    fileprivate func uniqued() -> [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
