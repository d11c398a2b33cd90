import Detection
import Images
import JSON

/// One annotation file of the COCO format.
struct COCOAnnotations {
    /// The pictures, as the file describes them.
    let images: [JSON]
    /// The names of the classes, by category id.
    let classes: [String]
    private let categoryNames: [Int: String]
    private let annotations: [JSON]
    /// The places of each picture's annotations.
    private let places: [Int: [Int]]

    /// Reads a file.
    init(_ bytes: [UInt8]) throws(DatasetError.Problem) {
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: bytes)
        } catch {
            throw .badFile("line \(error.line), column \(error.column): \(error.problem)")
        }
        images = try Self.list("images", of: json)
        annotations = try Self.list("annotations", of: json)
        let categories = try Self.categories(json)
        var places: [Int: [Int]] = [:]
        let imageIDs = Set(images.compactMap { $0["id"]?.integer })
        var usedCategories: Set<Int> = []
        for (place, annotation) in annotations.enumerated() {
            guard let image = annotation["image_id"]?.integer, imageIDs.contains(image) else {
                throw .badField(key: "annotations[\(place)].image_id", expected: "the id of an image in the file")
            }
            places[image, default: []].append(place)
            if let category = annotation["category_id"]?.integer { usedCategories.insert(category) }
        }
        self.places = places
        let groups = Set(categories.compactMap(\.group))
        let named = categories.filter { usedCategories.contains($0.id) || !groups.contains($0.name) }
        classes = named.map(\.name)
        categoryNames = Dictionary(named.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
    }

    /// The file name of a picture.
    func fileName(_ number: Int) throws(DatasetError.Problem) -> String {
        guard let name = images[number]["file_name"]?.string else {
            throw .badField(key: "images[\(number)].file_name", expected: "a string")
        }
        return name
    }

    /// The boxes of a picture, in pixels; the size that the file states must be the picture's own.
    func detections(_ number: Int, size: ImageHeader) throws(DatasetError.Problem) -> Detections {
        let image = images[number]
        guard let id = image["id"]?.integer else {
            throw .badField(key: "images[\(number)].id", expected: "a whole number")
        }
        for (key, pixels) in [("width", size.width), ("height", size.height)] where image[key]?.integer != pixels {
            throw .badField(key: "images[\(number)].\(key)", expected: "\(pixels), as the picture itself says")
        }
        var boxes: [Box] = []
        var names: [String] = []
        for place in places[id] ?? [] {
            let annotation = annotations[place]
            guard let name = annotation["category_id"]?.integer.flatMap({ categoryNames[$0] }) else {
                throw .badField(
                    key: "annotations[\(place)].category_id", expected: "the id of a category in the file")
            }
            guard let corner = annotation["bbox"]?.array?.compactMap(\.double), corner.count == 4,
                corner.allSatisfy(\.isFinite)
            else {
                throw .badField(key: "annotations[\(place)].bbox", expected: "4 numbers: x, y, width and height")
            }
            boxes.append(
                Box(xMin: corner[0], yMin: corner[1], xMax: corner[0] + corner[2], yMax: corner[1] + corner[3]))
            names.append(name)
        }
        return Detections(boxes: boxes, classIDs: names.map { _ in nil }, classNames: names)
    }

    private static func list(_ key: String, of json: JSON) throws(DatasetError.Problem) -> [JSON] {
        guard let list = json[key]?.array else { throw .badField(key: key, expected: "an array") }
        return list
    }

    /// Categories in the order of their ids, each with the category that groups it.
    private static func categories(
        _ json: JSON
    ) throws(DatasetError.Problem) -> [(id: Int, name: String, group: String?)] {
        var categories: [(id: Int, name: String, group: String?)] = []
        for (place, category) in try list("categories", of: json).enumerated() {
            guard let id = category["id"]?.integer, let name = category["name"]?.string else {
                throw .badField(key: "categories[\(place)]", expected: "an object with id and name")
            }
            let group = category["supercategory"]?.string
            categories.append((id, name, group == name ? nil : group))
        }
        return categories.sorted { $0.id < $1.id }
    }
}
