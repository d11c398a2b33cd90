#include "CSentencePiece.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

struct csentencepiece_model {
    sentencepiece::SentencePieceProcessor processor;
};

namespace {

void write_message(const char *text, char *message, size_t capacity) {
    if (capacity == 0) return;
    const size_t length = std::min(std::strlen(text), capacity - 1);
    std::memcpy(message, text, length);
    message[length] = 0;
}

bool in_range(const csentencepiece_model *model, int32_t id) {
    return id >= 0 && id < model->processor.GetPieceSize();
}

}  // namespace

csentencepiece_status csentencepiece_load(
    const void *bytes, size_t byte_count, csentencepiece_model **model, char *message, size_t message_capacity) {
    *model = nullptr;
    csentencepiece_model *loaded = nullptr;
    try {
        loaded = new csentencepiece_model();
        const std::string_view serialized(static_cast<const char *>(bytes), byte_count);
        const auto status = loaded->processor.LoadFromSerializedProto(serialized);
        if (status.ok() && loaded->processor.GetPieceSize() > 0) {
            *model = loaded;
            return CSENTENCEPIECE_OK;
        }
        write_message(status.ok() ? "it holds no pieces" : status.error_message(), message, message_capacity);
        delete loaded;
        return CSENTENCEPIECE_INVALID_MODEL;
    } catch (const std::exception &error) {
        write_message(error.what(), message, message_capacity);
    } catch (...) {
        write_message("the library failed", message, message_capacity);
    }
    delete loaded;
    return CSENTENCEPIECE_FAILED;
}

void csentencepiece_free(csentencepiece_model *model) { delete model; }

int32_t csentencepiece_piece_count(const csentencepiece_model *model) { return model->processor.GetPieceSize(); }

const char *csentencepiece_piece(const csentencepiece_model *model, int32_t id, size_t *byte_count) {
    *byte_count = 0;
    if (!in_range(model, id)) return nullptr;
    const std::string &piece = model->processor.IdToPiece(id);
    *byte_count = piece.size();
    return piece.data();
}

csentencepiece_kind csentencepiece_piece_kind(const csentencepiece_model *model, int32_t id) {
    if (!in_range(model, id) || model->processor.IsUnknown(id)) return CSENTENCEPIECE_UNKNOWN;
    if (model->processor.IsControl(id)) return CSENTENCEPIECE_CONTROL;
    if (model->processor.IsByte(id)) return CSENTENCEPIECE_BYTE;
    if (model->processor.IsUnused(id)) return CSENTENCEPIECE_UNUSED;
    return CSENTENCEPIECE_NORMAL;
}

int32_t csentencepiece_id(const csentencepiece_model *model, const char *text, size_t byte_count) {
    // The library answers with the id of <unk> for a text that is no piece: ask back whether it is the piece itself.
    const std::string_view piece(text, byte_count);
    const int32_t id = model->processor.PieceToId(piece);
    return in_range(model, id) && model->processor.IdToPiece(id) == piece ? id : -1;
}

csentencepiece_status csentencepiece_encode(
    const csentencepiece_model *model, const char *text, size_t byte_count, int32_t *ids, size_t capacity,
    size_t *count) {
    *count = 0;
    try {
        std::vector<int> found;
        if (!model->processor.Encode(std::string_view(text, byte_count), &found).ok()) return CSENTENCEPIECE_FAILED;
        if (found.size() > capacity) return CSENTENCEPIECE_TOO_MANY_IDS;
        std::copy(found.begin(), found.end(), ids);
        *count = found.size();
        return CSENTENCEPIECE_OK;
    } catch (...) {
        return CSENTENCEPIECE_FAILED;
    }
}
