// Pictures in and out, and the loops that must be fast.
//
// Why C: libjpeg and libpng report errors by longjmp, which Swift must not cross; and the resampling passes want SIMD
// loops compiled twice. Everything that decides something (formats, limits, filters, messages) lives in Swift.
//
// Ownership: every buffer belongs to the caller, except the bytes of an encoder, which cimage_free releases.
// Pixels are RGB, 8 bits each, row after row from the top, without padding: [height, width, 3].
#pragma once

#include <stddef.h>
#include <stdint.h>

/// How a call ended.
typedef enum {
    cimage_ok = 0,
    /// The bytes end before the picture does.
    cimage_truncated,
    /// The bytes contradict themselves.
    cimage_damaged,
    /// A kind of picture that this library does not read.
    cimage_unsupported,
    /// Memory ran out.
    cimage_no_memory,
} cimage_status;

/// What the foreign library said about a failure: one line without a newline, or empty.
typedef struct {
    char text[200];
} cimage_reason;

/// Width and height as a header states them.
typedef struct {
    uint32_t width;
    uint32_t height;
} cimage_size;

/// Reads the size in a JPEG file's header.
cimage_status cimage_jpeg_size(const uint8_t *bytes, size_t count, cimage_size *size, cimage_reason *reason);

/// Decodes a JPEG file whose header states `size` into `pixels`.
cimage_status cimage_jpeg_decode(
    const uint8_t *bytes, size_t count, cimage_size size, uint8_t *pixels, cimage_reason *reason);

/// Encodes pixels as a baseline JPEG file with 4:2:0 chroma; `quality` is 1 to 100.
cimage_status cimage_jpeg_encode(
    const uint8_t *pixels, cimage_size size, int quality, uint8_t **bytes, size_t *count, cimage_reason *reason);

/// Reads the size in a PNG file's header.
cimage_status cimage_png_size(const uint8_t *bytes, size_t count, cimage_size *size, cimage_reason *reason);

/// Decodes a PNG file whose header states `size` into `pixels`; transparency is dropped, not blended.
cimage_status cimage_png_decode(
    const uint8_t *bytes, size_t count, cimage_size size, uint8_t *pixels, cimage_reason *reason);

/// Encodes pixels as an RGB PNG file without any ancillary chunk.
cimage_status cimage_png_encode(
    const uint8_t *pixels, cimage_size size, uint8_t **bytes, size_t *count, cimage_reason *reason);

/// Releases the bytes of an encoder.
void cimage_free(uint8_t *bytes);

/// One axis of a resampling: output `i` is the sum over `t < counts[i]` of input `starts[i] + t`
/// times `weights[i * stride + t]`, weights in 1/2^22.
typedef struct {
    int32_t output_length;
    int32_t stride;
    const int32_t *starts;
    const int32_t *counts;
    const int32_t *weights;
} cimage_axis;

/// Resamples each row: `[rows, width, 3]` to `[rows, axis.output_length, 3]`; `scratch` has `width * 3 + 1` bytes.
void cimage_resample_rows(
    const uint8_t *input, size_t rows, size_t width, const cimage_axis *axis, uint8_t *scratch, uint8_t *output);

/// Resamples each column: `[.., row_bytes]` to `[axis.output_length, row_bytes]`.
void cimage_resample_columns(const uint8_t *input, size_t row_bytes, const cimage_axis *axis, uint8_t *output);

/// Splits `count` RGB pixels into three planes of floats, `[3, count]`, looking each value up in `tables[3][256]`.
void cimage_planes(const uint8_t *pixels, size_t count, const float *tables, float *planes);
