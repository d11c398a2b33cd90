import Checkpoints
import JSON

/// The shape of a PaliGemma model, as its config.json says.
package struct PaliGemmaConfiguration: Sendable, Equatable {
    package var text: GemmaConfiguration
    package var vision: SigLIPConfiguration
    /// The id that stands for one image feature in the text.
    package var imageTokenID: Int
    package var padID: Int
    package var endID: Int
    package var beginningID: Int
    /// The whole object, for saving again what Palinote does not read.
    package var source: JSONObject

    /// Reads the config.json of a checkpoint's folder.
    ///
    /// - Throws: `ModelError.configuration` or `ModelError.unknownModelType`, naming file and field.
    package init(folder: String) throws(ModelError) {
        let file = folder + "/config.json"
        let bytes = try checkpointErrors { () throws(CheckpointError) in try MappedFile(path: file) }
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: bytes.withBytes { Array($0) }, name: file)
        } catch {
            throw .configuration(file: file, reason: "\(error)")
        }
        try self.init(value, file: file)
    }

    /// Reads a parsed config.json; `file` names it in errors.
    package init(_ value: JSON, file: String) throws(ModelError) {
        let reader = try ConfigurationReader(value, file: file, place: "config")
        let type = try reader.text("model_type")
        guard type == "paligemma" else { throw .unknownModelType(file: file, found: type, known: ["paligemma"]) }
        source = reader.object
        // The sizes beside text_config are not read: in published PaliGemma 2 checkpoints they are wrong.
        text = try GemmaConfiguration(ConfigurationReader(value["text_config"], file: file, place: "text_config"))
        vision = try SigLIPConfiguration(
            ConfigurationReader(value["vision_config"], file: file, place: "vision_config"))
        let oldName = try reader.optionalIndex("image_token_index")
        let newName = try reader.optionalIndex("image_token_id")
        imageTokenID = oldName ?? newName ?? 256_000
        padID = try reader.optionalIndex("pad_token_id") ?? 0
        endID = try reader.optionalIndex("eos_token_id") ?? 1
        beginningID = try reader.optionalIndex("bos_token_id") ?? 2
        guard imageTokenID < text.vocabularySize else {
            throw .configuration(
                file: file,
                reason: "image_token_index is \(imageTokenID), outside a vocabulary of \(text.vocabularySize)")
        }
    }
}
