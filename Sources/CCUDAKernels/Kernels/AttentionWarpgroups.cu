// Attention of large heads on cards whose tensor cores read shared memory themselves: whole passes and gradients.
//
// Two warpgroups of four warps compute, and a third one brings them tiles. A warpgroup takes 64 rows at once, a warp 16
// of them; a lane holds rows g and g + 8 of these, whole. Sums stay in registers, and where a warpgroup needs no more than
// its own weights, these are the left operand of the next product as they are. All arrays begin at multiples of 16 bytes.

#include "AttentionGradients.cuh"

#if HAS_WARPGROUPS

#define WARPGROUP 128
// Elements of a tile: panels of 64 columns, swizzled, follow each other.
#define PANEL (TILE * 64)
#define TILE_ELEMENTS (TILE * HEAD_SIZE)

struct swizzled_rows {
    static __device__ __forceinline__ uint32_t place(uint32_t row, uint32_t element) {
        return element / 64 * PANEL + swizzled(row * 128 + element % 64 * 2) / 2;
    }
};

DEVICE uint16_t *warpgroup_memory() {
    SWIZZLED_SHARED(memory);
    return (uint16_t *)memory;
}

// ---- Products ----

// c = the rows of one tile times those of another, all or half of them from `right` on; not there before the group of
// products is done.
template <typename T, int blocks>
DEVICE void multiply_by_rows(float (&c)[blocks][4], const uint16_t *left, const uint16_t *right) {
    uint64_t a = described(left, 0), b = described(right, 0);
    begin_products();
#pragma unroll
    for (int step = 0; step < HEAD_SIZE / 16; step++) {
        uint32_t place = (step / 4 * PANEL + step % 4 * 16) * sizeof(uint16_t) / 16;
        tensor_cores<T>::product(c, a + place, b + place, step > 0);
    }
    commit_products();
}

// sums += weights times the rows of a tile; likewise.
template <typename T>
DEVICE void add_rows(
    float (&sums)[HEAD_SIZE / 8][4], const uint32_t (&weights)[TILE / 16][4], const uint16_t *right
) {
    uint64_t b = described(right, PANEL * sizeof(uint16_t));
    begin_products();
#pragma unroll
    for (int block = 0; block < TILE / 16; block++) {
        tensor_cores<T>::product(sums, weights[block], b + block * 16 * 128 / 16);
    }
    commit_products();
}

// sums += a tile of weights times half the columns of another tile, from `right` on; likewise.
template <typename T>
DEVICE void add_half(float (&sums)[HEAD_SIZE / 16][4], const uint16_t *weights, const uint16_t *right) {
    uint64_t a = described(weights, 0), b = described(right, PANEL * sizeof(uint16_t));
    begin_products();
#pragma unroll
    for (int block = 0; block < TILE / 16; block++) {
        tensor_cores<T>::product(sums, a + block * 16 * sizeof(uint16_t) / 16, b + block * 16 * 128 / 16, true);
    }
    commit_products();
}

template <int blocks> DEVICE void clear(float (&sums)[blocks][4]) {
#pragma unroll
    for (int i = 0; i < blocks * 4; i++) sums[i / 4][i % 4] = 0;
}

// Rounds a warp's 16 rows into a tile, from `row` and `column` on.
template <typename T, int blocks>
DEVICE void hand_over(uint16_t *tile, int row, int column, const float (&c)[blocks][4]) {
    int32_t lane = threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < blocks * 2; i++) {
        const float *pair = &c[i / 2][i % 2 * 2];
        uint32_t place = swizzled_rows::place(row + lane / 4 + i % 2 * 8, column + i / 2 * 8 + lane % 4 * 2);
        *(uint32_t *)(tile + place) = tensor_cores<T>::pair(pair[0], pair[1]);
    }
}

