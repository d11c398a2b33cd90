import CScenes

/// Prints objects flat on layers, which are then laid into scenes.
struct ObjectPainter {
    let library: SceneLibrary
    /// Pixels of nothing around a print, so that its edges come out smooth.
    static let frame = 2.0

    /// Prints a design `height` pixels high on a layer, which takes the print's size.
    func paint(_ design: ObjectDesign, height: Double, on layer: Layer) {
        let (width, frame) = ((height * design.aspect).rounded(), Self.frame)
        layer.resize(width: Int(width + 2 * frame), height: Int(height + 2 * frame))
        switch design.kind {
        case .symbol, .glyph:
            layer.clear(design.inkColor, alpha: 0)
            layer.stamp(
                library.mask(of: design), centerX: width / 2 + frame, centerY: height / 2 + frame, width: width,
                height: height, ink: design.inkColor)
        case .tile: paintTile(design, width: width, height: height, on: layer)
        case .card: paintCard(design, width: width, height: height, on: layer)
        }
    }

    private func paintTile(_ design: ObjectDesign, width: Double, height: Double, on layer: Layer) {
        let frame = Self.frame
        layer.clear(design.groundColor, alpha: 0)
        layer.fillRoundRectangle(
            left: frame, top: frame, right: frame + width, bottom: frame + height,
            radius: 0.14 * min(width, height), ink: design.groundColor)
        let mask = library.mask(of: design)
        let share = min(0.66 * height, 0.7 * width / (mask.aspect * design.squeeze))
        layer.stamp(
            mask, centerX: frame + width / 2, centerY: frame + height / 2, width: share * mask.aspect * design.squeeze,
            height: share, ink: design.inkColor)
    }

    private func paintCard(_ design: ObjectDesign, width: Double, height: Double, on layer: Layer) {
        guard let card = design.card else { return }
        let frame = Self.frame
        layer.clear(design.groundColor, alpha: 0)
        let radius = card.cornerRadius * height
        layer.fillRoundRectangle(
            left: frame, top: frame, right: frame + width, bottom: frame + height, radius: radius,
            ink: design.groundColor)
        paintCenter(design, card, width: width, height: height, on: layer)
        for triangle in card.triangles {
            layer.fillPolygon(triangle.corners.map { $0 * height + Place(frame, frame) }, ink: triangle.color)
        }
        paintIndices(design, card, width: width, height: height, on: layer)
        guard card.outline > 0 else { return }
        layer.fillRoundRectangle(
            left: frame, top: frame, right: frame + width, bottom: frame + height, radius: radius,
            line: max(card.outline * height, 0.7), ink: design.inkColor.mixed(with: Ink(120, 120, 124), share: 0.6),
            opacity: 200)
    }

    private func paintIndices(
        _ design: ObjectDesign, _ card: CardDesign, width: Double, height: Double, on layer: Layer
    ) {
        guard let glyph = design.glyph, let symbol = design.symbol else { return }
        let (letter, sign) = (library.masks.glyphs[design.face][glyph], library.symbolMask(symbol, design.drawing))
        let tall = card.indexHeight * height
        let wide = min(tall * letter.aspect * design.squeeze, 0.24 * width)
        let signTall = tall * 0.72
        let signWide = min(signTall * sign.aspect, 0.24 * width)
        let margin = card.indexMargin * height
        let column = margin + max(wide, signWide) / 2
        for isUpsideDown in [false, true].prefix(card.indexCount) {
            func place(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
                isUpsideDown
                    ? (Self.frame + width - x, Self.frame + height - y) : (Self.frame + x, Self.frame + y)
            }
            let first = place(column, margin + tall / 2)
            layer.stamp(
                letter, centerX: first.x, centerY: first.y, width: wide, height: tall, isUpsideDown: isUpsideDown,
                ink: design.inkColor)
            let second = place(column, margin + tall * 1.14 + signTall / 2)
            layer.stamp(
                sign, centerX: second.x, centerY: second.y, width: signWide, height: signTall,
                isUpsideDown: isUpsideDown, ink: design.inkColor)
        }
    }

