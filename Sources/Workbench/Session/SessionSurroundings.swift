import Console

/// What a session needs from outside, handed in by its front end.
package struct SessionSurroundings {
    /// Seconds of a clock that never goes back.
    package var now: () -> Double
    /// The date and time of day, written out.
    package var date: () -> String
    /// Seconds since 1970.
    package var wallTime: () -> Double = { 0 }
    /// The folder that relative paths start from.
    package var folder: String
    /// The folder that pictures are written to, and how outputs name it.
    package var assets: AssetFolder
    /// The user's folder for caches and secrets; nil when there is none.
    package var home: String?
    /// The folder of the samples that come with the program; nil where there is none.
    package var samples: String?
    /// The GPUs of the machine.
    package var gpus = GPUInventory(nil)
    /// Environment variables that commands may ask for by name.
    package var environment: [String: String]
    /// Asks the user for a secret without showing it; nil where nobody can be asked.
    package var askSecret: ((_ prompt: String) -> String?)?
    /// Takes outputs as they come; progress too.
    package var receive: (Output) -> Void

    /// Makes surroundings; the defaults are those of a test: a clock that stands still and nothing shown.
    package init(
        folder: String, assets: AssetFolder, now: @escaping () -> Double = { 0 },
        date: @escaping () -> String = { "1970-01-01 00:00:00" }, home: String? = nil, samples: String? = nil,
        environment: [String: String] = [:], receive: @escaping (Output) -> Void = { _ in }
    ) {
        self.folder = folder
        self.assets = assets
        self.now = now
        self.date = date
        self.home = home
        self.samples = samples
        self.environment = environment
        self.receive = receive
    }
}

extension SessionSurroundings {
    /// Where a picture of an output is: outputs name it as the session file does.
    package func path(of image: ImageOutput) -> String {
        Paths.folder(of: image.path) == assets.shownAs
            ? Paths.join(assets.path, Paths.name(of: image.path)) : Paths.resolve(image.path, in: folder, home: home)
    }
}

/// A folder for pictures.
package struct AssetFolder: Sendable, Equatable {
    /// Where files are written.
    package var path: String
    /// How outputs name the folder: a session file names it relative to itself.
    package var shownAs: String

    /// Makes a folder, shown by its path unless told otherwise.
    package init(path: String, shownAs: String? = nil) {
        self.path = path
        self.shownAs = shownAs ?? path
    }
}
