// Tiles of 64 rows in shared memory, their products on tensor cores, and the softmax of one tile.
//
// HEAD_SIZE is a macro of the program. Rows are padded to whole steps of depth, with zeros, and by 16 bytes, so that
// the eight rows that are read at once lie in different banks.
#pragma once

#include "AttentionMasks.cuh"

#define TILE 64
#define DEPTH ((HEAD_SIZE + 15) / 16 * 16)
#define STRIDE (DEPTH + 8)
#define STEPS (DEPTH / 16)
// Tiles of weights: 64 by 64.
#define WEIGHT_STRIDE (TILE + 8)
// Columns of sums that a warp takes where four warps share them out.
#define COLUMNS (HEAD_SIZE / 4)
// The threads of a block, and the blocks that a processor shall have room for in the forward: heads that are small leave
// a warp the registers for whole rows of scores; else two warps share them out, and hand weights on in shared memory.
#define THREADS (HEAD_SIZE < CCUDAKERNELS_LARGE_HEAD ? 128 : 256)
#define BLOCKS (HEAD_SIZE == 64 ? 4 : HEAD_SIZE < CCUDAKERNELS_LARGE_HEAD ? 3 : 2)

// Where an element of a tile lies, in rows that are padded as above.
struct padded_rows {
    static __device__ __forceinline__ uint32_t place(uint32_t row, uint32_t element) { return row * STRIDE + element; }
};

// Copies `rows` rows of HEAD_SIZE elements into a tile, by groups of so many threads, and zeros in place of those that
// are not there; `commit_copies` is left to the caller. Row `i` begins `offset_of(i)` elements behind `address`.
template <typename T, int threads, int rows, typename Layout, typename OffsetOf, typename IsThere>
DEVICE void load_tile(uint16_t *tile, ccudakernels_address address, OffsetOf offset_of, IsThere is_there) {
    const T *elements = input_of<T>(address);
    uint32_t thread = threadIdx.x % threads;
    if (is_aligned(address)) {
#pragma unroll
        for (uint32_t step = 0; step < (rows * (DEPTH / 8) + threads - 1) / threads; step++) {
            uint32_t i = thread + step * threads, row = i / (DEPTH / 8), element = i % (DEPTH / 8) * 8;
            if (rows * (DEPTH / 8) % threads != 0 && row >= rows) break;
            copy_sixteen(tile + Layout::place(row, element), elements + (offset_of(row) + (int32_t)element),
                         is_there(row) && element < HEAD_SIZE);
        }
        return;
    }
#pragma unroll 1
    for (uint32_t i = thread; i < rows * DEPTH; i += threads) {
        uint32_t row = i / DEPTH, element = i % DEPTH;
        bool there = is_there(row) && element < HEAD_SIZE;
        tile[Layout::place(row, element)] = there ? elements[offset_of(row) + (int32_t)element].bits : (uint16_t)0;
    }
}

// Rows from `first` on, of the queries or of an array like them.
template <typename T, int threads = THREADS, int rows = TILE, typename Layout = padded_rows>
DEVICE void load_queries(
    uint16_t *tile, ccudakernels_address address, const ccudakernels_attention &shape, const attention_place &place,
    int32_t first
) {
    int64_t before = query_place(shape, place, 0);
    int32_t size = shape.head_size, jump = (shape.heads - place.group) * size; // between positions
    load_tile<T, threads, rows, Layout>(
        tile, address + before * (int64_t)sizeof(T),
        [&](uint32_t row) { return (first + (int32_t)row) * size + position_of(place, first + (int32_t)row) * jump; },
        [&](uint32_t row) { return first + (int32_t)row < place.rows; });
}

