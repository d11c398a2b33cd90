import Detection
import Tensors

/// What is in a picture besides what is asked for.
extension SceneArtist {
    private var side: Double { Double(generator.side) }

    private func anywhere(_ random: inout RandomStream) -> Place {
        Place(random.uniform(-0.05..<1.05), random.uniform(-0.05..<1.05)) * side
    }

    /// Lines, discs, rectangles and triangles below the objects, and now and then a printed page or a box.
    func addClutter(_ random: inout RandomStream) {
        if random.uniform() < 0.16 { addPage(&random) }
        guard random.uniform() < 0.5 else { return }
        let unit = side / 224
        for _ in 0...random.integer(below: 11) {
            let ink = Ink(anyOf: &random)
            let place = anywhere(&random)
            let turn = Turn(random.uniform(-3.14159..<3.14159))
            switch random.integer(below: 5) {
            case 0, 1:
                picture.stroke(
                    from: place, to: place + turn(Place(random.uniform(10..<130) * unit, 0)),
                    radius: random.uniform(0.4..<3) * unit, ink: ink, roundness: random.uniform(0..<0.6))
            case 2:
                let radius = random.uniform(2..<24) * unit
                picture.stroke(
                    from: place, to: place + turn(Place(random.uniform(0..<40) * unit, 0)), radius: radius, ink: ink,
                    roundness: random.uniform(0..<0.7))
            case 3:
                let half = Place(random.uniform(3..<45), random.uniform(3..<45)) * unit
                picture.fillPolygon(
                    [Place(-1, -1), Place(1, -1), Place(1, 1), Place(-1, 1)].map { place + turn($0 * half) }, ink: ink)
            default:
                let size = random.uniform(5..<40) * unit
                picture.fillPolygon(
                    [0.0, 2.1, 4.2].map { place + Turn($0)(turn(Place(size, 0))) }, ink: ink)
            }
        }
    }

    /// A page of lines and blocks, white like a card or in colors like a box or a book, which is no card.
    private func addPage(_ random: inout RandomStream) {
        let isWhite = random.uniform() < 0.6
        let paper = isWhite ? Ink(236, 233, 224).varied(by: 16, &random) : Ink(anyOf: &random)
        let print = paper.lightness > 120 ? Ink(44, 44, 50) : Ink(232, 230, 224)
        let half = Place(random.uniform(0.12..<0.5), random.uniform(0.14..<0.6)) * side
        let turn = Turn(random.uniform() < 0.5 ? 0.25 * random.normal() : random.uniform(-3.14159..<3.14159))
        let center = anywhere(&random)
        func corners(_ left: Double, _ top: Double, _ right: Double, _ bottom: Double) -> [Place] {
            [Place(left, top), Place(right, top), Place(right, bottom), Place(left, bottom)].map {
                center + turn(($0 * 2 - 1) * half)
            }
        }
        let soft = random.uniform(1..<5)
        picture.shade(corners(0, 0, 1, 1).map { $0 + Place(2, 3) }, softness: soft, red: 0.7, green: 0.7, blue: 0.7)
        picture.fillPolygon(corners(0, 0, 1, 1), ink: paper)
        let lineHeight = random.uniform(2.2..<6) / (2 * half.y)
        var y = random.uniform(0.04..<0.12)
        while y < 0.93 {
            if random.uniform() < 0.1 {
                let tall = random.uniform(0.08..<0.3)
                picture.fillPolygon(
                    corners(0.08, y, random.uniform(0.4..<0.92), min(y + tall, 0.94)), ink: Ink(anyOf: &random))
                y += tall + lineHeight
            } else if random.uniform() < 0.75 {
                var x = 0.07
                while x < 0.9 {
                    let end = min(x + random.uniform(0.04..<0.3), 0.93)
                    picture.fillPolygon(
                        corners(x, y, end, y + lineHeight * 0.55), ink: print, opacity: isWhite ? 150 : 220)
                    x = end + 0.03
                }
            }
            y += lineHeight
        }
    }

    /// Fingers that hold a card, or strings and pens that lie over the objects.
    func addOccluders(_ boxes: [Box], _ light: SceneLight, _ random: inout RandomStream) {
        let choice = random.uniform()
        if choice < 0.07, let box = boxes.last {
            addFingers(over: box, &random)
        } else if choice < 0.14 {
            let begin = anywhere(&random)
            let reach = Place(random.uniform(20..<110), 0) * (side / 224)
            picture.stroke(
                from: begin, to: begin + Turn(random.uniform(-3.14159..<3.14159))(reach),
                radius: random.uniform(0.8..<4.5) * (side / 224), ink: Ink(anyOf: &random),
                roundness: random.uniform(0.1..<0.6), owner: 0)
        }
    }

    private func addFingers(over box: Box, _ random: inout RandomStream) {
        let tones = [
            Ink(236, 190, 160), Ink(222, 168, 134), Ink(196, 140, 104), Ink(150, 100, 72), Ink(104, 68, 48),
            Ink(246, 208, 182),
        ]
        let skin = tones[random.integer(below: tones.count)].varied(by: 10, &random)
        let size = Place(box.xMax - box.xMin, box.yMax - box.yMin)
        let center = Place(box.xMin, box.yMin) + size / 2
        // The hand comes from outside and grips an edge; fingertips reach a quarter into the object at most.
        let turn = Turn(random.uniform(-3.14159..<3.14159))
        let out = turn(Place(1, 0))
        let edge = center + out * (0.5 * min(size.x, size.y))
        let radius = random.uniform(0.07..<0.12) * max(size.x, size.y)
        for finger in 0..<1 + random.integer(below: 3) {
            let beside = turn(Place(0, Double(finger) * 2.1 * radius))
            let tip = edge - out * (random.uniform(0.02..<0.22) * min(size.x, size.y)) + beside
            let root = tip + turn(Place(random.uniform(5..<9) * radius, random.uniform(-1..<1) * radius))
            picture.stroke(
                from: tip, to: root, radius: radius, endRadius: radius * 1.25, ink: skin, roundness: 0.35, owner: 0)
            picture.stroke(
                from: tip, to: tip + out * (0.25 * radius), radius: radius * 0.5,
                ink: skin.mixed(with: Ink(255, 236, 228), share: 0.5), roundness: 0.1, owner: 0)
        }
        let palm = edge + out * (random.uniform(7..<10) * radius)
        picture.stroke(
            from: palm, to: palm + out * side, radius: radius * 3, endRadius: radius * 4, ink: skin.scaled(by: 0.94),
            roundness: 0.3, owner: 0)
    }
}
