#define _GNU_SOURCE
#include "CArchive.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdlib.h>

struct carchive_reader {
    struct archive *archive;
    /// libarchive translates names by the thread's locale; this one knows UTF-8 and is put in force around calls.
    locale_t locale;
};

static const size_t block_size = 1 << 16;

carchive_status carchive_open(const char *path, carchive_reader **reader) {
    *reader = calloc(1, sizeof(carchive_reader));
    if (*reader == NULL) return CARCHIVE_FAILED;
    (*reader)->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    struct archive *archive = archive_read_new();
    (*reader)->archive = archive;
    if (archive == NULL) return CARCHIVE_FAILED;
    // Only by the table at the end: read from the front, a zip file that is cut short looks like a whole one.
    archive_read_support_format_zip_seekable(archive);
    archive_read_support_format_tar(archive);
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_zstd(archive);
    return archive_read_open_filename(archive, path, block_size) == ARCHIVE_OK ? CARCHIVE_OK : CARCHIVE_FAILED;
}

void carchive_close(carchive_reader *reader) {
    if (reader == NULL) return;
    if (reader->archive != NULL) archive_read_free(reader->archive);
    if (reader->locale != (locale_t)0) freelocale(reader->locale);
    free(reader);
}

static carchive_kind kind_of(struct archive_entry *entry) {
    if (archive_entry_hardlink(entry) != NULL) return CARCHIVE_LINK;
    switch (archive_entry_filetype(entry)) {
        case AE_IFREG: return CARCHIVE_FILE;
        case AE_IFDIR: return CARCHIVE_FOLDER;
        case AE_IFLNK: return CARCHIVE_LINK;
        default: return CARCHIVE_OTHER;
    }
}

carchive_status carchive_next(carchive_reader *reader, const char **name, carchive_kind *kind) {
    *name = NULL;
    *kind = CARCHIVE_OTHER;
    const locale_t earlier = reader->locale != (locale_t)0 ? uselocale(reader->locale) : (locale_t)0;
    struct archive_entry *entry = NULL;
    const int result = archive_read_next_header(reader->archive, &entry);
    // A warning is about a name or an attribute that could not be translated: the caller judges the name.
    if (result == ARCHIVE_OK || result == ARCHIVE_WARN) {
        *name = archive_entry_pathname_utf8(entry);
        if (*name == NULL) *name = archive_entry_pathname(entry);
        *kind = kind_of(entry);
    }
    if (earlier != (locale_t)0) uselocale(earlier);
    if (result == ARCHIVE_EOF) return CARCHIVE_END;
    return result == ARCHIVE_OK || result == ARCHIVE_WARN ? CARCHIVE_OK : CARCHIVE_FAILED;
}

carchive_status carchive_read(carchive_reader *reader, void *bytes, size_t capacity, size_t *count) {
    const la_ssize_t result = archive_read_data(reader->archive, bytes, capacity);
    *count = result > 0 ? (size_t)result : 0;
    if (result < 0) return CARCHIVE_FAILED;
    return result == 0 ? CARCHIVE_END : CARCHIVE_OK;
}

const char *carchive_message(carchive_reader *reader) {
    const char *message = reader != NULL && reader->archive != NULL ? archive_error_string(reader->archive) : NULL;
    return message != NULL ? message : "no reason is given";
}
