// What all gradients of attention on tensor cores share.
#pragma once

#include "AttentionTiles.cuh"

// What a row of queries brings to its weights' gradients.
struct row_facts {
    float log_sum; // times log2(e)
    float delta;   // times the scale
    seen_keys seen;
};

DEVICE row_facts facts_of_row(
    const ccudakernels_attention_backward_arguments &p, const attention_place &place, int32_t row
) {
    if (row >= place.rows) return {0, 0, {0, 0}};
    int64_t at = sum_place(p.shape, place, row);
    return {input_of<float>(p.shape.log_sum_exp)[at] * LOG2_E, input_of<float>(p.delta)[at] * p.shape.scale,
            keys_seen_by(p.shape, place, row)};
}

// Turns a tile's products into weights, and the gradients of weights into those of products; `facts_of(block, element)`
// are those of the row of c[block][element]. Nothing here branches: values that do not count are computed and then left
// out.
template <int blocks, typename FactsOf>
DEVICE void differentiate_tile(
    float (&products)[blocks][4], float (&gradients)[blocks][4], const score_rule &rule, float scale, FactsOf facts_of
) {
    share_tile(products, rule);
    float flattening = rule.is_capped ? -1.0f : 0.0f; // what the soft-cap takes from a slope, times the squared share
#pragma unroll
    for (int i = 0; i < blocks * 4; i++) {
        float &product = products[i / 4][i % 4], &gradient = gradients[i / 4][i % 4];
        row_facts row = facts_of(i / 4, i % 4);
        float weight = fast_power_of_two(fmaf(product, rule.factor, -row.log_sum));
        float slope = weight * fmaf(gradient, scale, -row.delta);
        gradient = slope * fmaf(flattening * product, product, 1.0f);
        product = weight;
    }
}

// Puts zeros where rows do not see keys, in a tile of 16 keys and some rows; `facts` and `key` are a lane's first.
template <int blocks> DEVICE void hide_from_rows(float (&c)[blocks][4], const row_facts *facts, int32_t key) {
#pragma unroll
    for (int i = 0; i < blocks * 4; i++) {
        float &value = c[i / 4][i % 4];
        value = is_seen(facts[i / 4 * 8 + i % 2].seen, key + i % 4 / 2 * 8) ? value : 0.0f;
    }
}

// The first tile of rows from `first` on of which one sees the tile of keys from `first_key` on; `end` or more for
// none before.
DEVICE int32_t next_rows(
    const ccudakernels_attention &shape, const attention_place &place, int32_t first, int32_t end, int32_t first_key
) {
    for (; first < end; first += TILE) {
        seen_keys all = keys_seen_by_rows(shape, place, first, TILE);
        if (all.end > first_key && all.begin < first_key + TILE) break;
    }
    return first;
}

// Whether each row of the tile from `first_row` on sees each key of the tile from `first_key` on.
DEVICE bool is_whole(
    const ccudakernels_attention &shape, const attention_place &place, int32_t first_row, int32_t first_key
) {
    seen_keys each = keys_seen_by_each(shape, place, first_row, TILE);
    return each.begin <= first_key && first_key + TILE <= each.end;
}

// Where a key's row of an array like that of the keys begins; null for keys behind its end.
template <typename U>
DEVICE U *key_row(
    const ccudakernels_attention_backward_arguments &p, const attention_place &place, U *array, int32_t key
) {
    bool there = key + place.visible.key_begin < p.shape.capacity;
    return there ? array + key_place(p.shape, place, key) : nullptr;
}

template <typename T>
DEVICE T *query_row(const ccudakernels_attention_backward_arguments &p, const attention_place &place, int32_t row) {
    return row < place.rows ? output_of<T>(p.q_gradient) + query_place(p.shape, place, row) : nullptr;
}
