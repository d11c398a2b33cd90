/// The looks that all charts share.
enum ChartStyle {
    /// Titles and numbers.
    static let ink = Color(rgb: 0x24292f)
    /// Axis names and tick labels.
    static let quietInk = Color(rgb: 0x57606a)
    /// Axes and frames.
    static let line = Color(rgb: 0x8c959f)
    /// Grid lines.
    static let grid = Color(rgb: 0xe4e7eb)
    /// What everything lies on.
    static let paper = Color.white

    /// Sizes in pixels of titles, axis names and tick labels.
    static let (titleSize, labelSize, tickSize) = (18.0, 14.0, 12.0)

    /// Colors of series, told apart with the common kinds of color blindness too (Okabe and Ito, 2008).
    static let seriesColors: [Color] = [
        Color(rgb: 0x0072b2), Color(rgb: 0xd55e00), Color(rgb: 0x009e73), Color(rgb: 0xcc79a7), Color(rgb: 0xe69f00),
        Color(rgb: 0x56b4e9), Color(rgb: 0x7f7f7f), Color(rgb: 0x000000),
    ]

    /// The weakest and the strongest color of a heat map.
    static let heat = (low: Color(rgb: 0xf7fbff), middle: Color(rgb: 0x6baed6), high: Color(rgb: 0x08306b))
}