// Keys from `first` on, or values; those outside the example's visible ones are zeros and are not read.
template <typename T, int threads = THREADS, int rows = TILE, typename Layout = padded_rows>
DEVICE void load_keys(
    uint16_t *tile, ccudakernels_address address, const ccudakernels_attention &shape, const attention_place &place,
    int32_t first
) {
    int64_t before = key_place(shape, place, first);
    uint32_t count = larger(place.visible.key_end - place.visible.key_begin, 0);
    int32_t step = shape.key_heads * shape.head_size;
    load_tile<T, threads, rows, Layout>(
        tile, address + before * (int64_t)sizeof(T), [&](uint32_t row) { return (int32_t)row * step; },
        [&](uint32_t row) { return (uint32_t)first + row < count; });
}

// Keys and their values, in tiles that follow each other; queries and their outputs' gradients.
template <typename T>
DEVICE void load_pair(
    uint16_t *tiles, const ccudakernels_attention &shape, const attention_place &place, int32_t first
) {
    load_keys<T>(tiles, shape.k, shape, place, first);
    load_keys<T>(tiles + TILE * STRIDE, shape.v, shape, place, first);
}

template <typename T>
DEVICE void load_pair(
    uint16_t *tiles, ccudakernels_address gradients, const ccudakernels_attention &shape, const attention_place &place,
    int32_t first
) {
    load_queries<T>(tiles, shape.q, shape, place, first);
    load_queries<T>(tiles + TILE * STRIDE, gradients, shape, place, first);
}

// A fragment of a left operand: 16 rows and columns of a tile from (row, column) on.
DEVICE void load_left(uint32_t (&a)[4], const uint16_t *tile, int stride, int row, int column) {
    int lane = threadIdx.x % 32;
    load_matrices(a, tile + (row + lane % 16) * stride + column + lane / 16 * 8);
}

// Fragments of a right operand whose columns are rows of the tile: b[0...1] for rows row...row + 7, b[2...3] for 8
// more; 16 of depth from `column` on.
DEVICE void load_right(uint32_t (&b)[4], const uint16_t *tile, int row, int column) {
    int lane = threadIdx.x % 32;
    load_matrices(b, tile + (row + lane % 8 + lane / 16 * 8) * STRIDE + column + lane / 8 % 2 * 8);
}

// The same where the columns are columns of the tile: b[0...1] for column...column + 7, b[2...3] for 8 more; 16 of
// depth from `row` on.
DEVICE void load_right_transposed(uint32_t (&b)[4], const uint16_t *tile, int row, int column) {
    int lane = threadIdx.x % 32;
    load_matrices_transposed(b, tile + (row + lane % 16) * STRIDE + column + lane / 16 * 8);
}

// c = 16 rows of `left` times `blocks` * 16 rows of `right`: scores, in order of depth.
template <typename T, int blocks>
DEVICE void multiply_rows(
    float (&c)[2 * blocks][4], const uint16_t *left, int left_row, const uint16_t *right, int right_row
) {
#pragma unroll
    for (int i = 0; i < 2 * blocks; i++) {
#pragma unroll
        for (int k = 0; k < 4; k++) c[i][k] = 0;
    }
#pragma unroll 2 // more would take registers that large heads need
    for (int step = 0; step < STEPS; step++) {
        uint32_t a[4], b[4];
        load_left(a, left, STRIDE, left_row, step * 16);
#pragma unroll
        for (int block = 0; block < blocks; block++) {
            load_right(b, right, right_row + block * 16, step * 16);
            tensor_cores<T>::multiply(c[2 * block], a, b[0], b[1]);
            tensor_cores<T>::multiply(c[2 * block + 1], a, b[2], b[3]);
        }
    }
}

// 16 rows of a tile, all of their depth, as left fragments.
DEVICE void load_strip(uint32_t (&a)[STEPS][4], const uint16_t *tile, int row) {
#pragma unroll
    for (int step = 0; step < STEPS; step++) load_left(a[step], tile, STRIDE, row, step * 16);
}

