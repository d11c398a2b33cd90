import Checkpoints
import JSON
import Models

/// preprocessor_config.json as PaliGemma's checkpoints have it.
enum PreprocessorFile {
    static func write(imageSize: Int, to folder: String) throws {
        let side = JSON.integer(Int64(imageSize))
        let patches = JSON.integer(Int64(imageSize / 14) * Int64(imageSize / 14))
        let value: JSON = [
            "do_convert_rgb": nil, "do_normalize": true, "do_rescale": true, "do_resize": true,
            "image_mean": [0.5, 0.5, 0.5], "image_processor_type": "SiglipImageProcessor", "image_seq_length": patches,
            "image_std": [0.5, 0.5, 0.5], "processor_class": "PaliGemmaProcessor", "resample": 3,
            "rescale_factor": 0.00392156862745098, "size": ["height": side, "width": side],
        ]
        try AtomicFile.write(value.text(.pretty) + "\n", to: Paths.join(folder, "preprocessor_config.json"))
    }

    /// Gives the file in a folder, if there is one, the resolution of a model.
    static func follow(_ configuration: PaliGemmaConfiguration, in folder: String) throws {
        let file = Paths.join(folder, "preprocessor_config.json")
        guard FileAccess.exists(file), case .object(var value) = try JSON(parsing: FileAccess.read(file), name: file)
        else { return }
        let side = JSON.integer(Int64(configuration.vision.imageSize))
        guard value["size"]?["height"] != side else { return }
        value["size"] = ["height": side, "width": side]
        if value["image_seq_length"] != nil {
            value["image_seq_length"] = .integer(Int64(configuration.vision.patchCount))
        }
        try AtomicFile.write(JSON.object(value).text(.pretty) + "\n", to: file)
    }
}