// Writes a warpgroup's sums, rounded: by way of a tile, or panels of one, that only the warpgroup still uses, so that
// rows are written in large pieces. `row_of(i)` is where row `i` of the 64 begins, or null.
template <typename T, int blocks, typename RowOf>
DEVICE void write_rows(const float (&sums)[blocks][4], uint16_t *tile, int32_t group, RowOf row_of) {
    constexpr int pieces = blocks, rows_at_once = 32 / pieces; // pieces of 16 bytes
    int32_t lane = threadIdx.x % 32, strip = threadIdx.x % WARPGROUP / 32 * 16;
    join_warpgroup(group); // everybody is done with the tile
    hand_over<T>(tile, strip, 0, sums);
    join_warpgroup(group);
#pragma unroll 1
    for (int i = lane / pieces; i < 16; i += rows_at_once) {
        T *row = row_of(strip + i);
        if (row == nullptr) continue;
        row += lane % pieces * 8;
        const uint16_t *piece = tile + swizzled_rows::place(strip + i, lane % pieces * 8);
        *(sixteen_bytes *)row = *(const sixteen_bytes *)piece;
    }
}

// ---- Tiles that take turns ----

// Places for tiles, which the third warpgroup fills in turn and the others empty in the same order. The barriers say
// when those that stay are there; then, for each place, when it is full and when it is empty.
template <int count> struct tile_ring {
    uint16_t *tiles;
    uint64_t *barriers;

    __device__ __forceinline__ uint16_t *tile(int slot) const { return tiles + slot * TILE_ELEMENTS; }
    __device__ __forceinline__ uint64_t *full(int slot) const { return barriers + 1 + slot; }
    __device__ __forceinline__ uint64_t *empty(int slot) const { return barriers + 1 + count + slot; }

    // By all threads of the block.
    __device__ __forceinline__ void make() const {
        if (threadIdx.x == 0) {
            make_barrier(barriers, WARPGROUP);
            for (int slot = 0; slot < count; slot++) {
                make_barrier(full(slot), WARPGROUP);
                make_barrier(empty(slot), 2 * WARPGROUP / 32);
            }
        }
        __syncthreads();
    }
};

// Whose turn it is.
template <int count> struct ring_turn {
    int slot;
    uint32_t parity;

    __device__ __forceinline__ void pass() {
        slot++;
        if (slot == count) {
            slot = 0;
            parity ^= 1;
        }
    }
};

// The side of the third warpgroup.
template <int count> struct tile_source {
    tile_ring<count> ring;
    ring_turn<count> turn;

    // Where the next tile may be written, once it is free.
    __device__ __forceinline__ uint16_t *next() const {
        wait_at(ring.empty(turn.slot), turn.parity ^ 1);
        return ring.tile(turn.slot);
    }

    // All of the tile was asked for.
    __device__ __forceinline__ void pass() {
        arrive_with_copies(ring.full(turn.slot));
        turn.pass();
    }
};

// The side of the others.
template <int count> struct tile_sink {
    tile_ring<count> ring;
    ring_turn<count> turn;

    // The next tile, once it is there. It stays until `release` of its slot.
    __device__ __forceinline__ int next() {
        int slot = turn.slot;
        wait_at(ring.full(slot), turn.parity);
        show_to_products();
        turn.pass();
        return slot;
    }

    // By whole warps, when all that read the tile is done.
    __device__ __forceinline__ void release(int slot) const {
        if (threadIdx.x % 32 == 0) arrive_at(ring.empty(slot));
    }
};

// ---- Forward ----

template <typename T>
DEVICE void bring_pairs(
    const ccudakernels_attention_arguments &p, const attention_place &place, const tile_ring<4> &ring,
    uint16_t *queries, int32_t first_row, seen_keys all
) {
    const ccudakernels_attention &shape = p.shape;
    tile_source<4> source = {ring, {0, 0}};
    for (int i = 0; i < 2; i++) {
        load_queries<T, WARPGROUP, TILE, swizzled_rows>(
            queries + i * TILE_ELEMENTS, shape.q, shape, place, first_row + i * TILE);
    }
    arrive_with_copies(ring.barriers);
#pragma unroll 1
    for (int32_t first = all.begin; first < all.end + TILE; first += TILE) {
        if (first < all.end) {
            load_keys<T, WARPGROUP, swizzled_rows>(source.next(), shape.k, shape, place, first);
            source.pass();
        }
        if (first > all.begin) {
            load_keys<T, WARPGROUP, swizzled_rows>(source.next(), shape.v, shape, place, first - TILE);
            source.pass();
        }
    }
}

