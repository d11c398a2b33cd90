// The forward of attention on tensor cores, for one head size: whole passes, and few rows against many keys.
//
// Both take the keys in tiles of 64, compute each tile as if there were no other, and merge what tiles give in order,
// by the same sums: one after another, or when all blocks that computed them apart are done.

#include "AttentionTiles.cuh"

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

#define DECODE_THREADS 128
// Tiles whose sums are read at once when they are merged.
#define TILES_AT_ONCE 8

// How many blocks of a token's head are done with their tile.
static __device__ uint32_t decode_blocks_done[CCUDAKERNELS_DECODE_HEADS];

// Merges the tiles of all rows in order, as `attention` does: by the block that was done last, whichever that is.
template <typename T>
DEVICE void merge_tiles(
    const ccudakernels_attention_arguments &p, const attention_place &place, int64_t first_partial
) {
    const ccudakernels_attention &shape = p.shape;
    const float *all_sums = input_of<float>(p.partial_sums) + first_partial * place.rows * 2;
    const float *all_outputs = input_of<float>(p.partial_outputs) + first_partial * place.rows * HEAD_SIZE;
    for (int task = threadIdx.x; task < place.rows * (HEAD_SIZE / 4); task += blockDim.x) {
        int32_t row = task / (HEAD_SIZE / 4), column = task % (HEAD_SIZE / 4) * 4;
        float largest = -INFINITE, sum = 0, output[4] = {0};
        for (int32_t first = 0; first < p.parts; first += TILES_AT_ONCE) {
            float2 sums[TILES_AT_ONCE];
            float4 mixed[TILES_AT_ONCE];
#pragma unroll
            for (int i = 0; i < TILES_AT_ONCE; i++) {
                int64_t at = (int64_t)smaller(first + i, p.parts - 1) * place.rows + row;
                sums[i] = read_fresh((const float2 *)(all_sums + at * 2));
                mixed[i] = read_fresh((const float4 *)(all_outputs + at * HEAD_SIZE + column));
            }
#pragma unroll
            for (int i = 0; i < TILES_AT_ONCE; i++) {
                // Where nothing was seen, nothing else was written.
                if (first + i >= p.parts || sums[i].x == -INFINITE) continue;
                merging merge = merged(largest, sums[i].x);
                largest = merge.largest;
                sum = fmaf(sums[i].y, merge.added, sum * merge.kept);
                output[0] = fmaf(mixed[i].x, merge.added, output[0] * merge.kept);
                output[1] = fmaf(mixed[i].y, merge.added, output[1] * merge.kept);
                output[2] = fmaf(mixed[i].z, merge.added, output[2] * merge.kept);
                output[3] = fmaf(mixed[i].w, merge.added, output[3] * merge.kept);
            }
        }
        T *target = output_of<T>(shape.output) + query_place(shape, place, row) + column;
        float share = sum > 0 ? 1.0f / sum : 0.0f;
        write_pair(target, output[0] * share, output[1] * share);
        write_pair(target + 2, output[2] * share, output[3] * share);
        if (shape.log_sum_exp != 0 && column == 0) {
            output_of<float>(shape.log_sum_exp)[sum_place(shape, place, row)] = log_sum_exp_of(largest, sum);
        }
    }
}

// Whether no token of this launch stands in a tile of a token's keys: then all of the tile was there before the kernel
// in front of this one. The whole block.
DEVICE bool is_old_tile(const ccudakernels_attention &shape, const attention_place &place, int32_t first) {
    if (shape.places == 0) return false;
    bool has_new = false;
    for (int32_t i = threadIdx.x; i < shape.batch; i += blockDim.x) {
        const int32_t *token = input_of<int32_t>(shape.places) + 3 * (int64_t)i;
        has_new = has_new || (token[0] == place.key_row && token[2] < place.visible.key_begin + first + TILE);
    }
    return !__syncthreads_or(has_new);
}

// A tile of keys, which some of at most 16 rows see. Warps share the scores out by keys, then each softens all of them
// and mixes some columns of the values.
template <typename T>
DEVICE void decode_tile(
    const ccudakernels_attention_arguments &p, const attention_place &place, int64_t partial, unsigned char *memory
) {
    uint16_t *keys = (uint16_t *)memory, *values = keys + TILE * STRIDE, *queries = values + TILE * STRIDE;
    float *scores = (float *)(queries + CCUDAKERNELS_DECODE_ROWS * STRIDE);
    const ccudakernels_attention &shape = p.shape;
    int32_t first = blockIdx.x * TILE, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    bool is_old = is_old_tile(shape, place, first);
    if (is_old) {
        load_keys<T, DECODE_THREADS>(keys, shape.k, shape, place, first);
        load_keys<T, DECODE_THREADS>(values, shape.v, shape, place, first);
    }
    wait_for_earlier();
    let_next_start();
    load_queries<T, DECODE_THREADS, CCUDAKERNELS_DECODE_ROWS>(queries, shape.q, shape, place, 0);
    if (!is_old) load_keys<T, DECODE_THREADS>(keys, shape.k, shape, place, first);
    commit_copies();
    if (!is_old) load_keys<T, DECODE_THREADS>(values, shape.v, shape, place, first);
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
    float *sums = output_of<float>(p.partial_sums) + partial * place.rows * 2;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        if (rows[half] >= place.rows) continue;
        sums[rows[half] * 2] = tile.largest[half];
        sums[rows[half] * 2 + 1] = tile.sum[half];
    }
}

// At most 16 rows; a block takes one tile of keys. Places and earlier keys are no work of the kernel in front of this
// one.
template <typename T> DEVICE void attention_decode(const ccudakernels_attention_arguments &p) {
    DYNAMIC_SHARED(memory);
    attention_place place = place_of_token(p.shape);
    int32_t first = blockIdx.x * TILE, head = place.example * p.shape.key_heads + place.key_head;
    int64_t first_partial = (int64_t)head * p.parts, partial = first_partial + blockIdx.x;
    seen_keys all = keys_seen_by_rows(p.shape, place, 0, place.rows);
    if (first < all.end && first + TILE > all.begin) {
        decode_tile<T>(p, place, partial, memory);
    } else {
        wait_for_earlier();
        let_next_start();
        float *sums = output_of<float>(p.partial_sums) + partial * place.rows * 2;
        for (int row = threadIdx.x; row < place.rows; row += blockDim.x) sums[row * 2] = -INFINITE;
    }
    __syncthreads(); // all is written, and nobody reads shared memory any more
    if (threadIdx.x == 0) *(int32_t *)memory = is_last_of(decode_blocks_done + head, p.parts);
    __syncthreads();
    if (*(int32_t *)memory) merge_tiles<T>(p, place, first_partial);
}

#define ATTENTION(name, type)                                                                                 \
    KERNEL(NAME(attention, name, HEAD_SIZE), ccudakernels_attention_arguments, THREADS, BLOCKS) {             \
        attention<type>(p);                                                                                   \
    }                                                                                                         \
    EARLY_KERNEL(NAME(attention_decode, name, HEAD_SIZE), ccudakernels_attention_arguments, DECODE_THREADS) { \
        attention_decode<type>(p);                                                                            \
    }
WITH_FLOAT16(ATTENTION)
WITH_BFLOAT16(ATTENTION)
