import Console
import Detection
import Images

extension CommandContext {
    /// Saves a picture under the cell's next name.
    ///
    /// - Parameter boxes: what is drawn in it, for exact comparison.
    func save(_ image: ImageBuffer, alt: String, boxes: [ImageOutput.Box] = []) throws -> ImageOutput {
        let (path, shown) = try nextPicturePath()
        try image.write(toPNG: path)
        return ImageOutput(
            path: shown, width: image.width, height: image.height, digest: image.pixelDigest, alt: alt, boxes: boxes)
    }
}

extension Detections {
    /// The boxes as a picture's manifest lists them.
    var manifest: [ImageOutput.Box] {
        zip(boxes, classNames).map { box, name in
            ImageOutput.Box(label: name, corners: [box.xMin, box.yMin, box.xMax, box.yMax])
        }
    }
}
