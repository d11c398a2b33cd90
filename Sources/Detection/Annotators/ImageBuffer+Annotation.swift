import Images

extension ImageBuffer {
    /// The picture with boxes and labels drawn on it.
    /// - Parameters:
    ///   - detections: what to draw.
    ///   - style: measures and colors; nil takes supervision's, scaled to the picture's size.
    ///   - labels: what to write, one a detection; nil writes the class names.
    package func annotated(
        with detections: Detections, style: AnnotatorStyle? = nil, labels: [String]? = nil
    ) -> ImageBuffer {
        let style = style ?? AnnotatorStyle().scaled(toWidth: width, height: height)
        let canvas = Canvas(self)
        BoxAnnotator(style: style).annotate(canvas, with: detections)
        LabelAnnotator(style: style).annotate(canvas, with: detections, labels: labels)
        return canvas.makeImage()
    }
}
