extension Int {
    /// The number with a noun in the form that goes with it: `1 image`, `25 images`.
    func counting(_ noun: String, plural: String? = nil) -> String {
        self == 1 ? "1 \(noun)" : "\(grouped) \(plural ?? noun + "s")"
    }
}
