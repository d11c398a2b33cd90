// The gradients of attention on tensor cores, for one head size.
//
// Scores are computed again. Some blocks take a tile of keys and go over the rows that see them, for the gradients of
// keys and values; the others take a tile of rows and go over the keys they see, for the gradient of queries. So every
// sum belongs to one block and has a fixed order. All are one launch, whose end then leaves few processors idle.
// What a block goes over comes in two tiles a turn; the next ones are on their way meanwhile.

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

// Turns a product into its weight, and the weight's gradient into the product's. Nothing here branches: values that do
// not count are computed and then left out.
template <bool is_capped>
DEVICE void differentiate(float &product, float &gradient, const score_rule &rule, float scale, const row_facts &row) {
    float share = is_capped ? capped_share(rule, product) : product;
    float weight = fast_power_of_two(fmaf(share, rule.factor, -row.log_sum));
    float slope = weight * fmaf(gradient, scale, -row.delta);
    product = weight;
    gradient = is_capped ? slope * fmaf(-share, share, 1.0f) : slope;
}

// The same for a warp's tile; `facts_of(block, element)` are those of the row of c[block][element].
template <typename FactsOf>
DEVICE void differentiate_tile(
    float (&products)[4][4], float (&gradients)[4][4], const score_rule &rule, float scale, FactsOf facts_of
) {
    if (rule.is_capped) {
#pragma unroll
        for (int i = 0; i < 16; i++) {
            differentiate<true>(products[i / 4][i % 4], gradients[i / 4][i % 4], rule, scale, facts_of(i / 4, i % 4));
        }
    } else {
#pragma unroll
        for (int i = 0; i < 16; i++) {
            differentiate<false>(products[i / 4][i % 4], gradients[i / 4][i % 4], rule, scale, facts_of(i / 4, i % 4));
        }
    }
}

// Puts zeros where rows do not see keys, in a tile of 16 keys and 32 rows; `facts` and `key` are a lane's first.
DEVICE void hide_from_rows(float (&c)[4][4], const row_facts *facts, int32_t key) {
#pragma unroll
    for (int i = 0; i < 16; i++) {
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

#if HEAD_SIZE < CCUDAKERNELS_LARGE_HEAD
#include "AttentionSmallGradients.cuh"
#else
#include "AttentionLargeGradients.cuh"
#endif

template <typename T> DEVICE void gradients(const ccudakernels_attention_backward_arguments &p) {
    int32_t block = blockIdx.x, key_blocks = (p.shape.capacity + TILE - 1) / TILE * p.parts;
    if (block < key_blocks) key_gradient<T>(p, block / p.parts, block % p.parts);
    else query_gradient<T>(p, block - key_blocks);
}

#define GRADIENTS_BLOCKS (HEAD_SIZE == 64 ? 3 : 1)
#define GRADIENTS(type)                                                                                           \
    KERNEL(NAME(attention_gradients, type, HEAD_SIZE), ccudakernels_attention_backward_arguments, THREADS,        \
           GRADIENTS_BLOCKS) {                                                                                    \
        gradients<type>(p);                                                                                       \
    }
GRADIENTS(float16)
#if HAS_BFLOAT16
GRADIENTS(bfloat16)
#endif
