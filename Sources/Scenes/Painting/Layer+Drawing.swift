import CScenes

extension Layer {
    /// Fills all of it.
    func clear(_ ink: Ink, alpha: UInt8 = 255) { cscenes_clear(view, ink.bytes, alpha) }

    /// Fills all of it with an opaque layer, whose corners come to lie at four corners of a parallelogram.
    func lay(_ source: cscenes_layer, into corners: [Place], gain: Double) {
        let toSource = PlaneMap(squareTo: corners).inverse
        guard let map = toSource.view(width: Double(source.width), height: Double(source.height)) else { return }
        cscenes_lay(view, source, map, Int32(min(max(gain, 0), 16) * 256))
    }

    /// Lays another layer into a quadrilateral of this one; returns the pixels that it covers, or nil if there are none.
    ///
    /// - Parameters:
    ///   - gain: multiplies the layer's colors.
    ///   - owner: what is noted in the fourth byte, or -1 to leave it.
    @discardableResult
    func place(_ source: cscenes_layer, into corners: [Place], gain: Double = 1, owner: Int = -1) -> cscenes_box? {
        let toSource = PlaneMap(squareTo: corners).inverse
        guard let map = toSource.view(width: Double(source.width), height: Double(source.height)) else { return nil }
        let box = cscenes_place(
            view, source, map, cscenes_box(around: corners), Int32(min(max(gain, 0), 16) * 256), Int32(owner))
        return box.left < box.right ? box : nil
    }

    /// Colors what a mask covers, upright or turned half way, in a rectangle around a center.
    func stamp(
        _ mask: Mask, centerX: Double, centerY: Double, width: Double, height: Double, isUpsideDown: Bool = false,
        shear: Double = 0, ink: Ink, opacity: Int = 256
    ) {
        let (x, y) = (isUpsideDown ? -width / 2 : width / 2, isUpsideDown ? -height / 2 : height / 2)
        let center = Place(centerX, centerY)
        let lean = Place(shear * y, 0)
        stamp(
            mask,
            into: [
                center + Place(-x, -y) + lean, center + Place(x, -y) + lean, center + Place(x, y) - lean,
                center + Place(-x, y) - lean,
            ], height: height, ink: ink, opacity: opacity)
    }

    /// Colors what a mask covers in a quadrilateral that is about `height` pixels high.
    func stamp(_ mask: Mask, into corners: [Place], height: Double, ink: Ink, opacity: Int = 256) {
        let toMask = PlaneMap(squareTo: corners).inverse
        mask.withView(height: height) { level in
            guard let map = toMask.view(width: Double(level.width), height: Double(level.height)) else { return }
            cscenes_stamp(view, level, map, cscenes_box(around: corners), ink.bytes, Int32(opacity))
        }
    }

    /// Fills a rectangle with round corners, or draws its outline of width `line` inside of it.
    func fillRoundRectangle(
        left: Double, top: Double, right: Double, bottom: Double, radius: Double, line: Double = 0, ink: Ink,
        opacity: Int = 256
    ) {
        cscenes_round_rectangle(
            view, Float(left), Float(top), Float(right), Float(bottom), Float(radius), Float(line), ink.bytes,
            Int32(opacity))
    }

    /// Fills a convex polygon, whose corners go clockwise.
    func fillPolygon(_ corners: [Place], ink: Ink, opacity: Int = 255, owner: Int = -1) {
        cscenes_polygon(
            view, corners.map(cscenes_point.init), Int32(corners.count), ink.bytes, Int32(opacity), Int32(owner))
    }

    /// Multiplies what a convex polygon covers by gains; its edge is `softness` pixels wide on either side.
    func shade(_ corners: [Place], softness: Double, red: Double, green: Double, blue: Double) {
        cscenes_shade(
            view, corners.map(cscenes_point.init), Int32(corners.count), Float(softness), Float(red), Float(green),
            Float(blue))
    }

    /// Draws a round-ended stroke; `roundness` darkens its sides.
    func stroke(
        from begin: Place, to end: Place, radius: Double, endRadius: Double? = nil, ink: Ink, roundness: Double = 0,
        opacity: Int = 255, owner: Int = -1
    ) {
        cscenes_stroke(
            view, cscenes_point(begin), cscenes_point(end), Float(radius), Float(endRadius ?? radius), ink.bytes,
            Float(roundness), Int32(opacity), Int32(owner))
    }

    /// Mixes an ellipse of color in, densest in its middle.
    func glow(center: Place, across: Double, down: Double, ink: Ink, strength: Double) {
        cscenes_glow(view, cscenes_point(center), Float(across), Float(down), ink.bytes, Float(strength))
    }
}