// As `multiply_rows`, of rows that registers hold.
template <typename T, int blocks>
DEVICE void multiply_strip(
    float (&c)[2 * blocks][4], const uint32_t (&left)[STEPS][4], const uint16_t *right, int right_row
) {
#pragma unroll
    for (int i = 0; i < 8 * blocks; i++) c[i / 4][i % 4] = 0;
#pragma unroll
    for (int step = 0; step < STEPS; step++) {
#pragma unroll
        for (int block = 0; block < blocks; block++) {
            uint32_t b[4];
            load_right(b, right, right_row + block * 16, step * 16);
            tensor_cores<T>::multiply(c[2 * block], left[step], b[0], b[1]);
            tensor_cores<T>::multiply(c[2 * block + 1], left[step], b[2], b[3]);
        }
    }
}

// A score in units of log2(e) is `factor` times a share: the product itself, or what the soft-cap leaves of it.
struct score_rule {
    float factor;      // above 0
    float part_of_cap; // with a cap: scale / soft_cap
    bool is_capped;
};

DEVICE score_rule rule_of(const ccudakernels_attention &shape) {
    bool is_capped = shape.soft_cap != 0;
    return {(is_capped ? shape.soft_cap : shape.scale) * LOG2_E, is_capped ? shape.scale / shape.soft_cap : 0.0f,
            is_capped};
}

// The hyperbolic tangent of -1...1, which nearly all scores are: by Chebyshev's approximation of its ratio to x, with a
// relative error of 5e-8. Exponentials are what attention has to wait for; these sums are not.
DEVICE float small_tangent(float x) {
    float square = x * x, ratio = 0.0010380251f;
    ratio = fmaf(ratio, square, -0.0061943248f);
    ratio = fmaf(ratio, square, 0.020279708f);
    ratio = fmaf(ratio, square, -0.053451646f);
    ratio = fmaf(ratio, square, 0.13325076f);
    ratio = fmaf(ratio, square, -0.33332828f);
    return x * fmaf(ratio, square, 0.99999995f);
}

// The same of all numbers, by an exponential: its error is absolute, which is what a score needs.
DEVICE float tangent(float x) {
    return fmaf(-2.0f, fast_reciprocal(1.0f + fast_power_of_two(x * (2 * LOG2_E))), 1.0f);
}

// Turns products into shares. Each takes the way that its own value asks for, whatever its neighbours are; all are
// computed, since a branch for each would wait for each.
template <int blocks> DEVICE void share_tile(float (&c)[blocks][4], const score_rule &rule) {
    if (!rule.is_capped) return;
    bool are_small = true;
#pragma unroll
    for (int i = 0; i < blocks * 4; i++) {
        float &value = c[i / 4][i % 4];
        value *= rule.part_of_cap;
        are_small = are_small && fabsf(value) <= 1;
    }
    if (ballot(!are_small) != 0) {
#pragma unroll
        for (int i = 0; i < blocks * 4; i++) {
            float &value = c[i / 4][i % 4];
            float small = small_tangent(value), any = tangent(value);
            value = fabsf(value) <= 1 ? small : any;
        }
    } else {
#pragma unroll
        for (int i = 0; i < blocks * 4; i++) c[i / 4][i % 4] = small_tangent(c[i / 4][i % 4]);
    }
}

// Whether a row sees a key: one comparison.
DEVICE bool is_seen(const seen_keys &seen, int32_t key) {
    return (uint32_t)(key - seen.begin) < (uint32_t)(seen.end - seen.begin);
}

// Puts `hidden` where a row does not see a key. A lane's rows are eight apart, and `key` is its first one.
template <int blocks>
DEVICE void hide_unseen(float (&c)[blocks][4], const seen_keys (&seen)[2], int32_t key, float hidden) {
#pragma unroll
    for (int i = 0; i < blocks * 4; i++) {
        float &value = c[i / 4][i % 4];
        value = is_seen(seen[i % 4 / 2], key + i / 4 * 8 + i % 2) ? value : hidden;
    }
}

// The largest share of each of a lane's two rows, over the four lanes that hold a row.
template <int blocks> DEVICE void find_largest(float (&largest)[2], const float (&c)[blocks][4]) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float found = -INFINITE;
#pragma unroll
        for (int i = 0; i < blocks * 2; i++) found = fmaxf(found, c[i / 2][2 * half + i % 2]);
        found = fmaxf(found, shuffle_xor(found, 1));
        largest[half] = fmaxf(found, shuffle_xor(found, 2));
    }
}

