// The inner product of every product: a tile of TILE_ROWS x TILE_COLUMNS sums in registers.
//
// Operands are 32-bit units along the depth: a float32, or a pair of bfloat16 where the machine multiplies pairs.
// A sum is always taken in order of depth, one unit after another, so its bits depend on nothing but its row and
// column.
//
// Packed panels hold `width` rows or columns: [panel][unit][width], zeros beyond the edge.

#define TILE_COLUMNS (LANES * TILE_VECTORS)
#define UNROLLED _Pragma("clang loop unroll(full)")

// Units along `depth` elements.
INLINE ptrdiff_t units_of(ptrdiff_t depth, bool pairs) {
    return pairs ? (depth + 1) / 2 : depth;
}

// A left operand's tile: unit (i, l) lies at `i * row + l * depth`.
typedef struct {
    const uint32_t *units;
    ptrdiff_t row, depth;
} tile_rows;

INLINE void tile_of(
    const int rows, const bool pairs, ptrdiff_t depth, tile_rows a, const uint32_t *b, float *sums, ptrdiff_t stride,
    bool continued
) {
    vector c[TILE_ROWS][TILE_VECTORS];
    UNROLLED for (int i = 0; i < rows; i++) {
        UNROLLED for (int j = 0; j < TILE_VECTORS; j++) {
            c[i][j] = (vector){0};
            if (continued) memcpy(&c[i][j], sums + i * stride + j * LANES, sizeof(vector));
        }
    }
    for (ptrdiff_t l = 0; l < depth; l++) {
        vector columns[TILE_VECTORS];
        memcpy(columns, b + l * TILE_COLUMNS, sizeof columns);
        UNROLLED for (int i = 0; i < rows; i++) {
            vector row = (vector)((unit_vector){0} + a.units[i * a.row + l * a.depth]);
            UNROLLED for (int j = 0; j < TILE_VECTORS; j++) {
                c[i][j] = pairs ? SUM_OF_PAIRS(c[i][j], row, columns[j]) : c[i][j] + row * columns[j];
            }
        }
    }
    UNROLLED for (int i = 0; i < rows; i++) memcpy(sums + i * stride, c[i], sizeof c[i]);
}

#define TILE_CASE(count)                                                              \
    case count:                                                                       \
        if (pairs && HAS_PAIRS) tile_of(count, HAS_PAIRS, depth, a, b, sums, stride, continued); \
        else tile_of(count, false, depth, a, b, sums, stride, continued);             \
        break;

// Sums of up to TILE_ROWS rows times one panel, to `sums` with `stride` floats between rows; adds to it if `continued`.
static void run_tile(
    ptrdiff_t rows, bool pairs, ptrdiff_t depth, tile_rows a, const uint32_t *b, float *sums, ptrdiff_t stride,
    bool continued
) {
    switch (rows) {
        TILE_CASES
    }
}

// Where a matrix lies: element (l along the depth, w along the width) at `origin + l * depth + w * width`; one of both
// is 1.
typedef struct {
    ckernels_array array;
    ptrdiff_t origin, depth, width;
} packing_source;

INLINE uint32_t bfloat16_at(ckernels_array array, ptrdiff_t place) {
    return ((const uint16_t *)array.data)[place];
}

// How far ahead rows are fetched: they lie too far apart for the machine to guess.
#define PREFETCHED_ROWS 32

