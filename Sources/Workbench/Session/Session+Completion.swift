import Console

extension Session {
    /// Completes commands, options and the names that live in this session.
    package var completer: Completer<CommandContext> {
        Completer(
            registry: registry, liveNames: { [unowned self] in liveNames($0) },
            folderEntries: { [unowned self] in folderEntries($0) })
    }

    private func liveNames(_ family: LiveNames) -> [String] {
        switch family {
        case .variables: variables.keys.sorted()
        case .cells: cells.map(\.cell.id)
        case .secrets: secrets.list.map(\.name)
        case .commands: registry.entries.map(\.name)
        default: workspace.names(of: family)
        }
    }

    /// What a folder holds; one that cannot be read holds nothing to offer.
    private func folderEntries(_ folder: String) -> [Completer<CommandContext>.FolderEntry] {
        let path = Paths.resolve(folder, in: surroundings.folder, home: surroundings.home)
        let names = (try? FileAccess.names(in: path)) ?? []
        return names.map { .init(name: $0, isFolder: FileAccess.isFolder(Paths.join(path, $0))) }
    }
}
