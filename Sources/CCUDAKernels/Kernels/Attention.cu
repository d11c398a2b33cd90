// The forward of attention on tensor cores, for one head size: whole passes, and few rows against many keys.
//
// Both take the keys in tiles of 64, compute each tile as if there were no other, and merge what tiles give in order,
// by the same sums: one after another here, by `attention_combine` where tiles were computed apart.

#include "AttentionTiles.cuh"

// Ends a row: its log-sum-exp is written by one lane, and its output is to be multiplied by the result.
DEVICE float finish_row(
    const ccudakernels_attention &shape, const attention_place &place, int32_t row, float largest, float sum, bool writes
) {
    if (shape.log_sum_exp != 0 && writes) {
        output_of<float>(shape.log_sum_exp)[sum_place(shape, place, row)] = log_sum_exp_of(largest, sum);
    }
    return sum > 0 ? 1.0f / sum : 0.0f;
}

#if HEAD_SIZE < CCUDAKERNELS_LARGE_HEAD

// A block takes 64 rows, a warp 16 of them; a lane holds rows g and g + 8. Queries stay in registers, and two pairs of
// tiles take turns: one is read while the other is on its way.
template <typename T> DEVICE void attention(const ccudakernels_attention_arguments &p) {
    DYNAMIC_SHARED(memory);
    uint16_t *keys = (uint16_t *)memory, *next = keys + 2 * TILE * STRIDE;
    const ccudakernels_attention &shape = p.shape;
    attention_place place = place_of_token(shape);
    score_rule rule = rule_of(shape);
    int32_t first_row = blockIdx.x * TILE, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    int32_t rows[2] = {first_row + warp * 16 + lane / 4, first_row + warp * 16 + lane / 4 + 8};
    seen_keys seen[2] = {keys_seen_by(shape, place, rows[0]), keys_seen_by(shape, place, rows[1])};
    seen_keys all = keys_seen_by_rows(shape, place, first_row, TILE);
    seen_keys each = keys_seen_by_each(shape, place, first_row, TILE);
    float output[DEPTH / 8][4], largest[2] = {-INFINITE, -INFINITE}, sum[2] = {0, 0};
#pragma unroll
    for (int i = 0; i < DEPTH / 2; i++) output[i / 4][i % 4] = 0;
    int32_t first = all.begin / TILE * TILE;
    load_queries<T>(next, shape.q, shape, place, first_row);
    commit_copies();
    load_pair<T>(keys, shape, place, first);
    commit_copies();
    wait_for_copies<1>();
    __syncthreads();
    uint32_t queries[STEPS][4];
    load_strip(queries, next, warp * 16);
    for (; first < all.end; first += TILE) {
        wait_for_copies<0>();
        __syncthreads(); // the tiles are there, and everybody is done with the ones before
        if (first + TILE < all.end) load_pair<T>(next, shape, place, first + TILE);
        commit_copies();
        float c[TILE / 8][4];
        multiply_strip<T, TILE / 16>(c, queries, keys, 0);
        share_tile(c, rule);
        if (first < each.begin || first + TILE > each.end) hide_unseen(c, seen, first + lane % 4 * 2, -INFINITE);
        tile_sums tile = soften_tile(c, rule);
        uint32_t weights[TILE / 16][4];
        pack_weights<T>(weights, c);
        merging merge[2];
#pragma unroll
        for (int i = 0; i < 2; i++) {
            merge[i] = merged(largest[i], tile.largest[i]);
            largest[i] = merge[i].largest;
            sum[i] = fmaf(tile.sum[i], merge[i].added, sum[i] * merge[i].kept);
        }
#pragma unroll
        for (int step = 0; step < STEPS; step++) {
            float mixed[2][4];
            mix_values<T>(mixed, weights, keys + TILE * STRIDE, step * 16);
#pragma unroll
            for (int i = 0; i < 8; i++) {
                float &place = output[2 * step + i / 4][i % 4];
                place = fmaf(mixed[i / 4][i % 4], merge[i % 4 / 2].added, place * merge[i % 4 / 2].kept);
            }
        }
        uint16_t *done = keys;
        keys = next;
        next = done;
    }
    wait_for_copies<0>();
#pragma unroll
    for (int half = 0; half < 2; half++) {
        if (rows[half] >= place.rows) continue;
        T *row = output_of<T>(shape.output) + query_place(shape, place, rows[half]);
        float share = finish_row(shape, place, rows[half], largest[half], sum[half], lane % 4 == 0);
#pragma unroll
        for (int block = 0; block < HEAD_SIZE / 8; block++) {
            const float *pair = &output[block][2 * half];
            write_pair(row + block * 8 + lane % 4 * 2, pair[0] * share, pair[1] * share);
        }
    }
}