// A row's scores are taken from a largest one that may have been passed since, by less than this, in powers of two: so
// sums are seldom scaled anew, and weights stay far from the largest float16.
#define TOLERATED 8.0f

// What a lane knows of its two rows.
struct row_pair {
    float largest[2], sum[2], kept[2]; // `kept`: what is left of earlier sums, seen from the largest score now
};

// Turns a tile's products into weights, not rounded yet, and takes note of them.
DEVICE void take_note(
    row_pair &rows, float (&c)[TILE / 8][4], const score_rule &rule, const seen_keys (&seen)[2], bool whole, int32_t key
) {
    share_tile(c, rule);
    if (!whole) hide_unseen(c, seen, key, -INFINITE);
    float tops[2], halves[2][2];
    find_largest(tops, c);
#pragma unroll
    for (int i = 0; i < 2; i++) {
        float top = tops[i] * rule.factor, before = rows.largest[i];
        rows.largest[i] = top > before + TOLERATED ? top : before;
        rows.kept[i] = before == -INFINITE ? 0.0f : fast_power_of_two(before - rows.largest[i]);
    }
    soften(halves[0], c, rule, rows.largest, 0);
    soften(halves[1], c, rule, rows.largest, 4);
#pragma unroll
    for (int i = 0; i < 2; i++) rows.sum[i] = fmaf(rows.sum[i], rows.kept[i], halves[0][i] + halves[1][i]);
}

// A block takes 128 rows, a warpgroup 64. The scores of the next tile are asked for before the values of this one are
// mixed, and the warpgroups take turns with that: one computes weights while the tensor cores multiply for the other.
template <typename T> DEVICE void attention(const ccudakernels_attention_arguments &p) {
    uint16_t *queries = warpgroup_memory();
    tile_ring<4> ring = {queries + 2 * TILE_ELEMENTS, (uint64_t *)(queries + 6 * TILE_ELEMENTS)};
    const ccudakernels_attention &shape = p.shape;
    attention_place place = place_of_token(shape);
    int32_t first_row = blockIdx.x * 2 * TILE, group = warpgroup(), lane = threadIdx.x % 32;
    seen_keys all = keys_seen_by_rows(shape, place, first_row, 2 * TILE);
    all.begin = all.begin / TILE * TILE;
    ring.make();
    if (group == 2) {
        give_back_registers<56>();
        bring_pairs<T>(p, place, ring, queries, first_row, all);
        return;
    }
    take_registers<224>();
    if (group == 1 && all.begin + TILE < all.end) give_turn(0);
    tile_sink<4> sink = {ring, {0, 0}};
    score_rule rule = rule_of(shape);
    first_row += group * TILE;
    queries += group * TILE_ELEMENTS;
    int32_t row = first_row + threadIdx.x % WARPGROUP / 32 * 16 + lane / 4;
    seen_keys seen[2] = {keys_seen_by(shape, place, row), keys_seen_by(shape, place, row + 8)};
    seen_keys each = keys_seen_by_each(shape, place, first_row, TILE);
    float output[HEAD_SIZE / 8][4], c[TILE / 8][4];
    uint32_t weights[TILE / 16][4];
    row_pair rows = {{-INFINITE, -INFINITE}, {0, 0}, {0, 0}};
    clear(output);
    wait_at(ring.barriers, 0);
    show_to_products();
    int32_t first = all.begin;
    if (first < all.end) {
        int keys = sink.next();
        multiply_by_rows<T>(c, queries, ring.tile(keys));
        wait_for_products<0>();
        receive(c);
        sink.release(keys);
        take_note(rows, c, rule, seen, each.begin <= first && first + TILE <= each.end, first + lane % 4 * 2);
        pack_weights<T>(weights, c);
        first += TILE;
    }
#pragma unroll 1
    for (; first < all.end; first += TILE) {
        wait_for_turn(group);
        int keys = sink.next();
        multiply_by_rows<T>(c, queries, ring.tile(keys));
        int values = sink.next();
        add_rows<T>(output, weights, ring.tile(values));
        if (group == 0 || first + TILE < all.end) give_turn(1 - group);
        wait_for_products<1>();
        receive(c);
        sink.release(keys);
        take_note(rows, c, rule, seen, each.begin <= first && first + TILE <= each.end, first + lane % 4 * 2);
        join_warpgroup_after(group, rows.sum[0] + rows.sum[1]);
        wait_for_products<0>();
        receive(output);
        sink.release(values);
        pack_weights<T>(weights, c);
        if (ballot(rows.kept[0] != 1 || rows.kept[1] != 1) != 0) {
#pragma unroll
            for (int i = 0; i < HEAD_SIZE / 2; i++) output[i / 4][i % 4] *= rows.kept[i % 4 / 2];
        }
    }
    if (all.begin < all.end) {
        int values = sink.next();
        add_rows<T>(output, weights, ring.tile(values));
        wait_for_products<0>();
        receive(output);
    }
    float shares[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int32_t own = row + 8 * half;
        bool there = own < place.rows;
        shares[half] =
            there ? finish_row(shape, place, own, rows.largest[half], rows.sum[half], lane % 4 == 0) : 0.0f;
    }
#pragma unroll
    for (int i = 0; i < HEAD_SIZE / 2; i++) output[i / 4][i % 4] *= shares[i % 4 / 2];
    write_rows<T>(output, queries, group, [&](int32_t i) {
        bool there = first_row + i < place.rows;
        return there ? output_of<T>(shape.output) + query_place(shape, place, first_row + i) : nullptr;
    });
}

