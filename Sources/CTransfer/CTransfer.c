#define _GNU_SOURCE
#include "CTransfer.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

// libcurl's numbers, which its interface keeps for good.
enum {
    OPT_WRITEDATA = 10001,
    OPT_URL = 10002,
    OPT_PROXY = 10004,
    OPT_ERRORBUFFER = 10010,
    OPT_USERAGENT = 10018,
    OPT_XFERINFODATA = 10057,
    OPT_CAINFO = 10065,
    OPT_WRITEFUNCTION = 20011,
    OPT_XFERINFOFUNCTION = 20219,
    OPT_MAXFILESIZE_LARGE = 30117,
    OPT_LOW_SPEED_LIMIT = 19,
    OPT_LOW_SPEED_TIME = 20,
    OPT_NOPROGRESS = 43,
    OPT_FAILONERROR = 45,
    OPT_FOLLOWLOCATION = 52,
    OPT_MAXREDIRS = 68,
    OPT_NOSIGNAL = 99,
    OPT_TIMEOUT_MS = 155,
    OPT_CONNECTTIMEOUT_MS = 156,
    OPT_PROTOCOLS = 181,
    OPT_REDIR_PROTOCOLS = 182,
    INFO_RESPONSE_CODE = 0x200002,
    INFO_CONTENT_TYPE = 0x100012,
    PROTO_HTTP = 1,
    PROTO_HTTPS = 2,
    GLOBAL_DEFAULT = 3,
    ERROR_SIZE = 256,
};

#if __has_include(<curl/curl.h>)
#define CURL_DISABLE_DEPRECATION
#include <curl/curl.h>
#define SAME(name) _Static_assert(OPT_##name == (int)CURLOPT_##name, "libcurl's number of " #name)
SAME(WRITEDATA);
SAME(URL);
SAME(PROXY);
SAME(ERRORBUFFER);
SAME(USERAGENT);
SAME(XFERINFODATA);
SAME(CAINFO);
SAME(WRITEFUNCTION);
SAME(XFERINFOFUNCTION);
SAME(MAXFILESIZE_LARGE);
SAME(LOW_SPEED_LIMIT);
SAME(LOW_SPEED_TIME);
SAME(NOPROGRESS);
SAME(FAILONERROR);
SAME(FOLLOWLOCATION);
SAME(MAXREDIRS);
SAME(NOSIGNAL);
SAME(TIMEOUT_MS);
SAME(CONNECTTIMEOUT_MS);
_Static_assert((int)INFO_RESPONSE_CODE == (int)CURLINFO_RESPONSE_CODE, "libcurl's number of RESPONSE_CODE");
_Static_assert((int)INFO_CONTENT_TYPE == (int)CURLINFO_CONTENT_TYPE, "libcurl's number of CONTENT_TYPE");
#endif

typedef int (*global_init_function)(long);
typedef void *(*easy_init_function)(void);
typedef int (*easy_setopt_function)(void *, int, ...);
typedef int (*easy_perform_function)(void *);
typedef int (*easy_getinfo_function)(void *, int, ...);
typedef void (*easy_cleanup_function)(void *);

struct ctransfer_library {
    global_init_function global_init;
    easy_init_function easy_init;
    easy_setopt_function setopt;
    easy_perform_function perform;
    easy_getinfo_function getinfo;
    easy_cleanup_function cleanup;
};

const ctransfer_library *ctransfer_open(char *reason, size_t capacity) {
    static ctransfer_library library;
    static bool is_open = false;
    if (is_open) return &library;
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!handle) handle = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        snprintf(reason, capacity, "%s", dlerror());
        return NULL;
    }
    library.global_init = (global_init_function)dlsym(handle, "curl_global_init");
    library.easy_init = (easy_init_function)dlsym(handle, "curl_easy_init");
    library.setopt = (easy_setopt_function)dlsym(handle, "curl_easy_setopt");
    library.perform = (easy_perform_function)dlsym(handle, "curl_easy_perform");
    library.getinfo = (easy_getinfo_function)dlsym(handle, "curl_easy_getinfo");
    library.cleanup = (easy_cleanup_function)dlsym(handle, "curl_easy_cleanup");
    if (!library.global_init || !library.easy_init || !library.setopt || !library.perform || !library.getinfo ||
        !library.cleanup || library.global_init(GLOBAL_DEFAULT) != 0) {
        snprintf(reason, capacity, "libcurl.so.4 lacks a function, or does not start");
        dlclose(handle);
        return NULL;
    }
    is_open = true;
    return &library;
}

typedef struct {
    const ctransfer_library *library;
    void *easy;
    ctransfer_answer answer;
    ctransfer_sink sink;
    ctransfer_wish goes_on;
    void *context;
    int64_t most_bytes, taken;
    bool is_over, is_stopped;
} transfer;

