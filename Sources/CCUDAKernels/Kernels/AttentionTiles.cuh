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

// Where a row of a tile comes from; zeros take its place where it is not there.
struct row_source {
    int64_t place;
    bool is_there;
};

// Copies `rows` rows of HEAD_SIZE elements into a tile; `commit_copies` is left to the caller.
template <typename T, typename SourceOf>
DEVICE void load_tile(uint16_t *tile, ccudakernels_address address, int rows, SourceOf source_of) {
    const T *elements = input_of<T>(address);
    if (is_aligned(address)) {
#pragma unroll 4
        for (int i = threadIdx.x; i < rows * (DEPTH / 8); i += blockDim.x) {
            int row = i / (DEPTH / 8), element = i % (DEPTH / 8) * 8;
            row_source source = source_of(row);
            bool there = source.is_there && element < HEAD_SIZE;
            copy_sixteen(tile + row * STRIDE + element, elements + (there ? source.place + element : 0), there);
        }
        return;
    }
    for (int i = threadIdx.x; i < rows * DEPTH; i += blockDim.x) {
        int row = i / DEPTH, element = i % DEPTH;
        row_source source = source_of(row);
        bool there = source.is_there && element < HEAD_SIZE;
        tile[row * STRIDE + element] = there ? elements[source.place + element].bits : (uint16_t)0;
    }
}

// Places are computed for rows that are not there too: a branch would cost more.
template <typename T>
DEVICE void load_queries(
    uint16_t *tile, ccudakernels_address address, const ccudakernels_attention &shape, const attention_place &place,
    int32_t first, int rows
) {
    load_tile<T>(tile, address, rows, [&](int row) {
        return row_source{query_place(shape, place, first + row), first + row < place.rows};
    });
}

// Keys from `first` on; those outside the example's visible ones are zeros and are not read.
template <typename T>
DEVICE void load_keys(
    uint16_t *tile, ccudakernels_address address, const ccudakernels_attention &shape, const attention_place &place,
    int32_t first
) {
    uint32_t count = larger(place.visible.key_end - place.visible.key_begin, 0);
    load_tile<T>(tile, address, TILE, [&](int row) {
        return row_source{key_place(shape, place, first + row), (uint32_t)(first + row) < count};
    });
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

// Scores in units of log2(e), after scale and soft-cap.
struct score_rule {
    float factor;     // of a product, without a cap
    float cap, steepness; // with one: cap * log2(e), and 2 log2(e) * scale / soft_cap
    bool is_capped;
};

DEVICE score_rule rule_of(const ccudakernels_attention &shape) {
    bool is_capped = shape.soft_cap != 0;
    return {shape.scale * LOG2_E, shape.soft_cap * LOG2_E,
            is_capped ? 2 * LOG2_E * shape.scale / shape.soft_cap : 0.0f, is_capped};
}

// The hyperbolic tangent of the capped score, by an exponential: its error is absolute, which is what a score needs.
DEVICE float capped_share(const score_rule &rule, float product) {
    return 1.0f - 2.0f * fast_reciprocal(1.0f + fast_power_of_two(product * rule.steepness));
}

// What one tile of keys gives to two rows of a lane: its own maximum and sum, whatever other tiles hold. So a row's
// bits are the same whether tiles follow each other or are computed apart.
struct tile_sums {
    float largest[2], sum[2];
};

// Turns products into scores, all of them: a branch for each would wait for each.
DEVICE void score_tile(float (&c)[TILE / 8][4], const score_rule &rule) {
    if (rule.is_capped) {
#pragma unroll
        for (int i = 0; i < TILE / 2; i++) c[i / 4][i % 4] = rule.cap * capped_share(rule, c[i / 4][i % 4]);
    } else {
#pragma unroll
        for (int i = 0; i < TILE / 2; i++) c[i / 4][i % 4] = rule.factor * c[i / 4][i % 4];
    }
}

// Whether a row sees a key: one comparison.
DEVICE bool is_seen(const seen_keys &seen, int32_t key) {
    return (uint32_t)(key - seen.begin) < (uint32_t)(seen.end - seen.begin);
}

// Turns products into weights, exp(score - largest), zeros where a row does not see; `first` is the tile's first key.
DEVICE tile_sums soften_tile(
    float (&c)[TILE / 8][4], const score_rule &rule, const seen_keys (&seen)[2], int32_t first
) {
    tile_sums result;
    score_tile(c, rule);
    int32_t column = first + threadIdx.x % 4 * 2;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float largest = -INFINITE, sum = 0;
#pragma unroll
        for (int block = 0; block < TILE / 8; block++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                int32_t key = column + block * 8 + i;
                float &value = c[block][2 * half + i];
                value = is_seen(seen[half], key) ? value : -INFINITE;
                largest = larger(largest, value);
            }
        }
        largest = larger(largest, shuffle_xor(largest, 1));
        largest = larger(largest, shuffle_xor(largest, 2));
        float origin = largest == -INFINITE ? 0.0f : largest; // keeps the difference a number
#pragma unroll
        for (int block = 0; block < TILE / 8; block++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                float &value = c[block][2 * half + i];
                value = fast_power_of_two(value - origin);
                sum += value;
            }
        }
        sum += shuffle_xor(sum, 1);
        sum += shuffle_xor(sum, 2);
        result.largest[half] = largest;
        result.sum[half] = sum;
    }
    return result;
}

// Weights as left fragments, 16 keys each.
template <typename T> DEVICE void pack_weights(uint32_t (&weights)[TILE / 16][4], const float (&c)[TILE / 8][4]) {
#pragma unroll
    for (int block = 0; block < TILE / 16; block++) {
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

// `stem_type_size`, with macros for the last two.
#define JOINED_NAME(stem, type, size) stem##_##type##_##size
#define NAME(stem, type, size) JOINED_NAME(stem, type, size)