// Turns shares into weights, exp(score - largest), and gives back the sum of 32 keys from block `first` on; `largest` is
// of scores.
template <int blocks>
DEVICE void soften(float (&sum)[2], float (&c)[blocks][4], const score_rule &rule, const float (&largest)[2], int first) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float origin = largest[half] == -INFINITE ? 0.0f : largest[half]; // keeps the difference a number
        float found = 0;
#pragma unroll
        for (int i = 0; i < 8; i++) {
            float &value = c[first + i / 2][2 * half + i % 2];
            value = fast_power_of_two(fmaf(value, rule.factor, -origin));
            found += value;
        }
        found += shuffle_xor(found, 1);
        sum[half] = found + shuffle_xor(found, 2);
    }
}

// What one tile of keys gives to two rows of a lane: its own maximum and sum, whatever other tiles hold. So a row's
// bits are the same whether tiles follow each other or are computed apart.
struct tile_sums {
    float largest[2], sum[2];
};

// Turns shares into weights; zeros where they are minus infinity.
DEVICE tile_sums soften_tile(float (&c)[TILE / 8][4], const score_rule &rule) {
    tile_sums result;
    float halves[2][2];
    find_largest(result.largest, c);
    result.largest[0] *= rule.factor;
    result.largest[1] *= rule.factor;
    soften(halves[0], c, rule, result.largest, 0);
    soften(halves[1], c, rule, result.largest, 4);
    result.sum[0] = halves[0][0] + halves[1][0];
    result.sum[1] = halves[0][1] + halves[1][1];
    return result;
}

// Weights as left fragments, 16 columns each.
template <typename T, int blocks>
DEVICE void pack_weights(uint32_t (&weights)[blocks][4], const float (&c)[2 * blocks][4]) {
#pragma unroll
    for (int block = 0; block < blocks; block++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const float *pair = &c[2 * block + i / 2][i % 2 * 2];
            weights[block][i] = tensor_cores<T>::pair(pair[0], pair[1]);
        }
    }
}

// 16 rows of weights times 16 columns of a tile of values.
template <typename T>
DEVICE void mix_values(float (&c)[2][4], const uint32_t (&weights)[TILE / 16][4], const uint16_t *values, int column) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int k = 0; k < 4; k++) c[i][k] = 0;
    }
#pragma unroll
    for (int block = 0; block < TILE / 16; block++) {
        uint32_t b[4];
        load_right_transposed(b, values, block * 16, column);
        tensor_cores<T>::multiply(c[0], weights[block], b[0], b[1]);
        tensor_cores<T>::multiply(c[1], weights[block], b[2], b[3]);
    }
}

// Writes two neighbours, the first at an even place of a row of HEAD_SIZE.
template <typename T> DEVICE void write_pair(T *to, float low, float high) {
    if ((uint64_t)to % 4 == 0) {
        *(uint32_t *)to = tensor_cores<T>::pair(low, high);
    } else {
        to[0] = rounded<T>(low);
        to[1] = rounded<T>(high);
    }
}

DEVICE void write_pair(float *to, float low, float high) {
    to[0] = low;
    to[1] = high;
}

// Ends a row: its log-sum-exp is written by one lane, and its output is to be multiplied by the result.
DEVICE float finish_row(
    const ccudakernels_attention &shape, const attention_place &place, int32_t row, float largest, float sum, bool writes
) {
    if (shape.log_sum_exp != 0 && writes) {
        output_of<float>(shape.log_sum_exp)[sum_place(shape, place, row)] = log_sum_exp_of(largest, sum);
    }
    return sum > 0 ? 1.0f / sum : 0.0f;
}

// `stem_type_size`, with macros for the last two.
#define JOINED_NAME(stem, type, size) stem##_##type##_##size
#define NAME(stem, type, size) JOINED_NAME(stem, type, size)