#else

// What the warps tell each other of a row. It lies in the padding of a tile: that of the queries has the largest shares
// of each half of the keys and their sums, that of the values what `merging` keeps and adds.
DEVICE float *notes_of(uint16_t *tile, int row) {
    return (float *)(tile + row * STRIDE + DEPTH);
}

// 32 rows of weights from `row` on times 32 columns of a tile of values.
template <typename T>
DEVICE void mix_wide(float (&c)[2][4][4], const uint16_t *weights, int row, const uint16_t *values, int column) {
#pragma unroll
    for (int i = 0; i < 32; i++) c[i / 16][i / 4 % 4][i % 4] = 0;
#pragma unroll 1 // more would take registers that keep another block away
    for (int block = 0; block < TILE / 16; block++) {
        uint32_t a[2][4], b[4];
        load_left(a[0], weights, WEIGHT_STRIDE, row, block * 16);
        load_left(a[1], weights, WEIGHT_STRIDE, row + 16, block * 16);
#pragma unroll
        for (int side = 0; side < 2; side++) {
            load_right_transposed(b, values, block * 16, column + side * 16);
#pragma unroll
            for (int i = 0; i < 2; i++) {
                tensor_cores<T>::multiply(c[i][2 * side], a[i], b[0], b[1]);
                tensor_cores<T>::multiply(c[i][2 * side + 1], a[i], b[2], b[3]);
            }
        }
    }
}

// A block takes 64 rows. Of the scores, a warp takes 16 rows and half of a tile's keys; of the output, 32 rows and a
// quarter of the columns, since then what it reads of the weights and values is used most often.
template <typename T> DEVICE void attention(const ccudakernels_attention_arguments &p) {
    DYNAMIC_SHARED(memory);
    uint16_t *queries = (uint16_t *)memory, *keys = queries + TILE * STRIDE, *values = keys + TILE * STRIDE;
    uint16_t *weights = p.has_room ? values + TILE * STRIDE : keys;
    const ccudakernels_attention &shape = p.shape;
    attention_place place = place_of_token(shape);
    score_rule rule = rule_of(shape);
    int32_t first_row = blockIdx.x * TILE, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    int32_t half = warp / 4, scored = warp % 4 * 16 + lane / 4;
    int32_t upper = warp % 2 * 32, mixed_row = upper + lane / 4, column = warp / 2 * COLUMNS;
    seen_keys all = keys_seen_by_rows(shape, place, first_row, TILE);
    seen_keys each = keys_seen_by_each(shape, place, first_row, TILE);
    float output[2][COLUMNS / 8][4], largest[2] = {-INFINITE, -INFINITE}, sum[2] = {0, 0}; // the last two of scored rows
#pragma unroll
    for (int i = 0; i < COLUMNS; i++) output[i / (COLUMNS / 2)][i / 4 % (COLUMNS / 8)][i % 4] = 0;
    int32_t first = all.begin / TILE * TILE;
    load_queries<T>(queries, shape.q, shape, place, first_row);
    load_keys<T>(keys, shape.k, shape, place, first);
    commit_copies();
    for (; first < all.end; first += TILE) {
        bool goes_on = first + TILE < all.end;
        wait_for_copies<0>();
        __syncthreads(); // the keys are there, and everybody is done with the values and weights before
        load_keys<T>(values, shape.v, shape, place, first);
        commit_copies();
        float c[4][4], tops[2], sums[2];
        multiply_rows<T, 2>(c, queries, warp % 4 * 16, keys, half * 32);
        share_tile(c, rule);
        if (first < each.begin || first + TILE > each.end) {
            seen_keys seen[2] = {keys_seen_by(shape, place, first_row + scored),
                                 keys_seen_by(shape, place, first_row + scored + 8)};
            hide_unseen(c, seen, first + half * 32 + lane % 4 * 2, -INFINITE);
        }
        find_largest(tops, c);
        if (lane % 4 == 0) {
#pragma unroll
            for (int i = 0; i < 2; i++) notes_of(queries, scored + 8 * i)[half] = tops[i];
        }
        __syncthreads(); // the largest are there, and everybody is done with the keys
        if (p.has_room && goes_on) load_keys<T>(keys, shape.k, shape, place, first + TILE);
        commit_copies();
        merging merge[2];
#pragma unroll
        for (int i = 0; i < 2; i++) {
            const float *notes = notes_of(queries, scored + 8 * i);
            tops[i] = larger(notes[0], notes[1]) * rule.factor;
            merge[i] = merged(largest[i], tops[i]);
            largest[i] = merge[i].largest;
        }
        soften(sums, c, rule, tops, 0);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            uint16_t *row = weights + (scored + i % 2 * 8) * WEIGHT_STRIDE + half * 32 + lane % 4 * 2;
            const float *pair = &c[i / 2][i % 2 * 2];
            *(uint32_t *)(row + i / 2 * 8) = tensor_cores<T>::pair(pair[0], pair[1]);
        }
        if (lane % 4 == 0) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                notes_of(queries, scored + 8 * i)[2 + half] = sums[i];
                notes_of(values, scored + 8 * i)[half] = half == 0 ? merge[i].kept : merge[i].added;
            }
        }
        wait_for_copies<1>();
        __syncthreads(); // the values, the weights and their sums are there
