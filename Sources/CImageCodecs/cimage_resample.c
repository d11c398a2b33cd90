#include "CImageCodecs.h"

#include <string.h>

// Weights are in 1/2^22 and sums start at one half, so that the shift rounds to nearest (Pillow's 8-bit arithmetic).
enum { precision_bits = 22, half = 1 << (precision_bits - 1) };

typedef int32_t lanes4 __attribute__((vector_size(16)));
typedef uint8_t bytes4 __attribute__((vector_size(4)));

static inline __attribute__((always_inline)) uint8_t clipped(int32_t sum) {
    int32_t value = sum >> precision_bits;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

// One output pixel at a time, its three channels and an unused fourth in one vector.
static inline __attribute__((always_inline)) void row_body(const uint8_t *row, const cimage_axis *axis, uint8_t *out) {
    for (int32_t i = 0; i < axis->output_length; i++) {
        const int32_t *weights = axis->weights + (size_t)i * (size_t)axis->stride;
        const uint8_t *source = row + (size_t)axis->starts[i] * 3;
        lanes4 sum = {half, half, half, half};
        for (int32_t t = 0; t < axis->counts[i]; t++, source += 3) {
            bytes4 pixel;
            memcpy(&pixel, source, 4);
            sum += __builtin_convertvector(pixel, lanes4) * weights[t];
        }
        for (int c = 0; c < 3; c++) out[3 * i + c] = clipped(sum[c]);
    }
}

// One output row: sums of `block` columns stay in registers while the taps pass over them.
static inline __attribute__((always_inline)) void column_body(
    const uint8_t *source, size_t row_bytes, const int32_t *weights, int32_t taps, uint8_t *out) {
    enum { block = 64 };
    for (size_t begin = 0; begin < row_bytes; begin += block) {
        size_t length = row_bytes - begin < block ? row_bytes - begin : block;
        int32_t sums[block];
        for (size_t j = 0; j < block; j++) sums[j] = half;
        for (int32_t t = 0; t < taps; t++) {
            const uint8_t *row = source + (size_t)t * row_bytes + begin;
            if (length == block) {
                for (size_t j = 0; j < block; j++) sums[j] += row[j] * weights[t];
            } else {
                for (size_t j = 0; j < length; j++) sums[j] += row[j] * weights[t];
            }
        }
        for (size_t j = 0; j < length; j++) out[begin + j] = clipped(sums[j]);
    }
}

typedef void row_function(const uint8_t *, const cimage_axis *, uint8_t *);
typedef void column_function(const uint8_t *, size_t, const int32_t *, int32_t, uint8_t *);

static void row_portable(const uint8_t *row, const cimage_axis *axis, uint8_t *out) { row_body(row, axis, out); }

static void column_portable(
    const uint8_t *source, size_t row_bytes, const int32_t *weights, int32_t taps, uint8_t *out) {
    column_body(source, row_bytes, weights, taps, out);
}

// The same loops compiled for AVX2, taken where the processor has it; integer sums are the same either way.
#ifdef __x86_64__
__attribute__((target("avx2"))) static void row_avx2(const uint8_t *row, const cimage_axis *axis, uint8_t *out) {
    row_body(row, axis, out);
}

__attribute__((target("avx2"))) static void column_avx2(
    const uint8_t *source, size_t row_bytes, const int32_t *weights, int32_t taps, uint8_t *out) {
    column_body(source, row_bytes, weights, taps, out);
}

static row_function *best_row(void) { return __builtin_cpu_supports("avx2") ? row_avx2 : row_portable; }
static column_function *best_column(void) { return __builtin_cpu_supports("avx2") ? column_avx2 : column_portable; }
#else
static row_function *best_row(void) { return row_portable; }
static column_function *best_column(void) { return column_portable; }
#endif

void cimage_resample_rows(
    const uint8_t *input, size_t rows, size_t width, const cimage_axis *axis, uint8_t *scratch, uint8_t *output) {
    row_function *resample = best_row();
    size_t output_bytes = (size_t)axis->output_length * 3;
    for (size_t y = 0; y < rows; y++) {
        const uint8_t *row = input + y * width * 3;
        // Only behind the last row would a four-byte load leave the picture.
        if (y + 1 == rows) row = memcpy(scratch, row, width * 3);
        resample(row, axis, output + y * output_bytes);
    }
}

void cimage_resample_columns(const uint8_t *input, size_t row_bytes, const cimage_axis *axis, uint8_t *output) {
    column_function *resample = best_column();
    for (size_t i = 0; i < (size_t)axis->output_length; i++) {
        const uint8_t *source = input + (size_t)axis->starts[i] * row_bytes;
        const int32_t *weights = axis->weights + i * (size_t)axis->stride;
        resample(source, row_bytes, weights, axis->counts[i], output + i * row_bytes);
    }
}

void cimage_planes(const uint8_t *pixels, size_t count, const float *tables, float *planes) {
    float *red = planes, *green = planes + count, *blue = planes + 2 * count;
    for (size_t i = 0; i < count; i++, pixels += 3) {
        red[i] = tables[pixels[0]];
        green[i] = tables[256 + pixels[1]];
        blue[i] = tables[512 + pixels[2]];
    }
}
