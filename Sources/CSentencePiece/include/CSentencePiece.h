// SentencePiece behind C functions: libsentencepiece speaks C++, which Swift's callers should not have to.
//
// No function prints, exits or lets a C++ exception through. Texts are UTF-8 with a length and may hold any byte.
#ifndef CSENTENCEPIECE_H
#define CSENTENCEPIECE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A loaded model; unchanging once loaded, so any number of threads may ask it at once.
typedef struct csentencepiece_model csentencepiece_model;

/// The outcome of a call.
typedef enum {
    CSENTENCEPIECE_OK = 0,
    /// The bytes are no model; the message says why.
    CSENTENCEPIECE_INVALID_MODEL = 1,
    /// There are more ids than the caller's buffer holds.
    CSENTENCEPIECE_TOO_MANY_IDS = 2,
    /// The library gave up, for want of memory or for a reason of its own.
    CSENTENCEPIECE_FAILED = 3,
} csentencepiece_status;

/// What a piece is for.
typedef enum {
    /// A piece of text, learned or defined by the user.
    CSENTENCEPIECE_NORMAL = 0,
    /// Stands for what no piece covers.
    CSENTENCEPIECE_UNKNOWN = 1,
    /// A mark such as the end of a text, never found in text by the library.
    CSENTENCEPIECE_CONTROL = 2,
    /// One byte of a character that no piece covers.
    CSENTENCEPIECE_BYTE = 3,
    /// Kept for nothing.
    CSENTENCEPIECE_UNUSED = 4,
} csentencepiece_kind;

/// Reads a model from the bytes of its file; the caller owns `*model` and frees it. On failure the reason is
/// written to `message`, cut to `message_capacity` bytes with a zero at the end.
csentencepiece_status csentencepiece_load(
    const void *bytes, size_t byte_count, csentencepiece_model **model, char *message, size_t message_capacity);

/// Frees a model.
void csentencepiece_free(csentencepiece_model *model);

/// The number of pieces; ids run from 0 to one less.
int32_t csentencepiece_piece_count(const csentencepiece_model *model);

/// The text of a piece, which the model owns; null with a length of 0 for an id out of range.
const char *csentencepiece_piece(const csentencepiece_model *model, int32_t id, size_t *byte_count);

/// What a piece is for; unknown for an id out of range.
csentencepiece_kind csentencepiece_piece_kind(const csentencepiece_model *model, int32_t id);

/// The id of a piece, or -1 where there is no such piece.
int32_t csentencepiece_id(const csentencepiece_model *model, const char *text, size_t byte_count);

/// Writes the ids of a text to `ids`, at most `capacity` of them, and their number to `*count`.
csentencepiece_status csentencepiece_encode(
    const csentencepiece_model *model, const char *text, size_t byte_count, int32_t *ids, size_t capacity,
    size_t *count);

#ifdef __cplusplus
}
#endif

#endif
