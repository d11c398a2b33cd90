import CCanvas

extension Canvas {
    /// Fills a rectangle with one color.
    package func fillRectangle(x: Double, y: Double, width: Double, height: Double, color: Color) {
        fillRectangle(x: x, y: y, width: width, height: height, paint: .color(color))
    }

    /// Fills a rectangle with a color or gradient.
    package func fillRectangle(x: Double, y: Double, width: Double, height: Double, paint: Paint) {
        addRectangle(x: x, y: y, width: width, height: height)
        fill(paint)
    }

    /// Draws a rectangle's outline; the line lies half inside and half outside, with sharp corners.
    package func strokeRectangle(
        x: Double, y: Double, width: Double, height: Double, color: Color, lineWidth: Double
    ) {
        addRectangle(x: x, y: y, width: width, height: height)
        stroke(color, lineWidth: lineWidth, roundEnds: false)
    }

    /// Fills a rectangle with round corners; the radius is at most half the shorter side.
    package func fillRoundedRectangle(
        x: Double, y: Double, width: Double, height: Double, radius: Double, color: Color
    ) {
        fillRoundedRectangle(x: x, y: y, width: width, height: height, radius: radius, paint: .color(color))
    }

    /// Fills a rectangle with round corners with a color or gradient.
    package func fillRoundedRectangle(
        x: Double, y: Double, width: Double, height: Double, radius: Double, paint: Paint
    ) {
        addRoundedRectangle(x: x, y: y, width: width, height: height, radius: radius)
        fill(paint)
    }

    /// Draws the outline of a rectangle with round corners.
    package func strokeRoundedRectangle(
        x: Double, y: Double, width: Double, height: Double, radius: Double, color: Color, lineWidth: Double
    ) {
        addRoundedRectangle(x: x, y: y, width: width, height: height, radius: radius)
        stroke(color, lineWidth: lineWidth, roundEnds: false)
    }

    /// Draws a straight line with flat ends.
    package func strokeLine(x1: Double, y1: Double, x2: Double, y2: Double, color: Color, lineWidth: Double) {
        addPolyline([Point(x: x1, y: y1), Point(x: x2, y: y2)])
        stroke(color, lineWidth: lineWidth, roundEnds: false)
    }

    /// Draws a line through places in turn, with round corners and ends.
    package func strokePolyline(_ points: [Point], color: Color, lineWidth: Double) {
        addPolyline(points)
        stroke(color, lineWidth: lineWidth, roundEnds: true)
    }

    /// Draws a closed outline through places in turn.
    package func strokePolygon(_ points: [Point], color: Color, lineWidth: Double) {
        addPolyline(points)
        ccanvas_close(surface)
        stroke(color, lineWidth: lineWidth, roundEnds: true)
    }

    /// Fills the area that places in turn enclose.
    package func fillPolygon(_ points: [Point], color: Color) {
        fillPolygon(points, paint: .color(color))
    }

    /// Fills the area that places in turn enclose with a color or gradient.
    package func fillPolygon(_ points: [Point], paint: Paint) {
        addPolyline(points)
        fill(paint)
    }

    /// Fills a disc.
    package func fillCircle(x: Double, y: Double, radius: Double, color: Color) {
        fillCircle(x: x, y: y, radius: radius, paint: .color(color))
    }

    /// Fills a disc with a color or gradient.
    package func fillCircle(x: Double, y: Double, radius: Double, paint: Paint) {
        addCircle(x: x, y: y, radius: radius)
        fill(paint)
    }

    /// Draws a circle.
    package func strokeCircle(x: Double, y: Double, radius: Double, color: Color, lineWidth: Double) {
        addCircle(x: x, y: y, radius: radius)
        stroke(color, lineWidth: lineWidth, roundEnds: false)
    }

