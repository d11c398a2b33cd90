/// How a terminal shows pictures.
enum PictureProtocol: Equatable {
    /// kitty's graphics protocol.
    case kitty
    /// iTerm2's inline images.
    case iterm
    /// Half-blocks, two pixels a character, in true color.
    case blocks
    /// Not at all.
    case off

    /// The best that a terminal is known for, by its environment alone: asking it would mix with what the user types.
    static func detected(in environment: [String: String]) -> PictureProtocol {
        let term = environment["TERM"] ?? ""
        let program = environment["TERM_PROGRAM"] ?? ""
        if term.isEmpty || term == "dumb" || !(environment["NO_COLOR"] ?? "").isEmpty { return .off }
        let isMultiplexed = environment["TMUX"] != nil || term.hasPrefix("screen") || term.hasPrefix("tmux")
        if !isMultiplexed {
            let isKitty = term == "xterm-kitty" || environment["KITTY_WINDOW_ID"] != nil
            if isKitty || term == "xterm-ghostty" || program == "ghostty" || environment["KONSOLE_VERSION"] != nil {
                return .kitty
            }
            if program == "iTerm.app" || program == "WezTerm" || program == "vscode" { return .iterm }
        }
        let hasColor = ["truecolor", "24bit"].contains(environment["COLORTERM"] ?? "") || term.contains("256color")
        return hasColor ? .blocks : .off
    }
}
