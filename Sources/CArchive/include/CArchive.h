// Reading archives (zip, tar and its compressed forms) behind a few C functions: libarchive's own want care with locales,
// varargs and error texts, which is easier had in C. What an entry may do is decided by the caller, in Swift.
//
// No function prints or exits.
#ifndef CARCHIVE_H
#define CARCHIVE_H

#include <stddef.h>
#include <stdint.h>

/// An archive that is being read from front to back; used by one thread at a time.
typedef struct carchive_reader carchive_reader;

/// The outcome of a call.
typedef enum {
    CARCHIVE_OK = 0,
    /// There are no more entries, or no more bytes in this one.
    CARCHIVE_END = 1,
    /// The archive is damaged or of a kind that libarchive does not know; `carchive_message` says why.
    CARCHIVE_FAILED = 2,
} carchive_status;

/// What an entry is.
typedef enum {
    CARCHIVE_FILE = 0,
    CARCHIVE_FOLDER = 1,
    CARCHIVE_LINK = 2,
    /// A device, a pipe, a socket.
    CARCHIVE_OTHER = 3,
} carchive_kind;

/// Starts reading an archive; the caller owns `*reader` and closes it, also when the call fails. Null: no memory.
carchive_status carchive_open(const char *path, carchive_reader **reader);

/// Frees a reader; null is allowed.
void carchive_close(carchive_reader *reader);

/// Goes to the next entry. `*name` is its path, of bytes that the reader owns until the next call, or null where the
/// archive has none that can be shown.
carchive_status carchive_next(carchive_reader *reader, const char **name, carchive_kind *kind);

/// Reads up to `capacity` bytes of the entry.
carchive_status carchive_read(carchive_reader *reader, void *bytes, size_t capacity, size_t *count);

/// Why the last call failed, in libarchive's words; never null, owned by the reader.
const char *carchive_message(carchive_reader *reader);

#endif
