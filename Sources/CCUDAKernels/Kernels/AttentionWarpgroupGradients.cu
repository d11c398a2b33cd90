// The gradients of attention by warpgroups, for heads of 256.

#include "AttentionGradients.cuh"
#include "WarpgroupTiles.cuh"

#if HAS_WARPGROUPS

// sums += a tile of weights times half the columns of another tile, from `right` on; likewise.
template <typename T>
DEVICE void add_half(float (&sums)[HEAD_SIZE / 16][4], const uint16_t *weights, const uint16_t *right) {
    uint64_t a = described(weights, 0), b = described(right, PANEL * sizeof(uint16_t));
    begin_products();
#pragma unroll
    for (int block = 0; block < TILE / 16; block++) {
        tensor_cores<T>::product_of_columns(
            sums, a + block * 16 * sizeof(uint16_t) / 16, b + block * 16 * 128 / 16, true);
    }
    commit_products();
}

template <typename T>
DEVICE void bring_rows(
    const ccudakernels_attention_backward_arguments &p, const attention_place &place, const tile_ring<4> &ring,
    uint16_t *keys, row_facts *facts, uint64_t *facts_there, int32_t first_key
) {
    const ccudakernels_attention &shape = p.shape;
    tile_source<4> source = {ring, {0, 0}};
    load_keys<T, WARPGROUP, TILE, swizzled_rows<>>(keys, shape.k, shape, place, first_key);
    load_keys<T, WARPGROUP, TILE, swizzled_rows<>>(keys + TILE_ELEMENTS, shape.v, shape, place, first_key);
    arrive_with_copies(ring.barriers);
    int32_t row = next_rows(shape, place, 0, place.rows, first_key), own = threadIdx.x % WARPGROUP;
    row_facts ahead = facts_of_row(p, place, row + own); // each a turn before it is wanted, since reading takes long
#pragma unroll 1
    while (row < place.rows) {
        int pair = source.turn.slot / 2;
        load_queries<T, WARPGROUP, TILE, swizzled_rows<>>(source.next(), shape.q, shape, place, row);
        source.pass();
        if (own < TILE) {
            facts[pair * TILE + own] = ahead;
            arrive_at(facts_there + pair);
        }
        load_queries<T, WARPGROUP, TILE, swizzled_rows<>>(source.next(), p.output_gradient, shape, place, row);
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
        load_queries<T, WARPGROUP, TILE, swizzled_rows<>>(queries + i * TILE_ELEMENTS, shape.q, shape, place, from);
        load_queries<T, WARPGROUP, TILE, swizzled_rows<>>(
            queries + (2 + i) * TILE_ELEMENTS, p.output_gradient, shape, place, from);
    }
    arrive_with_copies(ring.barriers);
#pragma unroll 1
    for (int32_t first = all.begin; first < all.end; first += TILE) {
        load_keys<T, WARPGROUP, TILE, swizzled_rows<>>(source.next(), shape.v, shape, place, first);
        source.pass();
        load_keys<T, WARPGROUP, TILE, swizzled_rows<>>(source.next(), shape.k, shape, place, first);
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

#define KERNELS(name, type)                                                                                        \
    KERNEL(NAME(attention_gradients_warpgroups, name, HEAD_SIZE), ccudakernels_attention_backward_arguments,       \
           CCUDAKERNELS_WARPGROUPS_THREADS, 1) {                                                                   \
        gradients<type>(p);                                                                                        \
    }
WITH_FLOAT16(KERNELS)
WITH_BFLOAT16(KERNELS)

#endif
