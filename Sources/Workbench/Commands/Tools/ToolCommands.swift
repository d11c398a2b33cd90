import Console

extension CommandRegistry<CommandContext>.Group {
    /// Single parts of the work, for comparison with other programs.
    static var tools: Self {
        Self(
            "Tools",
            [
                TokenizerEncodeCommand.self, TokenizerDecodeCommand.self, DetectionsParseCommand.self,
                DetectionsFormatCommand.self, ImageInfoCommand.self, ImagePixelsCommand.self,
            ])
    }
}