// ---- Gradients ----

template <typename T>
DEVICE void bring_rows(
    const ccudakernels_attention_backward_arguments &p, const attention_place &place, const tile_ring<4> &ring,
    uint16_t *keys, row_facts *facts, uint64_t *facts_there, int32_t first_key
) {
    const ccudakernels_attention &shape = p.shape;
    tile_source<4> source = {ring, {0, 0}};
    load_keys<T, WARPGROUP, swizzled_rows>(keys, shape.k, shape, place, first_key);
    load_keys<T, WARPGROUP, swizzled_rows>(keys + TILE_ELEMENTS, shape.v, shape, place, first_key);
    arrive_with_copies(ring.barriers);
    int32_t row = next_rows(shape, place, 0, place.rows, first_key), own = threadIdx.x % WARPGROUP;
    row_facts ahead = facts_of_row(p, place, row + own); // each a turn before it is wanted, since reading takes long
#pragma unroll 1
    while (row < place.rows) {
        int pair = source.turn.slot / 2;
        load_queries<T, WARPGROUP, TILE, swizzled_rows>(source.next(), shape.q, shape, place, row);
        source.pass();
        if (own < TILE) {
            facts[pair * TILE + own] = ahead;
            arrive_at(facts_there + pair);
        }
        load_queries<T, WARPGROUP, TILE, swizzled_rows>(source.next(), p.output_gradient, shape, place, row);
        source.pass();
        row = next_rows(shape, place, row + TILE, place.rows, first_key);
        if (own < TILE) ahead = facts_of_row(p, place, row + own);
    }
}

