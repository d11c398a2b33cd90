#include "CImageCodecs.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

// One picture being read: the bytes left, what went wrong, and memory to release on every way out.
typedef struct {
    png_structp png;
    png_infop info;
    const uint8_t *next;
    size_t left;
    uint8_t *raw;
    cimage_status status;
    cimage_reason *reason;
} reader;

static void leave(png_structp png, png_const_charp message) {
    reader *r = png_get_error_ptr(png);
    snprintf(r->reason->text, sizeof r->reason->text, "%s", message);
    if (r->status == cimage_ok) r->status = cimage_damaged;
    png_longjmp(png, 1);
}

static void say_nothing(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void take_bytes(png_structp png, png_bytep out, size_t count) {
    reader *r = png_get_io_ptr(png);
    if (count > r->left) {
        r->status = cimage_truncated;
        png_error(png, "the file ends early");
    }
    memcpy(out, r->next, count);
    r->next += count;
    r->left -= count;
}

static bool open_reader(reader *r, const uint8_t *bytes, size_t count, cimage_reason *reason) {
    memset(r, 0, sizeof *r);
    reason->text[0] = 0;
    r->reason = reason;
    r->next = bytes;
    r->left = count;
    r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r, leave, say_nothing);
    if (!r->png) return false;
    r->info = png_create_info_struct(r->png);
    return r->info != NULL;
}

static cimage_status close_reader(reader *r, cimage_status status) {
    free(r->raw);
    png_destroy_read_struct(&r->png, &r->info, NULL);
    return status;
}

