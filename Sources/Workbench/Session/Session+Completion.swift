import Console

extension Session {
    /// Completes commands, options and the names that live in this session.
    package var completer: Completer<CommandContext> {
        Completer(
            registry: registry, liveNames: { [unowned self] in liveNames($0) }, aliases: { [unowned self] in aliases },
            folderEntries: { [unowned self] in folderEntries($0, beginning: $1) })
    }

    private func liveNames(_ family: LiveNames) -> [String] {
        switch family {
        case .variables: variables.keys.sorted()
        case .cells: cells.map(\.cell.id)
        case .secrets: secrets.list.map(\.name)
        case .commands: registry.entries.map(\.name)
        case .things: variables.keys.sorted() + workspace.summaries.map(\.name) + ["state"]
        case .aliases: aliases.list.map(\.name)
        case .splits: workspace[DatasetSlot.self] == nil ? SplitName.allowedValues : workspace.names(of: family)
        case .datasets, .checkpoints: workspace.names(of: family) + sampleFolders(family)
        default: workspace.names(of: family)
        }
    }

    /// The sample that a command takes when it is told nothing, where it is there.
    private func sampleFolders(_ family: LiveNames) -> [String] {
        let name = family == .datasets ? SampleFolders.cardsName : SampleFolders.modelName
        let folders = [Paths.join(surroundings.folder, "samples"), surroundings.samples].compactMap { $0 }
        let isThere = folders.contains { FileAccess.isFolder(Paths.join($0, Paths.name(of: name))) }
        return isThere ? [name] : []
    }

    /// What a folder holds; one that cannot be read holds nothing to offer.
    private func folderEntries(
        _ folder: String, beginning: String
    ) -> [Completer<CommandContext>.FolderEntry] {
        let path = Paths.resolve(folder, in: surroundings.folder, home: surroundings.home)
        let entries = (try? FileAccess.entries(in: path, beginning: beginning)) ?? []
        return entries.map { .init(name: $0.name, isFolder: $0.isFolder) }
    }
}

extension LiveNames {
    /// The splits of the data set.
    package static let splits = LiveNames(rawValue: "splits")
    /// The first and the last example of each split, as commands name them: `test[0]`.
    package static let examples = LiveNames(rawValue: "examples")
    /// The names of the data set's classes.
    package static let classLabels = LiveNames(rawValue: "classLabels")
    /// Prompts that ask for the data set's classes.
    package static let prompts = LiveNames(rawValue: "prompts")
    /// Variables, and what is loaded.
    package static let things = LiveNames(rawValue: "things")
    /// Folders of data sets.
    package static let datasets = LiveNames(rawValue: "datasets")
    /// Folders of checkpoints.
    package static let checkpoints = LiveNames(rawValue: "checkpoints")
}
