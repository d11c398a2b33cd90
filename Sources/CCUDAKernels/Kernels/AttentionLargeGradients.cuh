// The gradients of large heads: a block has eight warps. Of the scores, a warp takes 16 rows or keys and half of the
// others, and hands the weights over in shared memory; of the sums, it takes 32 and a quarter of the columns, since then
// what it reads is used most often. Large heads leave room for one block on a processor: so the rows of a tile of keys
// are shared out among `parts` blocks, and `attention_join_gradients` adds up what they found, in order.
#pragma once

// Adds 32 rows of a tile of weights from `row` on times a quarter of the columns of `right` from `column` on.
template <typename T>
DEVICE void add_products(
    float (&sums)[2][COLUMNS / 8][4], const uint16_t *weights, int row, const uint16_t *right, int column
) {
#pragma unroll
    for (int block = 0; block < TILE / 16; block++) {
        uint32_t a[2][4];
        load_left(a[0], weights, WEIGHT_STRIDE, row, block * 16);
        load_left(a[1], weights, WEIGHT_STRIDE, row + 16, block * 16);
#pragma unroll
        for (int step = 0; step < COLUMNS / 16; step++) {
            uint32_t b[4];
            load_right_transposed(b, right, block * 16, column + step * 16);
#pragma unroll
            for (int i = 0; i < 2; i++) {
                tensor_cores<T>::multiply(sums[i][2 * step], a[i], b[0], b[1]);
                tensor_cores<T>::multiply(sums[i][2 * step + 1], a[i], b[2], b[3]);
            }
        }
    }
}

// 16 rows times 32 rows, of two pairs of tiles that lie behind each other: twice as many products are under way.
template <typename T>
DEVICE void multiply_pairs(
    float (&c)[4][4], float (&d)[4][4], const uint16_t *left, int left_row, const uint16_t *right, int right_row
) {
#pragma unroll
    for (int i = 0; i < 16; i++) c[i / 4][i % 4] = d[i / 4][i % 4] = 0;
#pragma unroll 4
    for (int step = 0; step < STEPS; step++) {
        uint32_t a[2][4], b[4][4];
        load_left(a[0], left, STRIDE, left_row, step * 16);
        load_left(a[1], left + TILE * STRIDE, STRIDE, left_row, step * 16);
#pragma unroll
        for (int block = 0; block < 2; block++) {
            load_right(b[block], right, right_row + block * 16, step * 16);
            load_right(b[2 + block], right + TILE * STRIDE, right_row + block * 16, step * 16);
        }
#pragma unroll
        for (int block = 0; block < 2; block++) {
            tensor_cores<T>::multiply(c[2 * block], a[0], b[block][0], b[block][1]);
            tensor_cores<T>::multiply(c[2 * block + 1], a[0], b[block][2], b[block][3]);
            tensor_cores<T>::multiply(d[2 * block], a[1], b[2 + block][0], b[2 + block][1]);
            tensor_cores<T>::multiply(d[2 * block + 1], a[1], b[2 + block][2], b[2 + block][3]);
        }
    }
}

// Writes a warp's 16 by 32 values to a tile of weights; `to` is a lane's first place.
template <typename T> DEVICE void hand_over(uint16_t *to, const float (&c)[4][4]) {
#pragma unroll
    for (int i = 0; i < 8; i++) {
        const float *pair = &c[i / 2][i % 2 * 2];
        *(uint32_t *)(to + i % 2 * 8 * WEIGHT_STRIDE + i / 2 * 8) = tensor_cores<T>::pair(pair[0], pair[1]);
    }
}

DEVICE void clear(float (&sums)[2][COLUMNS / 8][4]) {
#pragma unroll
    for (int i = 0; i < COLUMNS; i++) sums[i / (COLUMNS / 2)][i / 4 % (COLUMNS / 8)][i % 4] = 0;
}

// Writes a lane's four rows; `row_of(i)` is where its row `i` begins, or null.
template <typename RowOf> DEVICE void write_sums(const float (&sums)[2][COLUMNS / 8][4], int column, RowOf row_of) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
        auto *row = row_of(i * 8);
        if (row == nullptr) continue;
