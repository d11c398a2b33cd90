import CCanvas
import Glibc

extension Canvas {
    /// An affine map of coordinates: `(x, y)` goes to `(xx x + xy y + x0, yx x + yy y + y0)`.
    package struct Transform: Sendable, Hashable {
        /// How much x adds to x.
        package var xx: Double
        /// How much x adds to y.
        package var yx: Double
        /// How much y adds to x.
        package var xy: Double
        /// How much y adds to y.
        package var yy: Double
        /// Where the origin goes, across.
        package var x0: Double
        /// Where the origin goes, down.
        package var y0: Double

        /// Makes a map of its six numbers.
        package init(xx: Double, yx: Double, xy: Double, yy: Double, x0: Double, y0: Double) {
            self.xx = xx
            self.yx = yx
            self.xy = xy
            self.yy = yy
            self.x0 = x0
            self.y0 = y0
        }

        /// Leaves everything where it is.
        package static let identity = Transform(xx: 1, yx: 0, xy: 0, yy: 1, x0: 0, y0: 0)

        /// Moves.
        package static func translation(x: Double, y: Double) -> Transform {
            Transform(xx: 1, yx: 0, xy: 0, yy: 1, x0: x, y0: y)
        }

        /// Turns about the origin, clockwise as seen, by radians.
        package static func rotation(_ angle: Double) -> Transform {
            Transform(xx: cos(angle), yx: sin(angle), xy: -sin(angle), yy: cos(angle), x0: 0, y0: 0)
        }

        /// Stretches from the origin.
        package static func scale(x: Double, y: Double) -> Transform {
            Transform(xx: x, yx: 0, xy: 0, yy: y, x0: 0, y0: 0)
        }

        /// The map that does `inner` first, then this one.
        package func after(_ inner: Transform) -> Transform {
            let origin = apply(to: Point(x: inner.x0, y: inner.y0))
            return Transform(
                xx: xx * inner.xx + xy * inner.yx, yx: yx * inner.xx + yy * inner.yx,
                xy: xx * inner.xy + xy * inner.yy, yy: yx * inner.xy + yy * inner.yy, x0: origin.x, y0: origin.y)
        }

        /// Where a place goes.
        package func apply(to point: Point) -> Point {
            Point(x: xx * point.x + xy * point.y + x0, y: yx * point.x + yy * point.y + y0)
        }

        /// Whether the map can be undone; another one would leave nothing to draw on.
        var isUsable: Bool {
            let determinant = xx * yy - xy * yx
            return determinant.isFinite && abs(determinant) > 1e-12 && Point(x: x0, y: y0).isDrawable
        }
    }

    /// Draws in coordinates that `transform` maps to the present ones; a map to a line or a point draws nothing.
    package func withTransform<Failure: Error>(
        _ transform: Transform, _ body: () throws(Failure) -> Void
    ) throws(Failure) {
        guard transform.isUsable else { return }
        ccanvas_save(surface)
        defer { ccanvas_restore(surface) }
        apply(transform)
        try body()
    }

    /// Draws moved, then turned, then scaled: `body`'s origin comes to lie at (x, y).
    package func withTransform<Failure: Error>(
        x: Double, y: Double, rotation: Double = 0, scale: Double = 1, _ body: () throws(Failure) -> Void
    ) throws(Failure) {
        let turned = Transform.rotation(rotation).after(.scale(x: scale, y: scale))
        try withTransform(Transform.translation(x: x, y: y).after(turned), body)
    }

    /// Draws only what falls inside a rectangle.
    package func withClip<Failure: Error>(
        x: Double, y: Double, width: Double, height: Double, _ body: () throws(Failure) -> Void
    ) throws(Failure) {
        ccanvas_save(surface)
        defer { ccanvas_restore(surface) }
        addRectangle(x: x, y: y, width: width, height: height)
        ccanvas_clip(surface)
        try body()
    }

    func apply(_ transform: Transform) {
        ccanvas_transform(
            surface, transform.xx, transform.yx, transform.xy, transform.yy, transform.x0, transform.y0)
    }
}
