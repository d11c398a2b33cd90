import Workbench

/// How a terminal shows pictures.
enum PictureProtocol: Equatable {
    /// kitty's graphics protocol.
    case kitty
    /// iTerm2's inline images.
    case iterm
    /// DEC's sixels.
    case sixel
    /// Half-blocks, two pixels a character, in true color.
    case blocks
    /// Half-blocks in the 256 colors of xterm.
    case coarseBlocks
    /// Not at all.
    case off

    /// The best that a terminal is known for, by its environment alone: asking it would mix with what the user types.
    ///
    /// Inside tmux and screen it is half-blocks: what the terminal around them can show is not known there.
    static func detected(in environment: [String: String]) -> PictureProtocol {
        let term = environment["TERM"] ?? ""
        if term.isEmpty || term == "dumb" || !(environment["NO_COLOR"] ?? "").isEmpty { return .off }
        let isMultiplexed = environment["TMUX"] != nil || term.hasPrefix("screen") || term.hasPrefix("tmux")
        if !isMultiplexed, let own = ownProtocol(term, environment) { return own }
        return hasTrueColor(environment) ? .blocks : term.contains("256color") ? .coarseBlocks : .off
    }

    /// Half-blocks in the colors that a terminal is known for.
    static func blocks(in environment: [String: String]) -> PictureProtocol {
        hasTrueColor(environment) ? .blocks : .coarseBlocks
    }

    /// Terminals with a protocol for pictures, from their manuals.
    private static func ownProtocol(_ term: String, _ environment: [String: String]) -> PictureProtocol? {
        switch environment["TERM_PROGRAM"] ?? "" {
        case "ghostty": return .kitty
        case "iTerm.app", "WezTerm", "vscode": return .iterm
        default: break
        }
        if term == "xterm-kitty" || term == "xterm-ghostty" || environment["KITTY_WINDOW_ID"] != nil { return .kitty }
        if let version = environment["KONSOLE_VERSION"].flatMap(Int.init), version >= 220_400 { return .kitty }
        let isSixel =
            term == "foot" || term.hasPrefix("foot-") || term.hasPrefix("mlterm") || environment["MLTERM"] != nil
        return isSixel ? .sixel : nil
    }

    /// tmux takes true colors whatever is around it, and says so in no variable.
    private static func hasTrueColor(_ environment: [String: String]) -> Bool {
        ["truecolor", "24bit"].contains(environment["COLORTERM"] ?? "") || environment["TMUX"] != nil
    }
}

extension SessionSettings.Pictures {
    /// How to show pictures in a terminal with this environment.
    func way(in environment: [String: String]) -> PictureProtocol {
        switch self {
        case .auto: PictureProtocol.detected(in: environment)
        case .kitty: .kitty
        case .iterm: .iterm
        case .sixel: .sixel
        case .blocks: PictureProtocol.blocks(in: environment)
        case .off: .off
        }
    }
}
