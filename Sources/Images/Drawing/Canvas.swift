import CCanvas

/// A picture being drawn on.
///
/// Coordinates are pixels in `Double`, the origin is the top left corner, y grows downwards; a pixel's center lies at
/// one half. Angles are radians, clockwise. Edges are antialiased in grey; text uses the program's own fonts. Nothing
/// depends on the machine's settings, so the same calls give the same pixels.
///
/// A canvas belongs to one thread.
package final class Canvas {
    /// Columns of the coordinate system.
    package let width: Int

    /// Rows of the coordinate system.
    package let height: Int

    /// The longest side that the surface can have; a longer picture is drawn on in a smaller size.
    package static let longestSide = 32767

    let surface: OpaquePointer
    private let surfaceWidth: Int
    private let surfaceHeight: Int

    /// Begins with a picture.
    ///
    /// A side above `longestSide` is scaled down to that on the surface; coordinates stay the picture's own.
    package init(_ image: ImageBuffer) {
        width = image.width
        height = image.height
        surfaceWidth = min(image.width, Self.longestSide)
        surfaceHeight = min(image.height, Self.longestSide)
        surface = Self.makeSurface(width: surfaceWidth, height: surfaceHeight)
        ccanvas_put_pixels(surface, image.resized(width: surfaceWidth, height: surfaceHeight, filter: .box).pixels)
        scaleToSurface()
    }

    /// Begins with one color, laid over white where it is transparent; both sides must be positive.
    package init(width: Int, height: Int, background: Color = .white) {
        precondition(width > 0 && height > 0, "a canvas has at least one pixel")
        self.width = width
        self.height = height
        surfaceWidth = min(width, Self.longestSide)
        surfaceHeight = min(height, Self.longestSide)
        surface = Self.makeSurface(width: surfaceWidth, height: surfaceHeight)
        scaleToSurface()
        fillRectangle(x: 0, y: 0, width: Double(width), height: Double(height), color: .white)
        fillRectangle(x: 0, y: 0, width: Double(width), height: Double(height), color: background)
    }

    deinit {
        ccanvas_destroy(surface)
    }

    /// What has been drawn so far.
    package func makeImage() -> ImageBuffer {
        let count = surfaceWidth * surfaceHeight * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            ccanvas_get_pixels(surface, buffer.baseAddress)
            filled = count
        }
        return ImageBuffer(width: surfaceWidth, height: surfaceHeight, trusted: pixels)
    }

    private static func makeSurface(width: Int, height: Int) -> OpaquePointer {
        guard let surface = ccanvas_create(Int32(width), Int32(height)) else {
            preconditionFailure("no memory for a canvas of \(width)x\(height) pixels")
        }
        return surface
    }

    private func scaleToSurface() {
        if (surfaceWidth, surfaceHeight) == (width, height) { return }
        let scale = Transform.scale(
            x: Double(surfaceWidth) / Double(width), y: Double(surfaceHeight) / Double(height))
        apply(scale)
    }
}

extension Canvas {
    /// A place on a canvas.
    package struct Point: Sendable, Hashable {
        /// Pixels from the left.
        package var x: Double
        /// Pixels from the top.
        package var y: Double

        /// Makes a place.
        package init(x: Double, y: Double) {
            self.x = x
            self.y = y
        }

        /// Whether both numbers are finite, and no further away than the surface's fixed-point numbers reach.
        var isDrawable: Bool { abs(x) <= 1e6 && abs(y) <= 1e6 }
    }

    /// What an area is filled with.
    package enum Paint: Sendable, Hashable {
        /// One color.
        case color(Color)
        /// Colors along a line from one place to another, and on beyond both.
        case linear(from: Point, to: Point, stops: [Stop])
        /// Colors from a center outwards.
        case radial(center: Point, radius: Double, stops: [Stop])

        /// A color at a place from 0 to 1 along a gradient.
        package struct Stop: Sendable, Hashable {
            /// From 0, the beginning, to 1, the end.
            package var offset: Double
            /// The color there.
            package var color: Color

            /// Makes a stop.
            package init(_ offset: Double, _ color: Color) {
                self.offset = offset
                self.color = color
            }
        }
    }
}
