// 4-bit NormalFloat: reading elements, and packing them as panels of a product.

// What the 16 codes stand for; `NF4Matrix.values` in Swift says the same.
static const float nf4_values[16] = {
    -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f,
    -0.18477343022823334f, -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f,
    0.24611230194568634f, 0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f,
};

#define NF4_BLOCK 64
#define NF4_OUTER_BLOCK 256

INLINE float nf4_scale(const ckernels_nf4 *matrix, ptrdiff_t block) {
    if (matrix->scales != NULL) return matrix->scales[block];
    // Two statements: the product is rounded before the sum.
    float product = matrix->scale_map[matrix->scale_codes[block]] * matrix->outer_scales[block / NF4_OUTER_BLOCK];
    return product + matrix->offset;
}

// Sixteen elements from eight bytes, by a table of what the codes stand for.
INLINE void look_up_16(const uint8_t *codes, const float *table, float *values) {
#if LANES == 16
    __m128i bytes = _mm_loadl_epi64((const __m128i *)codes), low_bits = _mm_set1_epi8(15);
    __m128i high = _mm_and_si128(_mm_srli_epi16(bytes, 4), low_bits), low = _mm_and_si128(bytes, low_bits);
    __m512i indices = _mm512_cvtepu8_epi32(_mm_unpacklo_epi8(high, low));
    _mm512_storeu_ps(values, _mm512_permutexvar_ps(indices, _mm512_loadu_ps(table)));
#else
    for (ptrdiff_t i = 0; i < 8; i++) {
        values[2 * i] = table[codes[i] >> 4];
        values[2 * i + 1] = table[codes[i] & 15];
    }
#endif
}

// Elements [begin, begin + count), rounded to the matrix's type.
static void read_nf4(const ckernels_nf4 *matrix, ptrdiff_t begin, ptrdiff_t count, float *restrict values) {
    ptrdiff_t end = begin + count;
    while (begin < end) {
        ptrdiff_t block = begin / NF4_BLOCK, stop = smaller(end, (block + 1) * NF4_BLOCK);
        float scale = nf4_scale(matrix, block), table[16];
        for (int i = 0; i < 16; i++) table[i] = nf4_values[i] * scale;
        if (matrix->type == CKERNELS_BFLOAT16) {
            for (int i = 0; i < 16; i++) table[i] = widen_bfloat16(round_bfloat16(table[i]));
        }
        for (; begin % 2 == 0 && begin + 16 <= stop; begin += 16, values += 16) {
            look_up_16(matrix->codes + begin / 2, table, values);
        }
        for (; begin < stop; begin++, values++) {
            uint8_t byte = matrix->codes[begin / 2];
            *values = table[begin % 2 == 0 ? byte >> 4 : byte & 15];
        }
    }
}

static void dequantize(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_dequantize_call *call = arguments;
    block scratch;
    FOR_BLOCKS(begin, end) {
        read_nf4(&call->input, at, count, scratch.values);
        write_block(call->output, at, count, scratch.values);
    }
}

// One unit: a float32, or two elements that are bfloat16 already.
INLINE uint32_t unit_of(float low, float high, bool pairs) {
    return pairs ? to_bits(low) >> 16 | (to_bits(high) & 0xffff0000) : to_bits(low);
}

// Packs `count` of `width` columns, `depth` elements deep, as `pack_panel` does for dense matrices.
static void pack_nf4_panel(
    const ckernels_nf4 *matrix, packing_source from, ptrdiff_t depth, ptrdiff_t count, ptrdiff_t width, bool pairs,
    uint32_t *panel
) {
    ptrdiff_t units = units_of(depth, pairs), per_unit = pairs ? 2 : 1;
    if (count < width) memset(panel, 0, (size_t)(units * width) * 4);
    if (from.width == 1) {
        float low[TILE_COLUMNS], high[TILE_COLUMNS] = {0};
        for (ptrdiff_t unit = 0; unit < units; unit++, panel += width) {
            ptrdiff_t row = unit * per_unit;
            read_nf4(matrix, from.origin + row * from.depth, count, low);
            if (pairs && row + 1 < depth) read_nf4(matrix, from.origin + (row + 1) * from.depth, count, high);
            if (row + 1 >= depth) memset(high, 0, sizeof high);
            for (ptrdiff_t w = 0; w < count; w++) panel[w] = unit_of(low[w], high[w], pairs);
        }
        return;
    }
    for (ptrdiff_t first = 0; first < units; first += PACK_STEP) {
        ptrdiff_t step = smaller(PACK_STEP, units - first);
        ptrdiff_t elements = smaller(step * per_unit, depth - first * per_unit);
        for (ptrdiff_t w = 0; w < count; w++) {
            float values[2 * PACK_STEP] = {0};
            uint32_t *target = panel + first * width + w;
            read_nf4(matrix, from.origin + w * from.width + first * per_unit, elements, values);
            for (ptrdiff_t u = 0; u < step; u++) {
                target[u * width] = unit_of(values[u * per_unit], pairs ? values[2 * u + 1] : 0, pairs);
            }
        }
    }
}