#pragma unroll
        for (int block = 0; block < COLUMNS / 8; block++) {
            const float *pair = &sums[i / 2][block][i % 2 * 2];
            write_pair(row + column + block * 8, pair[0], pair[1]);
        }
    }
}

// Writes a lane's four keys to an array like that of the keys.
template <typename U>
DEVICE void write_keys(
    const ccudakernels_attention_backward_arguments &p, const attention_place &place,
    const float (&sums)[2][COLUMNS / 8][4], U *array, int32_t key, int column
) {
    write_sums(sums, column, [&](int i) { return key_row(p, place, array, key + i); });
}

// Who does what in a block.
struct large_share {
    int32_t scored, half; // scores: a lane's first row of 16, and 0 or 1 for the half of the others
    int32_t strip;        // where the 16 begin
    int32_t upper, column; // sums: the first of 32 rows, and of the columns
};

DEVICE large_share share_of_warp() {
    int32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32, strip = warp % 4 * 16;
    return {strip + lane / 4, warp / 4, strip, warp % 2 * 32, warp / 2 * COLUMNS};
}

// Keys are rows here: scores lie turned, [key][row].
template <typename T>
DEVICE void key_gradient(const ccudakernels_attention_backward_arguments &p, int32_t tile, int32_t part) {
    DYNAMIC_SHARED(memory);
    __shared__ row_facts facts[2][TILE];
    uint16_t *weights = (uint16_t *)memory, *slopes = weights + TILE * WEIGHT_STRIDE;
    uint16_t *keys = slopes + TILE * WEIGHT_STRIDE, *queries = keys + 2 * TILE * STRIDE;
    uint16_t *next = p.has_room ? queries + 2 * TILE * STRIDE : queries;
    const ccudakernels_attention &shape = p.shape;
    attention_place place = place_of_block(shape);
    score_rule rule = rule_of(shape);
    large_share share = share_of_warp();
    int32_t lane = threadIdx.x % 32, turn = 0;
    // Blocks follow the columns of the arrays, so that those outside the mask get their zeros; keys may be negative.
    int32_t first_key = tile * TILE - place.visible.key_begin;
    int32_t tiles = (place.rows + TILE - 1) / TILE;
    int32_t end_row = smaller(tiles * (part + 1) / p.parts * TILE, place.rows);
    int32_t first_row = next_rows(shape, place, tiles * part / p.parts * TILE, end_row, first_key);
    load_pair<T>(keys, shape, place, first_key);
    load_pair<T>(queries, p.output_gradient, shape, place, first_row);
    commit_copies();
    if (threadIdx.x < TILE) facts[0][threadIdx.x] = facts_of_row(p, place, first_row + threadIdx.x);
    float key_sums[2][COLUMNS / 8][4], value_sums[2][COLUMNS / 8][4];
    clear(key_sums);
    clear(value_sums);
    while (first_row < end_row) {
        wait_for_copies<0>();
        __syncthreads(); // these rows are there, and everybody is done with the ones before
        int32_t following = next_rows(shape, place, first_row + TILE, end_row, first_key);
        bool goes_on = following < end_row;
        if (p.has_room && goes_on) {
            load_pair<T>(next, p.output_gradient, shape, place, following);
        }
        commit_copies();
        row_facts ahead = {0, 0, {0, 0}};
        if (threadIdx.x < TILE && goes_on) ahead = facts_of_row(p, place, following + threadIdx.x);
        float products[4][4], gradients[4][4];
        multiply_pairs<T>(products, gradients, keys, share.strip, queries, share.half * 32);
        int32_t row = share.half * 32 + lane % 4 * 2;
        const row_facts *own = facts[turn] + row;
        differentiate_tile(products, gradients, rule, shape.scale, [&](int block, int element) {
            return own[block * 8 + element % 2];
        });
        if (!is_whole(shape, place, first_row, first_key)) {
            hide_from_rows(products, own, first_key + share.scored);
            hide_from_rows(gradients, own, first_key + share.scored);
        }
        hand_over<T>(weights + share.scored * WEIGHT_STRIDE + row, products);
        hand_over<T>(slopes + share.scored * WEIGHT_STRIDE + row, gradients);
        turn = 1 - turn;
        if (threadIdx.x < TILE) facts[turn][threadIdx.x] = ahead;
        __syncthreads(); // weights and slopes are there
        add_products<T>(value_sums, weights, share.upper, queries + TILE * STRIDE, share.column);
        add_products<T>(key_sums, slopes, share.upper, queries, share.column);
        if (!p.has_room && goes_on) {
            __syncthreads(); // everybody is done with these rows
            load_pair<T>(next, p.output_gradient, shape, place, following);
            commit_copies();
        }
        uint16_t *done = queries;
        queries = next;
        next = done;
        first_row = following;
    }
    wait_for_copies<0>();
    int32_t key = first_key + share.upper + lane / 4, first = share.column + lane % 4 * 2;
    int64_t skipped = (int64_t)shape.batch * shape.capacity * shape.key_heads * shape.head_size * part;
    if (p.parts > 1) {
        write_keys(p, place, key_sums, output_of<float>(p.partial_keys) + skipped, key, first);
        write_keys(p, place, value_sums, output_of<float>(p.partial_values) + skipped, key, first);
    } else {
        write_keys(p, place, key_sums, output_of<T>(p.k_gradient), key, first);
        write_keys(p, place, value_sums, output_of<T>(p.v_gradient), key, first);
    }
}

