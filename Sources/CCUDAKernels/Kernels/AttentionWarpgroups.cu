// The forward of attention by warpgroups, for one head size.

#include "WarpgroupTiles.cuh"

#if HAS_WARPGROUPS

template <typename T>
DEVICE void bring_pairs(
    const ccudakernels_attention_arguments &p, const attention_place &place, const tile_ring<4> &ring,
    uint16_t *queries, int32_t first_row, seen_keys all
) {
    const ccudakernels_attention &shape = p.shape;
    tile_source<4> source = {ring, {0, 0}};
    for (int i = 0; i < 2; i++) {
        load_queries<T, WARPGROUP, TILE, swizzled_rows<>>(
            queries + i * ROW_TILE_ELEMENTS, shape.q, shape, place, first_row + i * TILE);
    }
    arrive_with_copies(ring.barriers);
#pragma unroll 1
    for (int32_t first = all.begin; first < all.end + KEYS; first += KEYS) {
        if (first < all.end) {
            load_keys<T, WARPGROUP, KEYS, swizzled_rows<KEYS>>(source.next(), shape.k, shape, place, first);
            source.pass();
        }
        if (first > all.begin) {
            load_keys<T, WARPGROUP, KEYS, swizzled_rows<KEYS>>(source.next(), shape.v, shape, place, first - KEYS);
            source.pass();
        }
    }
}

// A row's scores are taken from a largest one that may have been passed since, by less than this, in powers of two: so
// sums are seldom scaled anew, and weights stay far from the largest float16.
#define TOLERATED 8.0f

// What a lane knows of its two rows.
struct row_pair {
    float largest[2];
    float sum[2];  // of the keys that the lane holds
    float kept[2]; // what is left of earlier sums, seen from the largest score now
};

// Turns a tile's products into weights, not rounded yet, and takes note of them.
DEVICE void take_note(
    row_pair &rows, float (&c)[KEYS / 8][4], const score_rule &rule, const seen_keys (&seen)[2], bool whole, int32_t key
) {
    share_tile(c, rule);
    if (!whole) hide_unseen(c, seen, key, -INFINITE);
    float tops[2], origins[2], sums[2] = {0, 0};
    find_largest(tops, c);
#pragma unroll
    for (int i = 0; i < 2; i++) {
        float top = tops[i] * rule.factor, before = rows.largest[i];
        rows.largest[i] = top > before + TOLERATED ? top : before;
        rows.kept[i] = before == -INFINITE ? 0.0f : fast_power_of_two(before - rows.largest[i]);
        origins[i] = rows.largest[i] == -INFINITE ? 0.0f : rows.largest[i]; // keeps the difference a number
    }
#pragma unroll
    for (int i = 0; i < KEYS / 2; i++) {
        float &value = c[i / 4][i % 4];
        value = fast_power_of_two(fmaf(value, rule.factor, -origins[i % 4 / 2]));
        sums[i % 4 / 2] += value;
    }
#pragma unroll
    for (int i = 0; i < 2; i++) rows.sum[i] = fmaf(rows.sum[i], rows.kept[i], sums[i]);
}

// A block takes 128 rows, a warpgroup 64. The scores of the next tile are asked for before the values of this one are
// mixed, and the warpgroups take turns with that: one computes weights while the tensor cores multiply for the other.
template <typename T> DEVICE void attention(const ccudakernels_attention_arguments &p) {
    uint16_t *queries = warpgroup_memory();
    uint16_t *tiles = queries + 2 * ROW_TILE_ELEMENTS;
    tile_ring<4> ring = {tiles, (uint64_t *)(tiles + 4 * TILE_ELEMENTS)};
    const ccudakernels_attention &shape = p.shape;
    attention_place place = place_of_token(shape);
    int32_t first_row = blockIdx.x * 2 * TILE, group = warpgroup(), lane = threadIdx.x % 32;
    seen_keys all = keys_seen_by_rows(shape, place, first_row, 2 * TILE);
    all.begin = all.begin / KEYS * KEYS;
    ring.make();
    if (group == 2) {
        give_back_registers<56>();
        bring_pairs<T>(p, place, ring, queries, first_row, all);
        return;
    }
    take_registers<224>();
    if (group == 1 && all.begin + KEYS < all.end) give_turn(0);
    tile_sink<4> sink = {ring, {0, 0}};
    score_rule rule = rule_of(shape);
    first_row += group * TILE;
    queries += group * ROW_TILE_ELEMENTS;
    int32_t row = first_row + threadIdx.x % WARPGROUP / 32 * 16 + lane / 4;
    seen_keys seen[2] = {keys_seen_by(shape, place, row), keys_seen_by(shape, place, row + 8)};
    seen_keys each = keys_seen_by_each(shape, place, first_row, TILE);
    float output[HEAD_SIZE / 8][4], c[KEYS / 8][4];
    uint32_t weights[KEYS / 16][4];
    row_pair rows = {{-INFINITE, -INFINITE}, {0, 0}, {0, 0}};
    clear(output);
    wait_at(ring.barriers, 0);
#if HEAD_SIZE < CCUDAKERNELS_LARGE_HEAD
    uint32_t left[STEPS][4]; // queries, for which registers have room
    int32_t own_row = threadIdx.x % WARPGROUP / 32 * 16 + lane % 16;
#pragma unroll
    for (int step = 0; step < STEPS; step++) {
        load_matrices(left[step], queries + swizzled_rows<>::place(own_row, step * 16 + lane / 16 * 8));
    }
#else
    const uint16_t *left = queries;
    show_to_products();
#endif
    int32_t first = all.begin;
    if (first < all.end) {
        int keys = sink.next();
        multiply_by_rows<T>(c, left, ring.tile(keys));
        wait_for_products<0>();
        receive(c);
        sink.release(keys);
        take_note(rows, c, rule, seen, each.begin <= first && first + KEYS <= each.end, first + lane % 4 * 2);
        pack_weights<T>(weights, c);
        first += KEYS;
    }
#pragma unroll 1
    for (; first < all.end; first += KEYS) {
        wait_for_turn(group);
        int keys = sink.next();
        multiply_by_rows<T>(c, left, ring.tile(keys));
        int values = sink.next();
        add_rows<T>(output, weights, ring.tile(values));
        if (group == 0 || first + KEYS < all.end) give_turn(1 - group);
        wait_for_products<1>();
        receive(c);
        sink.release(keys);
        take_note(rows, c, rule, seen, each.begin <= first && first + KEYS <= each.end, first + lane % 4 * 2);
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
        float sum = rows.sum[half] + shuffle_xor(rows.sum[half], 1);
        sum += shuffle_xor(sum, 2);
        bool there = own < place.rows;
        shares[half] = there ? finish_row(shape, place, own, rows.largest[half], sum, lane % 4 == 0) : 0.0f;
    }
#pragma unroll
    for (int i = 0; i < HEAD_SIZE / 2; i++) output[i / 4][i % 4] *= shares[i % 4 / 2];
    write_rows<T>(output, queries, group, [&](int32_t i) {
        bool there = first_row + i < place.rows;
        return there ? output_of<T>(shape.output) + query_place(shape, place, first_row + i) : nullptr;
    });
}

#define KERNELS(name, type)                                                                                        \
    KERNEL(NAME(attention_warpgroups, name, HEAD_SIZE), ccudakernels_attention_arguments,                          \
           CCUDAKERNELS_WARPGROUPS_THREADS, 1) {                                                                   \
        attention<type>(p);                                                                                        \
    }
WITH_FLOAT16(KERNELS)
WITH_BFLOAT16(KERNELS)

#endif