// Keys are rows here: scores lie turned, [key][row]. Each warpgroup takes half of a tile's rows and hands their weights
// and slopes to the other; of the sums, each takes half of the columns.
template <typename T>
DEVICE void key_gradient(const ccudakernels_attention_backward_arguments &p, int32_t tile) {
    uint16_t *keys = warpgroup_memory(), *values = keys + TILE_ELEMENTS;
    uint16_t *weights = keys + 6 * TILE_ELEMENTS, *next = weights + 2 * PANEL; // with slopes behind them
    row_facts *facts = (row_facts *)(keys + 7 * TILE_ELEMENTS);
    uint64_t *facts_there = (uint64_t *)(facts + 2 * TILE);
    tile_ring<4> ring = {keys + 2 * TILE_ELEMENTS, facts_there + 2};
    const ccudakernels_attention &shape = p.shape;
    attention_place place = place_of_block(shape);
    int32_t lane = threadIdx.x % 32, group = warpgroup();
    // Blocks follow the columns of the arrays, so that those outside the mask get their zeros; keys may be negative.
    int32_t first_key = tile * TILE - place.visible.key_begin;
    if (threadIdx.x < 2) make_barrier(facts_there + threadIdx.x, TILE);
    ring.make();
    if (group == 2) {
        give_back_registers<56>();
        bring_rows<T>(p, place, ring, keys, facts, facts_there, first_key);
        return;
    }
    take_registers<224>();
    tile_sink<4> sink = {ring, {0, 0}};
    score_rule rule = rule_of(shape);
    int32_t strip = threadIdx.x % WARPGROUP / 32 * 16, key = first_key + strip + lane / 4;
    int32_t row = next_rows(shape, place, 0, place.rows, first_key);
    uint32_t facts_parity = 0;
    float key_sums[HEAD_SIZE / 16][4], value_sums[HEAD_SIZE / 16][4];
    clear(key_sums);
    clear(value_sums);
    wait_at(ring.barriers, 0);
    show_to_products();
#pragma unroll 1
    while (row < place.rows) {
        float products[4][4], slopes[4][4];
        int queries = sink.next();
        multiply_by_rows<T>(products, keys, ring.tile(queries) + group * 32 * 64);
        int gradients = sink.next();
        multiply_by_rows<T>(slopes, values, ring.tile(gradients) + group * 32 * 64);
        wait_at(facts_there + queries / 2, facts_parity);
        facts_parity ^= queries / 2; // after both
        wait_for_products<0>();
        receive(products);
        receive(slopes);
        const row_facts *own = facts + queries / 2 * TILE + group * 32 + lane % 4 * 2;
        differentiate_tile(products, slopes, rule, shape.scale, [&](int block, int element) {
            return own[block * 8 + element % 2];
        });
        if (!is_whole(shape, place, row, first_key)) {
            hide_from_rows(products, own, key);
            hide_from_rows(slopes, own, key);
        }
        hand_over<T>(weights, strip, group * 32, products);
        hand_over<T>(weights + PANEL, strip, group * 32, slopes);
        show_to_products();
        join_warpgroups(); // weights and slopes are there, and everybody is done with those before the last
        add_half<T>(value_sums, weights, ring.tile(gradients) + group * 2 * PANEL);
        add_half<T>(key_sums, weights + PANEL, ring.tile(queries) + group * 2 * PANEL);
        row = next_rows(shape, place, row + TILE, place.rows, first_key);
        wait_for_products<1>();
        receive(value_sums);
        sink.release(gradients);
        wait_for_products<0>();
        receive(key_sums);
        sink.release(queries);
        uint16_t *done = weights;
        weights = next;
        next = done;
    }
    join_warpgroups(); // everybody is done with everything
    T *key_rows = output_of<T>(p.k_gradient), *value_rows = output_of<T>(p.v_gradient);
    int32_t column = group * HEAD_SIZE / 2;
    auto row_of = [&](T *array, int32_t i) {
        T *own = key_row(p, place, array, first_key + i);
        return own == nullptr ? own : own + column;
    };
    write_rows<T>(value_sums, values + group * 2 * PANEL, group, [&](int32_t i) { return row_of(value_rows, i); });
    write_rows<T>(key_sums, keys + group * 2 * PANEL, group, [&](int32_t i) { return row_of(key_rows, i); });
}

template <typename T>
DEVICE void bring_keys(
    const ccudakernels_attention_backward_arguments &p, const attention_place &place, const tile_ring<3> &ring,
    uint16_t *queries, int32_t first_row, seen_keys all
) {
    const ccudakernels_attention &shape = p.shape;
    tile_source<3> source = {ring, {0, 0}};
    for (int i = 0; i < 2; i++) {
        int32_t from = first_row + i * TILE;
        load_queries<T, WARPGROUP, TILE, swizzled_rows>(queries + i * TILE_ELEMENTS, shape.q, shape, place, from);
        load_queries<T, WARPGROUP, TILE, swizzled_rows>(
            queries + (2 + i) * TILE_ELEMENTS, p.output_gradient, shape, place, from);
    }
    arrive_with_copies(ring.barriers);
#pragma unroll 1
    for (int32_t first = all.begin; first < all.end; first += TILE) {
        load_keys<T, WARPGROUP, swizzled_rows>(source.next(), shape.v, shape, place, first);
        source.pass();
        load_keys<T, WARPGROUP, swizzled_rows>(source.next(), shape.k, shape, place, first);
        source.pass();
    }
}