template <typename T>
DEVICE void query_gradient(const ccudakernels_attention_backward_arguments &p, int32_t tile) {
    DYNAMIC_SHARED(memory);
    uint16_t *slopes = (uint16_t *)memory, *queries = slopes + TILE * WEIGHT_STRIDE;
    uint16_t *keys = queries + 2 * TILE * STRIDE, *next = p.has_room ? keys + 2 * TILE * STRIDE : keys;
    const ccudakernels_attention &shape = p.shape;
    attention_place place = place_of_block(shape);
    score_rule rule = rule_of(shape);
    large_share share = share_of_warp();
    int32_t lane = threadIdx.x % 32, first_row = tile * TILE;
    seen_keys all = keys_seen_by_rows(shape, place, first_row, TILE);
    int32_t first_key = all.begin / TILE * TILE;
    load_pair<T>(queries, p.output_gradient, shape, place, first_row);
    load_pair<T>(keys, shape, place, first_key);
    commit_copies();
    const row_facts facts[2] = {facts_of_row(p, place, first_row + share.scored),
                                facts_of_row(p, place, first_row + share.scored + 8)};
    const seen_keys seen[2] = {facts[0].seen, facts[1].seen};
    float sums[2][COLUMNS / 8][4];
    clear(sums);
    for (; first_key < all.end; first_key += TILE) {
        bool goes_on = first_key + TILE < all.end;
        wait_for_copies<0>();
        __syncthreads(); // these keys are there, and everybody is done with the ones before
        if (p.has_room && goes_on) load_pair<T>(next, shape, place, first_key + TILE);
        commit_copies();
        float products[4][4], gradients[4][4];
        multiply_pairs<T>(products, gradients, queries, share.strip, keys, share.half * 32);
        differentiate_tile(products, gradients, rule, shape.scale, [&](int, int element) {
            return facts[element / 2];
        });
        int32_t key = share.half * 32 + lane % 4 * 2;
        if (!is_whole(shape, place, first_row, first_key)) hide_unseen(gradients, seen, first_key + key, 0.0f);
        hand_over<T>(slopes + share.scored * WEIGHT_STRIDE + key, gradients);
        __syncthreads(); // slopes are there
        add_products<T>(sums, slopes, share.upper, keys, share.column);
        if (!p.has_room && goes_on) {
            __syncthreads(); // everybody is done with these keys
            load_pair<T>(next, shape, place, first_key + TILE);
            commit_copies();
        }
        uint16_t *done = keys;
        keys = next;
        next = done;
    }
    wait_for_copies<0>();
    int32_t row = first_row + share.upper + lane / 4, first = share.column + lane % 4 * 2;
    write_sums(sums, first, [&](int i) { return query_row<T>(p, place, row + i); });
}