// Reads up to the pixels. Every chunk that cannot change them is stepped over unread.
static void read_header(reader *r) {
    png_set_read_fn(r->png, r, take_bytes);
    png_set_user_limits(r->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(r->png, r->info);
}

static uint32_t big_endian_word(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

cimage_status cimage_png_size(const uint8_t *bytes, size_t count, cimage_size *size, cimage_reason *reason) {
    // The signature, then a chunk of 13 bytes named IHDR that begins with the size; the decoder checks the rest.
    static const uint8_t start[16] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R'};
    reason->text[0] = 0;
    if (memcmp(bytes, start, count < sizeof start ? count : sizeof start)) {
        snprintf(reason->text, sizeof reason->text, "it does not begin with a header chunk");
        return cimage_damaged;
    }
    if (count < sizeof start + 8) return cimage_truncated;
    *size = (cimage_size){big_endian_word(bytes + 16), big_endian_word(bytes + 20)};
    return cimage_ok;
}

// How the samples of a row become RGB.
typedef struct {
    int color_type;
    int channels;
    int bytes_a_sample;
    // Grey of fewer than 8 bits is stretched to 0...255 by this factor.
    int stretch;
    uint8_t palette[256][3];
} layout;

static layout read_layout(reader *r) {
    layout l = {0};
    int depth = png_get_bit_depth(r->png, r->info);
    l.color_type = png_get_color_type(r->png, r->info);
    l.channels = png_get_channels(r->png, r->info);
    l.bytes_a_sample = depth == 16 ? 2 : 1;
    l.stretch = depth < 8 ? 255 / ((1 << depth) - 1) : 1;
    png_colorp colors = NULL;
    int count = 0;
    // An index past the end of the palette stays black, as in Pillow.
    if (l.color_type == PNG_COLOR_TYPE_PALETTE && png_get_PLTE(r->png, r->info, &colors, &count)) {
        for (int i = 0; i < count && i < 256; i++) {
            l.palette[i][0] = colors[i].red;
            l.palette[i][1] = colors[i].green;
            l.palette[i][2] = colors[i].blue;
        }
    }
    return l;
}

static void spread_grey(const layout *l, const uint8_t *row, size_t width, uint8_t *out) {
    size_t step = (size_t)l->channels * (size_t)l->bytes_a_sample;
    // Pillow keeps 16-bit grey as it is and clips it at 255 when it makes RGB; with alpha it takes the high byte.
    bool clips = l->bytes_a_sample == 2 && l->channels == 1;
    for (size_t x = 0; x < width; x++, row += step, out += 3) {
        uint8_t grey = clips ? (row[0] ? 255 : row[1]) : (uint8_t)(row[0] * l->stretch);
        out[0] = out[1] = out[2] = grey;
    }
}

static void spread_color(const layout *l, const uint8_t *row, size_t width, uint8_t *out) {
    size_t step = (size_t)l->channels * (size_t)l->bytes_a_sample;
    size_t next = (size_t)l->bytes_a_sample;
    for (size_t x = 0; x < width; x++, row += step, out += 3) {
        out[0] = row[0];
        out[1] = row[next];
        out[2] = row[2 * next];
    }
}

static void spread_row(const layout *l, const uint8_t *row, size_t width, uint8_t *out) {
    if (l->color_type == PNG_COLOR_TYPE_PALETTE) {
        for (size_t x = 0; x < width; x++) memcpy(out + 3 * x, l->palette[row[x]], 3);
    } else if (l->color_type & PNG_COLOR_MASK_COLOR) {
        spread_color(l, row, width, out);
    } else {
        spread_grey(l, row, width, out);
    }
}

// An interlaced picture comes in seven passes over the whole picture, a plain one row by row.
static void read_rows(reader *r, const layout *l, cimage_size size, uint8_t *pixels) {
    int passes = png_set_interlace_handling(r->png);
    size_t row_bytes = (size_t)size.width * (size_t)l->channels * (size_t)l->bytes_a_sample;
    r->raw = malloc(row_bytes * (passes > 1 ? size.height : 1));
    if (!r->raw) {
        r->status = cimage_no_memory;
        png_error(r->png, "no memory");
    }
    for (int pass = 0; pass < passes; pass++) {
        for (size_t y = 0; y < size.height; y++) {
            uint8_t *row = passes > 1 ? r->raw + y * row_bytes : r->raw;
            png_read_row(r->png, row, NULL);
            if (pass == passes - 1) spread_row(l, row, size.width, pixels + y * size.width * 3);
        }
    }
}

cimage_status cimage_png_decode(
    const uint8_t *bytes, size_t count, cimage_size size, uint8_t *pixels, cimage_reason *reason) {
    reader r;
    if (!open_reader(&r, bytes, count, reason)) return close_reader(&r, cimage_no_memory);
    if (setjmp(png_jmpbuf(r.png))) return close_reader(&r, r.status);
    read_header(&r);
    if (png_get_image_width(r.png, r.info) != size.width || png_get_image_height(r.png, r.info) != size.height) {
        return close_reader(&r, cimage_damaged);
    }
    // Deflate shrinks at most 1032 times: more pixels than that mean a header that lies about the size.
    if (png_get_rowbytes(r.png, r.info) / 1032 * size.height > count) return close_reader(&r, cimage_truncated);
    layout l = read_layout(&r);
    png_set_packing(r.png);
    read_rows(&r, &l, size, pixels);
    return close_reader(&r, cimage_ok);
}

// The bytes of a picture being written; they grow by doubling.
typedef struct {
    uint8_t *bytes;
    size_t count;
    size_t capacity;
    bool no_memory;
    cimage_reason *reason;
} writer;

static void leave_writing(png_structp png, png_const_charp message) {
    writer *w = png_get_error_ptr(png);
    snprintf(w->reason->text, sizeof w->reason->text, "%s", message);
    png_longjmp(png, 1);
}

static void put_bytes(png_structp png, png_bytep bytes, size_t count) {
    writer *w = png_get_io_ptr(png);
    if (w->capacity - w->count < count) {
        size_t capacity = 2 * (w->capacity + count) + 4096;
        uint8_t *grown = realloc(w->bytes, capacity);
        if (!grown) {
            w->no_memory = true;
            png_error(png, "no memory");
        }
        w->bytes = grown;
        w->capacity = capacity;
    }
    memcpy(w->bytes + w->count, bytes, count);
    w->count += count;
}

static void flush_nothing(png_structp png) { (void)png; }

cimage_status cimage_png_encode(
    const uint8_t *pixels, cimage_size size, uint8_t **bytes, size_t *count, cimage_reason *reason) {
    writer w = {.reason = reason};
    reason->text[0] = 0;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &w, leave_writing, say_nothing);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_write_struct(&png, NULL);
        return cimage_no_memory;
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        free(w.bytes);
        return w.no_memory ? cimage_no_memory : cimage_damaged;
    }
    png_set_write_fn(png, &w, put_bytes, flush_nothing);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_compression_level(png, 6);
    png_set_IHDR(
        png, info, size.width, size.height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
        PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (size_t y = 0; y < size.height; y++) png_write_row(png, pixels + y * size.width * 3);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    *bytes = w.bytes;
    *count = w.count;
    return cimage_ok;
}
