import Tensors

/// Asks for words to be repeated.
enum CopyTask {
    static func prompt(_ random: inout RandomStream, fits: (ScenePrompt) -> Bool) -> ScenePrompt {
        var words = (0..<2 + random.integer(below: 9)).map { _ in word(&random) }
        while true {
            let text = words.joined(separator: " ")
            let prompt = ScenePrompt(prefix: "say \(text)", suffix: text)
            if fits(prompt) || words.count <= 1 { return prompt }
            words.removeLast()
        }
    }

    /// A common word, a name of the other tasks, or letters and signs at random.
    private static func word(_ random: inout RandomStream) -> String {
        let share = random.uniform()
        if share < 0.45 { return common[random.integer(below: common.count)] }
        if share < 0.6 {
            let lists = [SceneWords.glyphs, SceneWords.symbols, SceneWords.inks]
            let list = lists[random.integer(below: lists.count)]
            return list[random.integer(below: list.count)]
        }
        return String((0..<1 + random.integer(below: 5)).map { _ in printable[random.integer(below: printable.count)] })
    }

    /// Every printable character of ASCII but `<`, which could begin a location.
    private static let printable = (33...126).filter { $0 != 60 }.map { Character(UnicodeScalar(UInt8($0))) }

    /// Words that names of objects are made of, those of playing cards among them: here they are only repeated.
    private static let common = """
        ace king queen jack ten nine eight seven six five four three two one joker card cards of club clubs diamond
        diamonds heart hearts spade spades face deck hand table the a an and or on in at by to from with without left
        right top bottom upper lower front back side inside outside near far big small large little long short tall wide
        narrow old new first second third last next open closed full empty light dark bright pale round square flat
        thick thin heavy soft hard wet dry hot cold clean dirty wood metal glass paper plastic stone water fire earth
        air person man woman child boy girl dog cat bird fish cow sheep bear car bus truck train bike boat ship road
        house door window wall floor roof room chair bed desk lamp clock book bottle bowl plate fork knife spoon bread
        apple banana tomato egg milk tree grass river hill sky rain snow wind day night number letter word line dot
        circle arrow sign flag ball hat shoe coat bag key coin tile brick wheel screw nut helmet vest glove mask
        """.split(whereSeparator: \.isWhitespace).map(String.init)
}