static void note_answer(transfer *t) {
    const char *type = NULL;
    t->library->getinfo(t->easy, INFO_RESPONSE_CODE, &t->answer.status);
    t->library->getinfo(t->easy, INFO_CONTENT_TYPE, &type);
    snprintf(t->answer.content_type, sizeof t->answer.content_type, "%s", type ? type : "");
}

// libcurl takes another count than it gave as a wish to end.
static size_t take(char *bytes, size_t size, size_t count, void *pointer) {
    transfer *t = pointer;
    size_t total = size * count;
    if (t->taken == 0) note_answer(t);
    if ((int64_t)total > t->most_bytes - t->taken) {
        t->is_over = true;
        return 0;
    }
    if (!t->goes_on(t->context) || !t->sink(t->context, &t->answer, (const uint8_t *)bytes, total)) {
        t->is_stopped = true;
        return 0;
    }
    t->taken += (int64_t)total;
    return total;
}

static int watch(void *pointer, int64_t all, int64_t now, int64_t all_up, int64_t now_up) {
    (void)all, (void)now, (void)all_up, (void)now_up;
    transfer *t = pointer;
    if (t->goes_on(t->context)) return 0;
    t->is_stopped = true;
    return 1;
}

static ctransfer_end end_of(int code) {
    switch (code) {
    case 0: return CTRANSFER_DONE;
    case 1: return CTRANSFER_REFUSED_PROTOCOL;
    case 3: return CTRANSFER_BAD_ADDRESS;
    case 5:
    case 6: return CTRANSFER_NO_HOST;
    case 7: return CTRANSFER_NO_CONNECTION;
    case 18:
    case 52:
    case 56: return CTRANSFER_CUT;
    case 22: return CTRANSFER_DONE; // the status says it
    case 28: return CTRANSFER_TOO_SLOW;
    case 35:
    case 51:
    case 60:
    case 77: return CTRANSFER_NOT_TRUSTED;
    case 47: return CTRANSFER_TOO_MANY_REDIRECTS;
    case 63: return CTRANSFER_TOO_LARGE;
    default: return CTRANSFER_OTHER;
    }
}

ctransfer_answer ctransfer_read(
    const ctransfer_library *library, const ctransfer_request *request, ctransfer_sink sink, ctransfer_wish goes_on,
    void *context) {
    transfer t = {.library = library, .sink = sink, .goes_on = goes_on, .context = context};
    t.most_bytes = request->most_bytes;
    t.easy = library->easy_init();
    if (!t.easy) {
        t.answer.end = CTRANSFER_OTHER;
        snprintf(t.answer.message, sizeof t.answer.message, "libcurl has no memory");
        return t.answer;
    }
    bool is_secure = strncasecmp(request->url, "https:", 6) == 0;
    long allowed = request->allows_plain && !is_secure ? PROTO_HTTP | PROTO_HTTPS : PROTO_HTTPS;
    library->setopt(t.easy, OPT_ERRORBUFFER, t.answer.message);
    library->setopt(t.easy, OPT_URL, request->url);
    library->setopt(t.easy, OPT_PROTOCOLS, allowed);
    library->setopt(t.easy, OPT_REDIR_PROTOCOLS, allowed);
    library->setopt(t.easy, OPT_FOLLOWLOCATION, 1L);
    library->setopt(t.easy, OPT_MAXREDIRS, request->most_redirects);
    library->setopt(t.easy, OPT_FAILONERROR, 1L);
    library->setopt(t.easy, OPT_NOSIGNAL, 1L);
    library->setopt(t.easy, OPT_CONNECTTIMEOUT_MS, request->connect_milliseconds);
    library->setopt(t.easy, OPT_TIMEOUT_MS, request->total_milliseconds);
    library->setopt(t.easy, OPT_LOW_SPEED_LIMIT, 1L);
    library->setopt(t.easy, OPT_LOW_SPEED_TIME, request->stalled_seconds);
    library->setopt(t.easy, OPT_MAXFILESIZE_LARGE, request->most_bytes);
    library->setopt(t.easy, OPT_WRITEFUNCTION, take);
    library->setopt(t.easy, OPT_WRITEDATA, &t);
    library->setopt(t.easy, OPT_NOPROGRESS, 0L);
    library->setopt(t.easy, OPT_XFERINFOFUNCTION, watch);
    library->setopt(t.easy, OPT_XFERINFODATA, &t);
    library->setopt(t.easy, OPT_PROXY, request->proxy ? request->proxy : "");
    if (request->user_agent) library->setopt(t.easy, OPT_USERAGENT, request->user_agent);
    if (request->certificates) library->setopt(t.easy, OPT_CAINFO, request->certificates);
    t.answer.end = end_of(library->perform(t.easy));
    note_answer(&t);
    if (t.is_over) t.answer.end = CTRANSFER_TOO_LARGE;
    if (t.is_stopped) t.answer.end = CTRANSFER_STOPPED;
    library->cleanup(t.easy);
    return t.answer;
}