    private func paintCenter(_ design: ObjectDesign, _ card: CardDesign, width: Double, height: Double, on layer: Layer)
    {
        let (x, y) = (Self.frame + width / 2, Self.frame + height / 2)
        func stamp(_ mask: Mask, _ tall: Double, widest: Double, _ ink: Ink, dy: Double = 0) {
            let wide = min(tall * mask.aspect, widest * width)
            layer.stamp(mask, centerX: x, centerY: y + dy, width: wide, height: tall, ink: ink)
        }
        let sign = library.symbolMask(design.symbol ?? 0, design.drawing)
        switch card.center {
        case .empty: break
        case .symbol(let share): stamp(sign, share * height, widest: 0.62, design.inkColor)
        case .ornateSymbol(let share):
            stamp(sign, share * height, widest: 0.74, design.inkColor)
            stamp(sign, share * height * 0.55, widest: 0.42, design.groundColor, dy: share * height * 0.04)
            stamp(sign, share * height * 0.34, widest: 0.28, design.inkColor, dy: share * height * 0.04)
            for line in 0..<2 {
                let top = y + (0.5 * share + 0.05 + 0.04 * Double(line)) * height
                layer.fillRoundRectangle(
                    left: x - 0.2 * width, top: top, right: x + 0.2 * width, bottom: top + 0.014 * height, radius: 0.5,
                    ink: design.inkColor, opacity: 190)
            }
        case .pips(let count, let share):
            for pip in Pips.places(of: count) {
                layer.stamp(
                    sign, centerX: Self.frame + pip.x * width, centerY: Self.frame + pip.y * height,
                    width: min(share * height * sign.aspect, 0.25 * width), height: share * height,
                    isUpsideDown: pip.y > 0.52, ink: design.inkColor)
            }
        case .letter(let share, let isFramed):
            if isFramed { paintFrame(design, width: width, height: height, on: layer) }
            let letter = library.masks.glyphs[design.face][design.glyph ?? 0]
            let tall = share * height
            layer.stamp(
                letter, centerX: x, centerY: y, width: min(tall * letter.aspect * design.squeeze, 0.55 * width),
                height: tall, ink: design.inkColor)
        case .court(let figure): paintCourt(design, figure, width: width, height: height, on: layer)
        }
    }

    private func paintFrame(_ design: ObjectDesign, width: Double, height: Double, on layer: Layer) {
        layer.fillRoundRectangle(
            left: Self.frame + 0.23 * width, top: Self.frame + 0.15 * height, right: Self.frame + 0.77 * width,
            bottom: Self.frame + 0.85 * height, radius: 1, line: max(0.008 * height, 0.8), ink: design.inkColor,
            opacity: 220)
    }

    /// A figure in a thin blue or black frame, with the suit in two of its corners.
    private func paintCourt(_ design: ObjectDesign, _ figure: Int, width: Double, height: Double, on layer: Layer) {
        guard let figures = library.courts.figures(ofGlyph: design.glyph ?? 0) else { return }
        let (left, right) = (Self.frame + 0.17 * width, Self.frame + 0.83 * width)
        let (top, bottom) = (Self.frame + 0.09 * height, Self.frame + 0.91 * height)
        let corners = [Place(left, top), Place(right, top), Place(right, bottom), Place(left, bottom)]
        _ = figures[figure % figures.count].withView { layer.place($0, into: corners) }
        layer.fillRoundRectangle(
            left: left - 1, top: top - 1, right: right + 1, bottom: bottom + 1, radius: 1,
            line: max(0.008 * height, 0.9), ink: figure % 3 == 0 ? Ink(30, 30, 36) : Ink(48, 70, 150), opacity: 230)
        let sign = library.symbolMask(design.symbol ?? 0, design.drawing)
        let tall = 0.13 * height
        let wide = min(tall * sign.aspect, 0.26 * width)
        for isUpsideDown in [false, true] {
            let (x, y) = (left + 0.6 * wide, top + 0.6 * tall)
            layer.stamp(
                sign, centerX: isUpsideDown ? 2 * Self.frame + width - x : x,
                centerY: isUpsideDown ? 2 * Self.frame + height - y : y, width: wide, height: tall,
                isUpsideDown: isUpsideDown, ink: design.inkColor)
        }
    }
}

/// Where the signs of a card of a number stand, over its width and height.
enum Pips {
    static func places(of count: Int) -> [SIMD2<Double>] {
        let (left, middle, right) = (0.3, 0.5, 0.7)
        func pair(_ y: Double) -> [SIMD2<Double>] { [SIMD2(left, y), SIMD2(right, y)] }
        let (top, bottom) = (0.19, 0.81)
        switch count {
        case 1: return [SIMD2(middle, 0.5)]
        case 2: return [SIMD2(middle, top), SIMD2(middle, bottom)]
        case 3: return [SIMD2(middle, top), SIMD2(middle, 0.5), SIMD2(middle, bottom)]
        case 4: return pair(top) + pair(bottom)
        case 5: return pair(top) + [SIMD2(middle, 0.5)] + pair(bottom)
        case 6: return pair(top) + pair(0.5) + pair(bottom)
        case 7: return pair(top) + [SIMD2(middle, 0.34)] + pair(0.5) + pair(bottom)
        case 8: return pair(top) + [SIMD2(middle, 0.34)] + pair(0.5) + [SIMD2(middle, 0.66)] + pair(bottom)
        case 9: return [top, 0.397, 0.603, bottom].flatMap(pair) + [SIMD2(middle, 0.5)]
        default: return [top, 0.397, 0.603, bottom].flatMap(pair) + [SIMD2(middle, 0.293), SIMD2(middle, 0.707)]
        }
    }
}
