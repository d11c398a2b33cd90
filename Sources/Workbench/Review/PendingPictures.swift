import Hub
import Images

/// The pictures of a replay, in the asset folder's name with `.new`.
struct PendingPictures {
    private let opened: OpenedSession
    private let secrets: SecretStore

    init(_ opened: OpenedSession, _ secrets: SecretStore) {
        self.opened = opened
        self.secrets = secrets
    }

    /// Where a recorded picture lies.
    func recordedPath(_ reference: PictureReference) -> String { Paths.resolve(reference.path, in: opened.folder) }

    /// Where the replay's picture of that name lies.
    func newPath(_ reference: PictureReference) -> String {
        Paths.join(opened.newAssetsFolder, Paths.name(of: reference.path))
    }

    /// Puts a change's new pictures in their places.
    func accept(_ change: PendingReview.Change) throws {
        for reference in change.new.pictures {
            let (place, new) = (recordedPath(reference), newPath(reference))
            if holds(new, reference) {
                try SessionPlace.write(try FileAccess.read(new), to: place, secrets: secrets)
                try FileAccess.remove(new)
            } else if !holds(place, reference) {
                throw ReviewError.pictureGone(path: Paths.join(opened.assetsName + ".new", Paths.name(of: new)))
            }
        }
    }

    /// Removes the pictures of a change that was turned down.
    func reject(_ change: PendingReview.Change) throws {
        for reference in change.new.pictures { try FileAccess.remove(newPath(reference)) }
    }

    /// Removes pictures of a cell of before that the file does not name any more.
    func removeUnused(of old: SessionCell) throws {
        let text = opened.file.text
        for reference in old.pictures where !text.contains("](\(reference.path)") {
            let path = Paths.normalized(recordedPath(reference))
            guard path.hasPrefix(Paths.normalized(opened.assetsFolder) + "/") else { continue }
            try FileAccess.remove(path)
        }
    }

    /// Recorded and new picture next to each other, with their difference where they have one size, saved among the new
    /// pictures.
    /// - Returns: the file's path; nil when a picture cannot be read, as when one is only of today.
    func sideBySide(_ old: PictureReference, _ new: PictureReference) throws -> String? {
        guard let before = try? ImageBuffer(contentsOf: recordedPath(old)),
            let after = try? ImageBuffer(contentsOf: newPath(new))
        else { return nil }
        var grid = ImageGrid(
            images: [before, after], titles: ["recorded", "now"], rows: 1, columns: 2,
            cellWidth: max(before.width, after.width), cellHeight: max(before.height, after.height))
        if let difference = before.difference(to: after) {
            grid.images.append(difference)
            grid.titles.append("difference")
            grid.columns = 3
        }
        let name = Paths.name(of: new.path)
        let stem = name.hasSuffix(".png") ? String(name.dropLast(4)) : name
        let path = Paths.join(opened.newAssetsFolder, stem + ".beside.png")
        try grid.makeImage().write(toPNG: path)
        return path
    }

    private func holds(_ path: String, _ reference: PictureReference) -> Bool {
        guard let image = try? ImageBuffer(contentsOf: path) else { return false }
        return image.pixelDigest.hasPrefix(reference.digest)
    }
}

extension SessionCell {
    /// The pictures that the cell showed.
    var pictures: [PictureReference] {
        outputs.compactMap { block in
            if case .picture(let reference, _) = block { return reference }
            return nil
        }
    }
}

extension ImageBuffer {
    /// What differs between two pictures of one size, eight times as strong, dark on white.
    fileprivate func difference(to other: ImageBuffer) -> ImageBuffer? {
        guard width == other.width, height == other.height else { return nil }
        var result = self
        result.pixels = zip(pixels, other.pixels).map { UInt8(255 - min(255, 8 * abs(Int($0) - Int($1)))) }
        return result
    }
}