#pragma unroll
        for (int i = 0; i < 2; i++) {
            const float *notes = notes_of(queries, scored + 8 * i);
            sum[i] = fmaf(notes[2] + notes[3], merge[i].added, sum[i] * merge[i].kept);
        }
#pragma unroll
        for (int part = 0; part < COLUMNS / 32; part++) {
            float mixed[2][4][4];
            mix_wide<T>(mixed, weights, upper, values, column + part * 32);
#pragma unroll
            for (int row = 0; row < 4; row++) {
                const float *notes = notes_of(values, mixed_row + 8 * row);
                float kept = notes[0], added = notes[1];
#pragma unroll
                for (int i = 0; i < 8; i++) {
                    int element = row % 2 * 2 + i % 2;
                    float &place = output[row / 2][part * 4 + i / 2][element];
                    place = fmaf(mixed[row / 2][i / 2][element], added, place * kept);
                }
            }
        }
        if (!p.has_room && goes_on) {
            __syncthreads(); // everybody is done with the weights
            load_keys<T>(keys, shape.k, shape, place, first + TILE);
            commit_copies();
        }
    }
    wait_for_copies<0>();
    __syncthreads(); // everybody is done with the notes
    if (half == 0 && lane % 4 == 0) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
            int32_t row = first_row + scored + 8 * i;
            if (row >= place.rows) continue;
            notes_of(queries, scored + 8 * i)[0] = finish_row(shape, place, row, largest[i], sum[i], true);
        }
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 4; i++) {
        int32_t row = first_row + mixed_row + 8 * i;
        if (row >= place.rows) continue;
        T *to = output_of<T>(shape.output) + query_place(shape, place, row) + column + lane % 4 * 2;
        float share = notes_of(queries, mixed_row + 8 * i)[0];
#pragma unroll
        for (int block = 0; block < COLUMNS / 8; block++) {
            const float *pair = &output[i / 2][block][i % 2 * 2];
            write_pair(to + block * 8, pair[0] * share, pair[1] * share);
        }
    }
}

#endif

