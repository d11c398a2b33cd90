#pragma once

/// Reading from HTTP servers by libcurl, which is opened when it is first needed: the program starts and works without it.
/// A shim because libcurl's settings are varargs, which Swift cannot call, and so that no header of it is needed to build.
/// Functions neither print nor exit.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// libcurl, open for good; NULL where it is not there, with the loader's words in `reason` (NUL-terminated, cut to `capacity`).
typedef struct ctransfer_library ctransfer_library;
const ctransfer_library *ctransfer_open(char *reason, size_t capacity);

/// What to read, and how long and far to go for it. Texts are the caller's; NULL where nothing is to be said.
typedef struct {
    const char *url;
    const char *user_agent;
    /// The proxy's address; an empty text for none.
    const char *proxy;
    /// A file of certificates to trust, in place of the system's.
    const char *certificates;
    /// Whether plain HTTP is allowed, and not only HTTPS; it is never allowed after a redirect from HTTPS.
    bool allows_plain;
    long most_redirects;
    long connect_milliseconds;
    long total_milliseconds;
    /// Less than a byte a second for so long ends the transfer.
    long stalled_seconds;
    /// More bytes than this are not taken.
    int64_t most_bytes;
} ctransfer_request;

/// How a transfer ended.
typedef enum {
    CTRANSFER_DONE = 0,
    CTRANSFER_BAD_ADDRESS,
    CTRANSFER_NO_HOST,
    CTRANSFER_NO_CONNECTION,
    CTRANSFER_NOT_TRUSTED,
    CTRANSFER_TOO_SLOW,
    CTRANSFER_TOO_MANY_REDIRECTS,
    CTRANSFER_REFUSED_PROTOCOL,
    CTRANSFER_TOO_LARGE,
    CTRANSFER_STOPPED,
    CTRANSFER_CUT,
    CTRANSFER_OTHER,
} ctransfer_end;

/// What is known when a transfer has ended, or its first bytes come.
typedef struct {
    ctransfer_end end;
    /// The last answer's status; 0 without one.
    long status;
    /// The last answer's content type, cut; empty without one.
    char content_type[128];
    /// libcurl's words for what went wrong; empty where nothing did.
    char message[256];
} ctransfer_answer;

/// Takes bytes as they come, with what is known of the answer; false ends the transfer as stopped.
typedef bool (*ctransfer_sink)(void *context, const ctransfer_answer *answer, const uint8_t *bytes, size_t count);
/// Whether to go on; asked about once a second, and with each piece.
typedef bool (*ctransfer_wish)(void *context);

/// Reads; returns when all is done, or it ended. Bytes of an answer whose status is no success are not given to the sink.
ctransfer_answer ctransfer_read(
    const ctransfer_library *library, const ctransfer_request *request, ctransfer_sink sink, ctransfer_wish goes_on,
    void *context);
