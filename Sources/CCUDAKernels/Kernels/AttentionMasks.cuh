// Where rows of attention lie, and what they see.
//
// A row is one position of one query head; the `heads / key_heads` heads that share keys lie next to each other. Keys
// count from an example's first visible one.
#pragma once

#include "Numbers.cuh"

// The example and the key head that a block works for, the row of keys that the example has, and who sees whom in it.
struct attention_place {
    int32_t example, key_row, key_head, group, rows, query_offset;
    ccudakernels_visible visible;
    uint64_t inverse; // 2^32 / group, rounded up or one more: rows are divided by it, since divisions take long
};

DEVICE uint64_t inverse_of(int32_t group) {
    return ((uint64_t)1 << 32) / (uint32_t)group + 1;
}

// The position of a row; exact for rows below 2^32 / group.
DEVICE int32_t position_of(const attention_place &place, int32_t row) {
    return (int32_t)((uint64_t)(uint32_t)row * place.inverse >> 32);
}

DEVICE attention_place place_of_block(const ccudakernels_attention &shape) {
    int32_t group = shape.heads / shape.key_heads, example = blockIdx.z;
    return {example, example, (int32_t)blockIdx.y, group, shape.queries * group, shape.query_offset,
            shape.visible[example], inverse_of(group)};
}

// The same in kernels whose examples may be single tokens behind a cache; there may be more of those than masks.
DEVICE attention_place place_of_token(const ccudakernels_attention &shape) {
    if (shape.places == 0) return place_of_block(shape);
    const int32_t *token = input_of<int32_t>(shape.places) + 3 * (int64_t)blockIdx.z;
    int32_t group = shape.heads / shape.key_heads;
    return {(int32_t)blockIdx.z, token[0], (int32_t)blockIdx.y, group, shape.queries * group, token[2],
            {token[1], token[2] + 1, 0}, inverse_of(group)};
}

// The keys that a row sees; begin == end for none.
struct seen_keys {
    int32_t begin, end;
};

DEVICE seen_keys keys_seen_by(const ccudakernels_attention &shape, const attention_place &place, int32_t row) {
    ccudakernels_visible visible = place.visible;
    int32_t column = place.query_offset + position_of(place, row);
    bool in_prefix = column < visible.prefix_end, is_free = in_prefix && shape.window_spares_prefix;
    int32_t end = smaller(in_prefix ? visible.prefix_end : column + 1, visible.key_end) - visible.key_begin;
    int32_t begin = shape.window == 0 || is_free ? 0 : column - shape.window + 1 - visible.key_begin;
    begin = larger(begin, 0);
    return row < place.rows ? seen_keys{begin, larger(begin, end)} : seen_keys{0, 0};
}

// All that rows [first, first + count) see: both ends rise with the row.
DEVICE seen_keys keys_seen_by_rows(
    const ccudakernels_attention &shape, const attention_place &place, int32_t first, int32_t count
) {
    int32_t last = smaller(first + count, place.rows) - 1;
    return {keys_seen_by(shape, place, first).begin, keys_seen_by(shape, place, last).end};
}

// The keys that each of these rows sees.
DEVICE seen_keys keys_seen_by_each(
    const ccudakernels_attention &shape, const attention_place &place, int32_t first, int32_t count
) {
    int32_t last = smaller(first + count, place.rows) - 1;
    return {keys_seen_by(shape, place, last).begin, keys_seen_by(shape, place, first).end};
}

// Elements before a row of q, the output and their gradients; before a key. Products of 32 bits by 32 are cheap.
DEVICE int64_t query_place(const ccudakernels_attention &shape, const attention_place &place, int32_t row) {
    int32_t position = position_of(place, row), head = row - position * place.group;
    return (int64_t)(place.example * shape.queries + position) * (shape.heads * shape.head_size) +
           (place.key_head * place.group + head) * shape.head_size;
}

DEVICE int64_t key_place(const ccudakernels_attention &shape, const attention_place &place, int32_t key) {
    return (int64_t)(place.key_row * shape.capacity + place.visible.key_begin + key) *
               (shape.key_heads * shape.head_size) +
           place.key_head * shape.head_size;
}

// The place of a row among log-sum-exps: [B, heads, queries].
DEVICE int64_t sum_place(const ccudakernels_attention &shape, const attention_place &place, int32_t row) {
    int32_t position = position_of(place, row), head = row - position * place.group;
    return (int64_t)(place.example * shape.heads + place.key_head * place.group + head) * shape.queries + position;
}

#define LOG2_E 1.44269504088896341f
#define LN_2 0.693147180559945309f

// How much of what was found so far, and of a new tile, remains once both are seen from the larger maximum. Maxima are
// of scores times log2(e); minus infinity where nothing was seen.
struct merging {
    float largest, kept, added;
};

DEVICE merging merged(float largest, float tile_largest) {
    float top = larger(largest, tile_largest);
    return {top, largest == -INFINITE ? 0.0f : fast_power_of_two(largest - top),
            tile_largest == -INFINITE ? 0.0f : fast_power_of_two(tile_largest - top)};
}

// What a row ends with; `largest` as in `merging`.
DEVICE float log_sum_exp_of(float largest, float sum) {
    return sum > 0 ? largest * LN_2 + logf(sum) : -INFINITE;
}