    /// Draws a picture into a rectangle; it is resampled as Pillow would where it is not turned.
    package func drawImage(_ image: ImageBuffer, x: Double, y: Double, width: Double, height: Double) {
        let corners = [Point(x: x, y: y), Point(x: x + width, y: y + height)]
        guard width > 0, height > 0, corners.allSatisfy(\.isDrawable) else { return }
        var scale = Point(x: 1, y: 1)
        ccanvas_scale(surface, &scale.x, &scale.y)
        // The surface interpolates between neighbours only, which would flicker when a picture shrinks.
        let fitted = image.resized(
            width: Self.sideOnSurface(width * scale.x), height: Self.sideOnSurface(height * scale.y), filter: .bicubic)
        let drawn = ccanvas_draw_pixels(
            surface, fitted.pixels, Int32(fitted.width), Int32(fitted.height), x, y, width, height)
        precondition(drawn, "no memory for a picture of \(fitted.width)x\(fitted.height) pixels on a canvas")
    }

    /// Draws a picture centered on a place and turned about it, clockwise by radians.
    package func drawImage(
        _ image: ImageBuffer, centeredAtX x: Double, y: Double, width: Double, height: Double, rotation: Double
    ) {
        withTransform(x: x, y: y, rotation: rotation) {
            drawImage(image, x: -width / 2, y: -height / 2, width: width, height: height)
        }
    }

    private static func sideOnSurface(_ length: Double) -> Int {
        Int(min(max(length.rounded(), 1), Double(longestSide)))
    }
}

extension Canvas {
    func addRectangle(x: Double, y: Double, width: Double, height: Double) {
        addPolyline([
            Point(x: x, y: y), Point(x: x + width, y: y), Point(x: x + width, y: y + height),
            Point(x: x, y: y + height),
        ])
        ccanvas_close(surface)
    }

    func fill(_ paint: Paint) {
        choose(paint)
        ccanvas_fill(surface)
    }

    private func addRoundedRectangle(x: Double, y: Double, width: Double, height: Double, radius: Double) {
        let corners = [Point(x: x, y: y), Point(x: x + width, y: y + height)]
        guard corners.allSatisfy(\.isDrawable), radius.isFinite else { return }
        let r = max(min(radius, width / 2, height / 2), 0)
        let quarter = Double.pi / 2
        let (left, right, top, bottom) = (x + r, x + width - r, y + r, y + height - r)
        for (index, corner) in [(right, top), (right, bottom), (left, bottom), (left, top)].enumerated() {
            let start = Double(index - 1) * quarter
            ccanvas_arc(surface, corner.0, corner.1, r, start, start + quarter)
        }
        ccanvas_close(surface)
    }

    private func addPolyline(_ points: [Point]) {
        guard let first = points.first, points.allSatisfy(\.isDrawable) else { return }
        ccanvas_move(surface, first.x, first.y)
        for point in points.dropFirst() { ccanvas_line(surface, point.x, point.y) }
    }

    private func addCircle(x: Double, y: Double, radius: Double) {
        guard Point(x: x, y: y).isDrawable, Point(x: radius, y: 0).isDrawable else { return }
        ccanvas_arc(surface, x, y, max(radius, 0), 0, 2 * Double.pi)
        ccanvas_close(surface)
    }

    private func stroke(_ color: Color, lineWidth: Double, roundEnds: Bool) {
        choose(.color(color))
        // A width of zero draws nothing, but uses the path up.
        let isDrawable = Point(x: lineWidth, y: 0).isDrawable && lineWidth > 0
        ccanvas_stroke(surface, isDrawable ? lineWidth : 0, roundEnds)
    }

    private func choose(_ paint: Paint) {
        switch paint {
        case .color(let color): ccanvas_set_color(surface, ccanvas_color(color))
        case .linear(let from, let to, let stops):
            let stops = stops.map { ccanvas_stop(offset: $0.offset, color: ccanvas_color($0.color)) }
            ccanvas_set_linear(surface, from.x, from.y, to.x, to.y, stops, stops.count)
        case .radial(let center, let radius, let stops):
            let stops = stops.map { ccanvas_stop(offset: $0.offset, color: ccanvas_color($0.color)) }
            ccanvas_set_radial(surface, center.x, center.y, radius, stops, stops.count)
        }
    }
}

extension ccanvas_color {
    fileprivate init(_ color: Color) {
        self.init(
            red: Double(color.red) / 255, green: Double(color.green) / 255, blue: Double(color.blue) / 255,
            alpha: Double(color.alpha) / 255)
    }
}
