// The gradients of small heads: a block has four warps, and a warp takes 16 keys, or 16 rows. What belongs to these
// stays in registers, and so do their weights, which are the left operand of the next product as they are.
#pragma once

// Adds 16 rows of weights times 32 rows of `right` from `row` on.
template <typename T>
DEVICE void add_strip(
    float (&sums)[STEPS][2][4], const uint32_t (&weights)[2][4], const uint16_t *right, int row
) {
#pragma unroll
    for (int block = 0; block < 2; block++) {
#pragma unroll
        for (int step = 0; step < STEPS; step++) {
            uint32_t b[4];
            load_right_transposed(b, right, row + block * 16, step * 16);
            tensor_cores<T>::multiply(sums[step][0], weights[block], b[0], b[1]);
            tensor_cores<T>::multiply(sums[step][1], weights[block], b[2], b[3]);
        }
    }
}

DEVICE void clear(float (&sums)[STEPS][2][4]) {
#pragma unroll
    for (int i = 0; i < STEPS * 8; i++) sums[i / 8][i / 4 % 2][i % 4] = 0;
}

// Writes a lane's two rows, where they are not null.
template <typename T> DEVICE void write_strip(const float (&sums)[STEPS][2][4], T *first, T *second) {
#pragma unroll
    for (int side = 0; side < 2; side++) {
        T *row = side == 0 ? first : second;
        if (row == nullptr) continue;
#pragma unroll
        for (int block = 0; block < HEAD_SIZE / 8; block++) { // of 8 columns
            const float *pair = &sums[block / 2][block % 2][side * 2];
            write_pair(row + block * 8 + threadIdx.x % 4 * 2, pair[0], pair[1]);
        }
    }
}

// Keys are rows here: scores lie turned, [key][row]. There is one part of rows.
template <typename T>
DEVICE void key_gradient(const ccudakernels_attention_backward_arguments &p, int32_t tile, int32_t) {
    DYNAMIC_SHARED(memory);
    __shared__ row_facts facts[2][TILE];
    uint16_t *next = (uint16_t *)memory, *queries = next + 2 * TILE * STRIDE;
    const ccudakernels_attention &shape = p.shape;
    attention_place place = place_of_block(shape);
    score_rule rule = rule_of(shape);
    int32_t lane = threadIdx.x % 32, strip = threadIdx.x / 32 * 16, turn = 0;
    // Blocks follow the columns of the arrays, so that those outside the mask get their zeros; keys may be negative.
    int32_t first_key = tile * TILE - place.visible.key_begin, key = first_key + strip + lane / 4;
    int32_t first_row = next_rows(shape, place, 0, place.rows, first_key);
    load_pair<T>(next, shape, place, first_key);
    commit_copies();
    load_pair<T>(queries, p.output_gradient, shape, place, first_row);
    commit_copies();
    if (threadIdx.x < TILE) facts[0][threadIdx.x] = facts_of_row(p, place, first_row + threadIdx.x);
    wait_for_copies<1>();
    __syncthreads();
    uint32_t keys[STEPS][4], values[STEPS][4];
    load_strip(keys, next, strip);
    load_strip(values, next + TILE * STRIDE, strip);
    float key_sums[STEPS][2][4], value_sums[STEPS][2][4];
    clear(key_sums);
    clear(value_sums);
    while (first_row < place.rows) {
        wait_for_copies<0>();
        __syncthreads(); // these rows are there, and everybody is done with the ones before
        int32_t following = next_rows(shape, place, first_row + TILE, place.rows, first_key);
        row_facts ahead = {0, 0, {0, 0}};
        if (following < place.rows) {
            load_pair<T>(next, p.output_gradient, shape, place, following);
            if (threadIdx.x < TILE) ahead = facts_of_row(p, place, following + threadIdx.x);
        }
        commit_copies();
        bool whole = is_whole(shape, place, first_row, first_key);
#pragma unroll 1 // more would take registers that keep another block away
        for (int row = 0; row < TILE; row += 32) {
            float weights[4][4], slopes[4][4];
            uint32_t left[2][4];
            const uint16_t *gradients = queries + TILE * STRIDE;
            const row_facts *own = facts[turn] + row + lane % 4 * 2;
            multiply_strip<T, 2>(weights, keys, queries, row);
            multiply_strip<T, 2>(slopes, values, gradients, row);
            differentiate_tile(weights, slopes, rule, shape.scale, [&](int block, int element) {
                return own[block * 8 + element % 2];
            });
            if (!whole) {
                hide_from_rows(weights, own, key);
                hide_from_rows(slopes, own, key);
            }
            pack_weights<T>(left, weights);
            add_strip<T>(value_sums, left, gradients, row);
            pack_weights<T>(left, slopes);
            add_strip<T>(key_sums, left, queries, row);
        }
        turn = 1 - turn;
        if (threadIdx.x < TILE) facts[turn][threadIdx.x] = ahead;
        uint16_t *done = queries;
        queries = next;
        next = done;
        first_row = following;
    }
    wait_for_copies<0>();
    T *key_rows = output_of<T>(p.k_gradient), *value_rows = output_of<T>(p.v_gradient);
    write_strip(key_sums, key_row(p, place, key_rows, key), key_row(p, place, key_rows, key + 8));
    write_strip(value_sums, key_row(p, place, value_rows, key), key_row(p, place, value_rows, key + 8));
}