// A block takes 128 rows, a warpgroup 64.
template <typename T>
DEVICE void query_gradient(const ccudakernels_attention_backward_arguments &p, int32_t tile) {
    uint16_t *queries = warpgroup_memory(), *gradients = queries + 2 * TILE_ELEMENTS;
    tile_ring<3> ring = {queries + 4 * TILE_ELEMENTS, (uint64_t *)(queries + 7 * TILE_ELEMENTS)};
    const ccudakernels_attention &shape = p.shape;
    attention_place place = place_of_block(shape);
    int32_t lane = threadIdx.x % 32, group = warpgroup(), first_row = tile * 2 * TILE;
    seen_keys all = keys_seen_by_rows(shape, place, first_row, 2 * TILE);
    all.begin = all.begin / TILE * TILE;
    ring.make();
    if (group == 2) {
        give_back_registers<56>();
        bring_keys<T>(p, place, ring, queries, first_row, all);
        return;
    }
    take_registers<224>();
    tile_sink<3> sink = {ring, {0, 0}};
    score_rule rule = rule_of(shape);
    first_row += group * TILE;
    queries += group * TILE_ELEMENTS;
    gradients += group * TILE_ELEMENTS;
    int32_t row = first_row + threadIdx.x % WARPGROUP / 32 * 16 + lane / 4;
    const row_facts facts[2] = {facts_of_row(p, place, row), facts_of_row(p, place, row + 8)};
    const seen_keys seen[2] = {facts[0].seen, facts[1].seen};
    float sums[HEAD_SIZE / 8][4];
    clear(sums);
    wait_at(ring.barriers, 0);
    show_to_products();
#pragma unroll 1
    for (int32_t first = all.begin; first < all.end; first += TILE) {
        float products[TILE / 8][4], slopes[TILE / 8][4];
        int values = sink.next();
        multiply_by_rows<T>(slopes, gradients, ring.tile(values));
        int keys = sink.next();
        multiply_by_rows<T>(products, queries, ring.tile(keys));
        wait_for_products<1>();
        sink.release(values);
        wait_for_products<0>();
        receive(products);
        receive(slopes);
        differentiate_tile(products, slopes, rule, shape.scale, [&](int, int element) { return facts[element / 2]; });
        if (!is_whole(shape, place, first_row, first)) hide_unseen(slopes, seen, first + lane % 4 * 2, 0.0f);
        uint32_t weights[TILE / 16][4];
        pack_weights<T>(weights, slopes);
        add_rows<T>(sums, weights, ring.tile(keys));
        wait_for_products<0>();
        receive(sums);
        sink.release(keys);
    }
    write_rows<T>(sums, queries, group, [&](int32_t i) { return query_row<T>(p, place, first_row + i); });
}

// Tiles of keys come first: they take longer.
template <typename T> DEVICE void gradients(const ccudakernels_attention_backward_arguments &p) {
    int32_t block = blockIdx.x, tiles = (p.shape.capacity + TILE - 1) / TILE;
    if (block < tiles) key_gradient<T>(p, block);
    else query_gradient<T>(p, block - tiles);
}

#define KERNELS(type)                                                                                              \
    KERNEL(NAME(attention_warpgroups, type, HEAD_SIZE), ccudakernels_attention_arguments,                          \
           CCUDAKERNELS_WARPGROUPS_THREADS, 1) {                                                                   \
        attention<type>(p);                                                                                        \
    }                                                                                                              \
    KERNEL(NAME(attention_gradients_warpgroups, type, HEAD_SIZE), ccudakernels_attention_backward_arguments,       \
           CCUDAKERNELS_WARPGROUPS_THREADS, 1) {                                                                   \
        gradients<type>(p);                                                                                        \
    }
#if MAKES_FLOAT16
KERNELS(float16)
#endif
#if MAKES_BFLOAT16
KERNELS(bfloat16)
#endif

#endif