// At most 16 rows; a block takes one tile of keys. Its warps share the scores out by keys, then each softens all of
// them and mixes some columns of the values.
template <typename T> DEVICE void attention_decode(const ccudakernels_attention_arguments &p) {
    DYNAMIC_SHARED(memory);
    uint16_t *keys = (uint16_t *)memory, *values = keys + TILE * STRIDE, *queries = values + TILE * STRIDE;
    float *scores = (float *)(queries + CCUDAKERNELS_DECODE_ROWS * STRIDE);
    const ccudakernels_attention &shape = p.shape;
    attention_place place = place_of_token(shape);
    int32_t first = blockIdx.x * TILE, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    int64_t partial = ((int64_t)place.example * shape.key_heads + place.key_head) * p.parts + blockIdx.x;
    float *sums = output_of<float>(p.partial_sums) + partial * place.rows * 2;
    seen_keys all = keys_seen_by_rows(shape, place, 0, place.rows);
    if (first >= all.end || first + TILE <= all.begin) {
        for (int row = threadIdx.x; row < place.rows; row += blockDim.x) sums[row * 2] = -INFINITE;
        return;
    }
    load_queries<T, 128, CCUDAKERNELS_DECODE_ROWS>(queries, shape.q, shape, place, 0);
    load_keys<T, 128>(keys, shape.k, shape, place, first);
    commit_copies();
    load_keys<T, 128>(values, shape.v, shape, place, first);
    commit_copies();
    wait_for_copies<1>();
    __syncthreads();
    float part[2][4], c[TILE / 8][4];
    multiply_rows<T, 1>(part, queries, 0, keys, warp * 16);
#pragma unroll
    for (int i = 0; i < 8; i++) {
        scores[(lane / 4 + i % 4 / 2 * 8) * TILE + warp * 16 + i / 4 * 8 + lane % 4 * 2 + i % 2] = part[i / 4][i % 4];
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < TILE / 2; i++) {
        c[i / 4][i % 4] = scores[(lane / 4 + i % 4 / 2 * 8) * TILE + i / 4 * 8 + lane % 4 * 2 + i % 2];
    }
    int32_t rows[2] = {lane / 4, lane / 4 + 8};
    seen_keys seen[2] = {keys_seen_by(shape, place, rows[0]), keys_seen_by(shape, place, rows[1])};
    uint32_t weights[TILE / 16][4];
    score_rule rule = rule_of(shape);
    share_tile(c, rule);
    hide_unseen(c, seen, first + lane % 4 * 2, -INFINITE);
    tile_sums tile = soften_tile(c, rule);
    pack_weights<T>(weights, c);
    wait_for_copies<0>();
    __syncthreads();
    float *outputs = output_of<float>(p.partial_outputs) + partial * place.rows * HEAD_SIZE;
    for (int step = warp; step < STEPS; step += 4) {
        float mixed[2][4];
        mix_values<T>(mixed, weights, values, step * 16);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            int32_t row = rows[i % 4 / 2], column = step * 16 + i / 4 * 8 + lane % 4 * 2 + i % 2;
            if (row < place.rows && column < HEAD_SIZE) outputs[row * HEAD_SIZE + column] = mixed[i / 4][i % 4];
        }
    }
    if (warp > 0 || lane % 4 > 0) return;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        if (rows[half] >= place.rows) continue;
        sums[rows[half] * 2] = tile.largest[half];
        sums[rows[half] * 2 + 1] = tile.sum[half];
    }
}

KERNEL(NAME(attention, float16, HEAD_SIZE), ccudakernels_attention_arguments, THREADS, BLOCKS) {
    attention<float16>(p);
}
KERNEL(NAME(attention_decode, float16, HEAD_SIZE), ccudakernels_attention_arguments, 128) {
    attention_decode<float16>(p);
}
#if HAS_BFLOAT16
KERNEL(NAME(attention, bfloat16, HEAD_SIZE), ccudakernels_attention_arguments, THREADS, BLOCKS) {
    attention<bfloat16>(p);
}
KERNEL(NAME(attention_decode, bfloat16, HEAD_SIZE), ccudakernels_attention_arguments, 128) {
    attention_decode<bfloat16>(p);
}
#endif