template <typename T>
DEVICE void query_gradient(const ccudakernels_attention_backward_arguments &p, int32_t tile) {
    DYNAMIC_SHARED(memory);
    uint16_t *next = (uint16_t *)memory, *keys = next + 2 * TILE * STRIDE;
    const ccudakernels_attention &shape = p.shape;
    attention_place place = place_of_block(shape);
    score_rule rule = rule_of(shape);
    int32_t lane = threadIdx.x % 32, strip = threadIdx.x / 32 * 16;
    int32_t first_row = tile * TILE, row = first_row + strip + lane / 4;
    seen_keys all = keys_seen_by_rows(shape, place, first_row, TILE);
    int32_t first_key = all.begin / TILE * TILE;
    load_pair<T>(next, p.output_gradient, shape, place, first_row);
    commit_copies();
    load_pair<T>(keys, shape, place, first_key);
    commit_copies();
    const row_facts facts[2] = {facts_of_row(p, place, row), facts_of_row(p, place, row + 8)};
    const seen_keys seen[2] = {facts[0].seen, facts[1].seen};
    wait_for_copies<1>();
    __syncthreads();
    uint32_t queries[STEPS][4], gradients[STEPS][4];
    load_strip(queries, next, strip);
    load_strip(gradients, next + TILE * STRIDE, strip);
    float sums[STEPS][2][4];
    clear(sums);
    for (; first_key < all.end; first_key += TILE) {
        wait_for_copies<0>();
        __syncthreads(); // these keys are there, and everybody is done with the ones before
        if (first_key + TILE < all.end) load_pair<T>(next, shape, place, first_key + TILE);
        commit_copies();
        bool whole = is_whole(shape, place, first_row, first_key);
#pragma unroll 1 // as above
        for (int key = 0; key < TILE; key += 32) {
            float weights[4][4], slopes[4][4];
            uint32_t left[2][4];
            multiply_strip<T, 2>(weights, queries, keys, key);
            multiply_strip<T, 2>(slopes, gradients, keys + TILE * STRIDE, key);
            differentiate_tile(weights, slopes, rule, shape.scale, [&](int, int element) {
                return facts[element / 2];
            });
            if (!whole) hide_unseen(slopes, seen, first_key + key + lane % 4 * 2, 0.0f);
            pack_weights<T>(left, slopes);
            add_strip<T>(sums, left, keys, key);
        }
        uint16_t *done = keys;
        keys = next;
        next = done;
    }
    wait_for_copies<0>();
    write_strip(sums, query_row<T>(p, place, row), query_row<T>(p, place, row + 8));
}
