#include "CImageCodecs.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

// More scans than any camera writes; a file of a few bytes a scan could otherwise keep the decoder busy for minutes.
static const int most_scans = 500;

// libjpeg's error manager with a way out; `base` comes first, so that the library's pointer to it is a pointer to us.
typedef struct {
    struct jpeg_error_mgr base;
    jmp_buf way_out;
    cimage_status status;
    cimage_reason *reason;
} failure_manager;

static void leave(j_common_ptr info) {
    failure_manager *failure = (failure_manager *)info->err;
    char message[JMSG_LENGTH_MAX];
    (*info->err->format_message)(info, message);
    snprintf(failure->reason->text, sizeof failure->reason->text, "%s", message);
    switch (info->err->msg_code) {
        case JERR_OUT_OF_MEMORY: failure->status = cimage_no_memory; break;
        case JERR_BAD_PRECISION:
        case JERR_CONVERSION_NOTIMPL:
        case JERR_COMPONENT_COUNT:
        case JERR_SOF_UNSUPPORTED:
        case JERR_ARITH_NOTIMPL:
        case JERR_NOT_COMPILED: failure->status = cimage_unsupported; break;
        default: failure->status = cimage_damaged; break;
    }
    longjmp(failure->way_out, 1);
}

static void say_nothing(j_common_ptr info) { (void)info; }

// Most warnings are harmless. These three mean that pixels are made up, which Pillow lets pass and we do not.
static void judge(j_common_ptr info, int level) {
    if (level >= 0) return;
    int code = info->err->msg_code;
    if (code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE || code == JWRN_ARITH_BAD_CODE) leave(info);
}

static struct jpeg_error_mgr *prepare(failure_manager *failure, cimage_reason *reason) {
    reason->text[0] = 0;
    failure->reason = reason;
    failure->status = cimage_ok;
    struct jpeg_error_mgr *manager = jpeg_std_error(&failure->base);
    manager->error_exit = leave;
    manager->emit_message = judge;
    manager->output_message = say_nothing;
    return manager;
}

// A source over bytes in memory that never invents an end: running out suspends the decoder, and we call that truncated.
static void start_source(j_decompress_ptr info) { (void)info; }

static boolean out_of_bytes(j_decompress_ptr info) {
    (void)info;
    return FALSE;
}

static void skip_bytes(j_decompress_ptr info, long count) {
    if (count <= 0) return;
    size_t step = (size_t)count < info->src->bytes_in_buffer ? (size_t)count : info->src->bytes_in_buffer;
    info->src->next_input_byte += step;
    info->src->bytes_in_buffer -= step;
}

static void limit_scans(j_common_ptr info) {
    if (info->is_decompressor && ((j_decompress_ptr)info)->input_scan_number > most_scans) {
        failure_manager *failure = (failure_manager *)info->err;
        snprintf(failure->reason->text, sizeof failure->reason->text, "more than %d scans", most_scans);
        failure->status = cimage_damaged;
        longjmp(failure->way_out, 1);
    }
}

// One picture being read.
typedef struct {
    struct jpeg_decompress_struct info;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    failure_manager failure;
} reader;

static void open_reader(reader *r, const uint8_t *bytes, size_t count) {
    jpeg_create_decompress(&r->info);
    r->source.init_source = start_source;
    r->source.fill_input_buffer = out_of_bytes;
    r->source.skip_input_data = skip_bytes;
    r->source.resync_to_restart = jpeg_resync_to_restart;
    r->source.term_source = start_source;
    r->source.next_input_byte = bytes;
    r->source.bytes_in_buffer = count;
    r->info.src = &r->source;
    r->progress.progress_monitor = limit_scans;
    r->info.progress = &r->progress;
}

static cimage_status read_header(reader *r) {
    if (jpeg_read_header(&r->info, TRUE) == JPEG_SUSPENDED) return cimage_truncated;
    int components = r->info.num_components;
    if (components == 1 || components == 3 || components == 4) return cimage_ok;
    snprintf(r->failure.reason->text, sizeof r->failure.reason->text, "%d colour components", components);
    return cimage_unsupported;
}

cimage_status cimage_jpeg_size(const uint8_t *bytes, size_t count, cimage_size *size, cimage_reason *reason) {
    reader r;
    memset(&r, 0, sizeof r);
    r.info.err = prepare(&r.failure, reason);
    if (setjmp(r.failure.way_out)) {
        jpeg_destroy_decompress(&r.info);
        return r.failure.status;
    }
    open_reader(&r, bytes, count);
    cimage_status status = read_header(&r);
    *size = (cimage_size){r.info.image_width, r.info.image_height};
    jpeg_destroy_decompress(&r.info);
    return status;
}

// a * b / 255, rounded to nearest.
static inline uint8_t product255(uint32_t a, uint32_t b) {
    uint32_t t = a * b + 128;
    return (uint8_t)((t + (t >> 8)) >> 8);
}

// CMYK is stored inverted, whether or not the file says Adobe: Pillow assumes so for every four-component file.
static void spread_cmyk(const uint8_t *row, size_t width, uint8_t *out) {
    for (size_t x = 0; x < width; x++, row += 4, out += 3) {
        uint8_t light = row[3];
        for (int c = 0; c < 3; c++) out[c] = light - product255(255 - row[c], light);
    }
}

