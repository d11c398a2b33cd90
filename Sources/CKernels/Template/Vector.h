// Vectors of LANES floats, blocks of rows in float32, and rounding to narrower types.
//
// Kernels work on float32 blocks: `read_block` views or widens a part of an array, `write_block` rounds it back.
// Included once for each instruction set; LANES, TILE_ROWS and TILE_VECTORS are set by the including file.

#define INLINE static inline __attribute__((always_inline))
#define BLOCK 1024
// Sums run in as many lanes on every instruction set, so that their shape is the same.
#define SUM_LANES 16

typedef float vector __attribute__((vector_size(4 * LANES)));
typedef uint32_t unit_vector __attribute__((vector_size(4 * LANES)));
typedef float sum_vector __attribute__((vector_size(4 * SUM_LANES)));
typedef int32_t sum_mask __attribute__((vector_size(4 * SUM_LANES)));
typedef struct {
    _Alignas(64) float values[BLOCK];
} block;

INLINE float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

INLINE uint32_t to_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

INLINE float widen_bfloat16(uint16_t bits) {
    return from_bits((uint32_t)bits << 16);
}

// To nearest, ties to even; a NaN stays one.
INLINE uint16_t round_bfloat16(float value) {
    uint32_t bits = to_bits(value);
    uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    uint32_t quiet = bits >> 16 | 0x40;
    return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
}

INLINE float widen_float16(uint16_t bits) {
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16;
    uint32_t magnitude = (uint32_t)(bits & 0x7fff) << 13;
    // Rebias by a product, which also makes subnormal numbers normal.
    float value = from_bits(magnitude) * 0x1p112f;
    uint32_t result = (bits & 0x7c00) == 0x7c00 ? magnitude | 0x7f800000 : to_bits(value);
    return from_bits(sign | result);
}

// To nearest, ties to even; a NaN stays one, and what is too large becomes infinite.
INLINE uint16_t round_float16(float value) {
    uint32_t bits = to_bits(value);
    uint32_t sign = bits >> 16 & 0x8000;
    uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00);
    if (magnitude >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x38800000) {
        // Adding 0.5 leaves the subnormal's bits, rounded, at the low end.
        return (uint16_t)(sign | (to_bits(from_bits(magnitude) + 0.5f) - 0x3f000000));
    }
    return (uint16_t)(sign | ((magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13));
}

// The type's nearest value.
INLINE float rounded_to(ckernels_type type, float value) {
    if (type == CKERNELS_BFLOAT16) return widen_bfloat16(round_bfloat16(value));
    if (type == CKERNELS_FLOAT16) return widen_float16(round_float16(value));
    return value;
}

// Widens `count` elements from `begin` on.
static void copy_block(ckernels_array array, ptrdiff_t begin, ptrdiff_t count, float *restrict values) {
    if (array.type == CKERNELS_FLOAT32) {
        memcpy(values, (const float *)array.data + begin, (size_t)count * 4);
    } else if (array.type == CKERNELS_BFLOAT16) {
        const uint16_t *bits = (const uint16_t *)array.data + begin;
        for (ptrdiff_t i = 0; i < count; i++) values[i] = widen_bfloat16(bits[i]);
    } else {
        const uint16_t *bits = (const uint16_t *)array.data + begin;
        for (ptrdiff_t i = 0; i < count; i++) values[i] = widen_float16(bits[i]);
    }
}

// Up to BLOCK elements as float32: the array itself if it has that type, else widened into `scratch`.
INLINE const float *read_block(ckernels_array array, ptrdiff_t begin, ptrdiff_t count, block *scratch) {
    if (array.type == CKERNELS_FLOAT32) return (const float *)array.data + begin;
    copy_block(array, begin, count, scratch->values);
    return scratch->values;
}

// Rounds `count` values into an array from `begin` on.
static void write_block(ckernels_array array, ptrdiff_t begin, ptrdiff_t count, const float *values) {
    if (array.type == CKERNELS_FLOAT32) {
        float *target = (float *)array.data + begin;
        if (target != values) memmove(target, values, (size_t)count * 4);
    } else if (array.type == CKERNELS_BFLOAT16) {
        uint16_t *restrict bits = (uint16_t *)array.data + begin;
        for (ptrdiff_t i = 0; i < count; i++) bits[i] = round_bfloat16(values[i]);
    } else {
        uint16_t *restrict bits = (uint16_t *)array.data + begin;
        for (ptrdiff_t i = 0; i < count; i++) bits[i] = round_float16(values[i]);
    }
}

// Where to put results before `write_block`: the array itself if it is float32, else `scratch`.
INLINE float *result_block(ckernels_array array, ptrdiff_t begin, block *scratch) {
    return array.type == CKERNELS_FLOAT32 ? (float *)array.data + begin : scratch->values;
}

// Walks [begin, end) in blocks: `at` is the place, `count` the length.
#define FOR_BLOCKS(begin, end) \
    for (ptrdiff_t at = (begin), count; count = smaller((end) - at, BLOCK), at < (end); at += count)

INLINE ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

INLINE ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) {
    return a > b ? a : b;
}

// SUM_LANES floats, zeros after the first `count`.
INLINE sum_vector load_lanes(const float *values, ptrdiff_t count) {
    sum_vector lanes = {0};
    memcpy(&lanes, values, (size_t)(count < SUM_LANES ? count : SUM_LANES) * 4);
    return lanes;
}

// The lanes' sum, by halves.
INLINE float sum_of_lanes(sum_vector lanes) {
    float values[SUM_LANES];
    memcpy(values, &lanes, sizeof values);
    for (int half = SUM_LANES / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) values[i] += values[i + half];
    }
    return values[0];
}

// The largest of `count` values; minus infinity for none. A NaN is passed over.
INLINE float largest_value(const float *values, ptrdiff_t count) {
    sum_vector lanes = (sum_vector){0} - INFINITY;
    ptrdiff_t whole = count / SUM_LANES * SUM_LANES;
    for (ptrdiff_t i = 0; i < whole; i += SUM_LANES) {
        sum_vector next = load_lanes(values + i, SUM_LANES);
        sum_mask greater = next > lanes; // a NaN is not
        lanes = (sum_vector)((greater & (sum_mask)next) | (~greater & (sum_mask)lanes));
    }
    float largest = -INFINITY;
    for (int lane = 0; lane < SUM_LANES; lane++) largest = lanes[lane] > largest ? lanes[lane] : largest;
    for (ptrdiff_t i = whole; i < count; i++) largest = values[i] > largest ? values[i] : largest;
    return largest;
}
