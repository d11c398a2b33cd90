// The forward of attention on tensor cores, for one head size: whole passes, and few rows against many keys.
//
// Both take the keys in tiles of 64, compute each tile as if there were no other, and merge what tiles give in order,
// by the same sums: one after another here, by `attention_combine` where tiles were computed apart.

#include "AttentionTiles.cuh"

// A block takes 64 rows, a warp 16 of them; a lane holds rows g and g + 8.
template <typename T> DEVICE void attention(const ccudakernels_attention_arguments &p) {
    DYNAMIC_SHARED(memory);
    uint16_t *queries = (uint16_t *)memory, *keys = queries + TILE * STRIDE, *values = keys + TILE * STRIDE;
    const ccudakernels_attention &shape = p.shape;
    attention_place place = place_of_block(shape);
    score_rule rule = rule_of(shape);
    int32_t first_row = blockIdx.x * TILE, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    int32_t rows[2] = {first_row + warp * 16 + lane / 4, first_row + warp * 16 + lane / 4 + 8};
    seen_keys seen[2] = {keys_seen_by(shape, place, rows[0]), keys_seen_by(shape, place, rows[1])};
    seen_keys all = keys_seen_by_rows(shape, place, first_row, TILE);
    float output[DEPTH / 8][4], largest[2] = {-INFINITE, -INFINITE}, sum[2] = {0, 0};
#pragma unroll
    for (int block = 0; block < DEPTH / 8; block++) {
#pragma unroll
        for (int i = 0; i < 4; i++) output[block][i] = 0;
    }
    int32_t first = all.begin / TILE * TILE;
    load_queries<T>(queries, shape.q, shape, place, first_row, TILE);
    if (first < all.end) load_keys<T>(keys, shape.k, shape, place, first);
    commit_copies();
    for (; first < all.end; first += TILE) {
        wait_for_copies<0>();
        __syncthreads(); // the keys are there, and everybody is done with the values before
        load_keys<T>(values, shape.v, shape, place, first);
        commit_copies();
        float c[TILE / 8][4];
        uint32_t weights[TILE / 16][4];
        multiply_rows<T, TILE / 16>(c, queries, warp * 16, keys, 0);
        tile_sums tile = soften_tile(c, rule, seen, first);
        pack_weights<T>(weights, c);
        float kept[2], added[2];
#pragma unroll
        for (int half = 0; half < 2; half++) {
            merging merge = merged(largest[half], tile.largest[half]);
            largest[half] = merge.largest;
            kept[half] = merge.kept;
            added[half] = merge.added;
            sum[half] = fmaf(tile.sum[half], merge.added, sum[half] * merge.kept);
        }
#pragma unroll
        for (int i = 0; i < DEPTH / 2; i++) output[i / 4][i % 4] *= kept[i % 4 / 2];
        wait_for_copies<0>();
        __syncthreads(); // the values are there, and everybody is done with the keys
        if (first + TILE < all.end) load_keys<T>(keys, shape.k, shape, place, first + TILE);
        commit_copies();
#pragma unroll
        for (int step = 0; step < STEPS; step++) {
            float mixed[2][4];
            mix_values<T>(mixed, weights, values, step * 16);
#pragma unroll
            for (int i = 0; i < 8; i++) {
                float &place = output[2 * step + i / 4][i % 4];
                place = fmaf(mixed[i / 4][i % 4], added[i % 4 / 2], place);
            }
        }
    }
    wait_for_copies<0>();
#pragma unroll
    for (int half = 0; half < 2; half++) {
        if (rows[half] >= place.rows) continue;
        T *row = output_of<T>(shape.output) + query_place(shape, place, rows[half]);
        float share = sum[half] > 0 ? 1.0f / sum[half] : 0.0f;
#pragma unroll
        for (int block = 0; block < HEAD_SIZE / 8; block++) {
            const float *pair = &output[block][2 * half];
            write_pair(row + block * 8 + lane % 4 * 2, pair[0] * share, pair[1] * share);
        }
        if (shape.log_sum_exp != 0 && lane % 4 == 0) {
            output_of<float>(shape.log_sum_exp)[sum_place(shape, place, rows[half])] =
                log_sum_exp_of(largest[half], sum[half]);
        }
    }
}

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
    load_queries<T>(queries, shape.q, shape, place, 0, CCUDAKERNELS_DECODE_ROWS);
    load_keys<T>(keys, shape.k, shape, place, first);
    commit_copies();
    load_keys<T>(values, shape.v, shape, place, first);
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
    tile_sums tile = soften_tile(c, rule_of(shape), seen, first);
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




KERNEL(NAME(attention, float16, HEAD_SIZE), ccudakernels_attention_arguments, 128) { attention<float16>(p); }
KERNEL(NAME(attention_decode, float16, HEAD_SIZE), ccudakernels_attention_arguments, 128) {
    attention_decode<float16>(p);
}
#if HAS_BFLOAT16
KERNEL(NAME(attention, bfloat16, HEAD_SIZE), ccudakernels_attention_arguments, 128) { attention<bfloat16>(p); }
KERNEL(NAME(attention_decode, bfloat16, HEAD_SIZE), ccudakernels_attention_arguments, 128) {
    attention_decode<bfloat16>(p);
}
#endif