static void spread_grey(const uint8_t *row, size_t width, uint8_t *out) {
    for (size_t x = 0; x < width; x++, out += 3) out[0] = out[1] = out[2] = row[x];
}

static cimage_status read_rows(reader *r, uint8_t *pixels) {
    struct jpeg_decompress_struct *info = &r->info;
    size_t width = info->output_width;
    JSAMPARRAY scratch = NULL;
    if (info->output_components != 3) {
        scratch = (*info->mem->alloc_sarray)(
            (j_common_ptr)info, JPOOL_IMAGE, (JDIMENSION)width * (JDIMENSION)info->output_components, 1);
    }
    while (info->output_scanline < info->output_height) {
        uint8_t *out = pixels + (size_t)info->output_scanline * width * 3;
        JSAMPROW row = scratch ? scratch[0] : out;
        if (jpeg_read_scanlines(info, &row, 1) != 1) return cimage_truncated;
        if (info->output_components == 1) spread_grey(row, width, out);
        if (info->output_components == 4) spread_cmyk(row, width, out);
    }
    return cimage_ok;
}

// A Huffman-coded block takes at least one bit. Fewer mean a header that lies about the size, told before memory for
// that size is taken.
static bool has_enough_bytes(const reader *r, size_t count) {
    size_t blocks = 0;
    for (int c = 0; c < r->info.num_components; c++) {
        blocks += (size_t)r->info.comp_info[c].width_in_blocks * r->info.comp_info[c].height_in_blocks;
    }
    return r->info.arith_code || blocks / 8 <= count;
}

static cimage_status read_picture(reader *r, size_t count, cimage_size size, uint8_t *pixels) {
    cimage_status status = read_header(r);
    if (status != cimage_ok) return status;
    if (r->info.image_width != size.width || r->info.image_height != size.height) return cimage_damaged;
    if (!has_enough_bytes(r, count)) return cimage_truncated;
    int components = r->info.num_components;
    r->info.out_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
    if (!jpeg_start_decompress(&r->info)) return cimage_truncated;
    return read_rows(r, pixels);
}

cimage_status cimage_jpeg_decode(
    const uint8_t *bytes, size_t count, cimage_size size, uint8_t *pixels, cimage_reason *reason) {
    reader r;
    memset(&r, 0, sizeof r);
    r.info.err = prepare(&r.failure, reason);
    if (setjmp(r.failure.way_out)) {
        jpeg_destroy_decompress(&r.info);
        return r.failure.status;
    }
    open_reader(&r, bytes, count);
    cimage_status status = read_picture(&r, count, size, pixels);
    jpeg_destroy_decompress(&r.info);
    return status;
}

// One picture being written; its bytes grow by doubling.
typedef struct {
    struct jpeg_compress_struct info;
    struct jpeg_destination_mgr destination;
    failure_manager failure;
    uint8_t *bytes;
    size_t capacity;
} writer;

static boolean grow(j_compress_ptr info) {
    // The destination's address leads back to the writer that holds it.
    writer *w = (writer *)((char *)info->dest - offsetof(writer, destination));
    size_t filled = w->capacity;
    size_t capacity = w->capacity ? 2 * w->capacity : 1 << 16;
    uint8_t *grown = realloc(w->bytes, capacity);
    if (!grown) ERREXIT1(info, JERR_OUT_OF_MEMORY, 0);
    w->bytes = grown;
    w->capacity = capacity;
    w->destination.next_output_byte = grown + filled;
    w->destination.free_in_buffer = capacity - filled;
    return TRUE;
}

static void start_writing(j_compress_ptr info) { grow(info); }
static void finish_writing(j_compress_ptr info) { (void)info; }

static void write_picture(writer *w, const uint8_t *pixels, cimage_size size, int quality) {
    struct jpeg_compress_struct *info = &w->info;
    jpeg_create_compress(info);
    w->destination.init_destination = start_writing;
    w->destination.empty_output_buffer = grow;
    w->destination.term_destination = finish_writing;
    info->dest = &w->destination;
    info->image_width = size.width;
    info->image_height = size.height;
    info->input_components = 3;
    info->in_color_space = JCS_RGB;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, quality, TRUE);
    jpeg_start_compress(info, TRUE);
    while (info->next_scanline < info->image_height) {
        JSAMPROW row = (JSAMPROW)(pixels + (size_t)info->next_scanline * size.width * 3);
        jpeg_write_scanlines(info, &row, 1);
    }
    jpeg_finish_compress(info);
}

cimage_status cimage_jpeg_encode(
    const uint8_t *pixels, cimage_size size, int quality, uint8_t **bytes, size_t *count, cimage_reason *reason) {
    writer w;
    memset(&w, 0, sizeof w);
    w.info.err = prepare(&w.failure, reason);
    if (setjmp(w.failure.way_out)) {
        jpeg_destroy_compress(&w.info);
        free(w.bytes);
        return w.failure.status;
    }
    write_picture(&w, pixels, size, quality);
    *bytes = w.bytes;
    *count = w.capacity - w.destination.free_in_buffer;
    jpeg_destroy_compress(&w.info);
    return cimage_ok;
}

void cimage_free(uint8_t *bytes) { free(bytes); }
