import Console
import Hub

/// Pictures that were downloaded for one command, in a folder that goes with this object.
final class DownloadedPictures {
    private let folder: TemporaryFolder
    private let downloader: Downloader
    private var paths: [String: String] = [:]

    /// Opens libcurl and makes the folder.
    init(_ context: CommandContext) throws {
        let environment = context.session.surroundings.environment
        downloader = try Downloader(
            DownloadRoute(userAgent: "palinote/\(Program.version)", environment: environment), .pictures)
        folder = try TemporaryFolder(environment)
    }

    deinit { folder.remove() }

    /// Where the picture of an address lies, downloaded if it was not yet.
    func path(of address: String, _ context: CommandContext) throws -> String {
        if let path = paths[address] { return path }
        let (start, interrupt) = (context.now(), context.interrupt)
        let done = paths.count
        context.report(Progress(label: "download", completed: done, total: done + 1, elapsed: 0))
        let download = try downloader.download(
            address, to: Paths.join(folder.path, "\(done)"), shouldStop: { interrupt.isRequested })
        context.report(
            Progress(
                label: "download", completed: done + 1, total: done + 1,
                facts: "\(.memory(download.byteCount))", elapsed: context.now() - start, isFinished: true))
        paths[address] = download.path
        return download.path
    }
}