// Rows of the source lie along the width: they are copied, or two of them zipped.
INLINE void pack_along_width(
    packing_source from, ptrdiff_t depth, ptrdiff_t count, ptrdiff_t width, bool pairs, uint32_t *restrict panel
) {
    for (ptrdiff_t u = 0; u < units_of(depth, pairs); u++, panel += width) {
        if (pairs) {
            const uint16_t *low = (const uint16_t *)from.array.data + from.origin + 2 * u * from.depth;
            const uint16_t *high = 2 * u + 1 < depth ? low + from.depth : low;
            __builtin_prefetch(low + PREFETCHED_ROWS * from.depth);
            __builtin_prefetch(low + (PREFETCHED_ROWS + 1) * from.depth);
            uint32_t mask = 2 * u + 1 < depth ? 0xffff0000 : 0;
            for (ptrdiff_t w = 0; w < count; w++) panel[w] = low[w] | ((uint32_t)high[w] << 16 & mask);
        } else if (from.array.type == CKERNELS_FLOAT32) {
            const float *row = (const float *)from.array.data + from.origin + u * from.depth;
            __builtin_prefetch(row + PREFETCHED_ROWS * from.depth);
            __builtin_prefetch(row + PREFETCHED_ROWS * from.depth + 16);
            memcpy(panel, row, (size_t)count * 4);
        } else {
            const uint16_t *bits = (const uint16_t *)from.array.data + from.origin + u * from.depth;
            for (ptrdiff_t w = 0; w < count; w++) panel[w] = (uint32_t)bits[w] << 16;
        }
        for (ptrdiff_t w = count; w < width; w++) panel[w] = 0;
    }
}

#define PACK_STEP 16

// `elements` consecutive elements as units.
INLINE void read_units(packing_source from, ptrdiff_t place, ptrdiff_t elements, bool pairs, uint32_t *units) {
    if (pairs) memcpy(units, (const uint16_t *)from.array.data + place, (size_t)elements * 2);
    else copy_block(from.array, place, elements, (float *)units);
}

// PACK_STEP units, all there: copies of a constant size.
INLINE void read_whole_units(packing_source from, ptrdiff_t place, bool pairs, uint32_t *units) {
    if (pairs) memcpy(units, (const uint16_t *)from.array.data + place, PACK_STEP * 4);
    else if (from.array.type == CKERNELS_FLOAT32) memcpy(units, (const float *)from.array.data + place, PACK_STEP * 4);
    else copy_block(from.array, place, PACK_STEP, (float *)units);
}

// Rows of the source lie along the depth: they are turned, PACK_STEP units at a time.
INLINE void pack_along_depth(
    packing_source from, ptrdiff_t depth, ptrdiff_t count, ptrdiff_t width, bool pairs, uint32_t *panel
) {
    ptrdiff_t units = units_of(depth, pairs), per_unit = pairs ? 2 : 1;
    if (count < width) memset(panel, 0, (size_t)(units * width) * 4);
    for (ptrdiff_t first = 0; first < units; first += PACK_STEP) {
        ptrdiff_t elements = smaller(PACK_STEP * per_unit, depth - first * per_unit);
        for (ptrdiff_t w = 0; w < count; w++) {
            uint32_t column[PACK_STEP] = {0}, *target = panel + first * width + w;
            ptrdiff_t place = from.origin + w * from.width + first * per_unit;
            if (elements == PACK_STEP * per_unit) {
                read_whole_units(from, place, pairs, column);
                UNROLLED for (ptrdiff_t u = 0; u < PACK_STEP; u++) target[u * width] = column[u];
            } else {
                read_units(from, place, elements, pairs, column);
                for (ptrdiff_t u = 0; u < units - first; u++) target[u * width] = column[u];
            }
        }
    }
}

// Packs `count` of `width` rows or columns, `depth` elements deep.
static void pack_panel(
    packing_source from, ptrdiff_t depth, ptrdiff_t count, ptrdiff_t width, bool pairs, uint32_t *panel
) {
    if (from.width == 1 && count == TILE_COLUMNS && width == TILE_COLUMNS) {
        pack_along_width(from, depth, TILE_COLUMNS, TILE_COLUMNS, pairs, panel); // constants make the common case fast
    } else if (from.width == 1) {
        pack_along_width(from, depth, count, width, pairs, panel);
    } else if (width == TILE_ROWS && count == TILE_ROWS) {
        pack_along_depth(from, depth, TILE_ROWS, TILE_ROWS, pairs, panel);
    } else {
        pack_along_depth(from, depth, count, width, pairs, panel);
    }
}
