// The gradients of attention on tensor cores, for one head size.
//
// Scores are computed again. Some blocks take a tile of keys and go over the rows that see them, for the gradients of
// keys and values; the others take a tile of rows and go over the keys they see, for the gradient of queries. So every
// sum belongs to one block and has a fixed order. All are one launch, whose end then leaves few processors idle.
// Where large heads leave room for one block on a processor, the rows of a tile of keys are shared out among `parts`
// blocks, and `attention_join_gradients` adds up what they found, in order.
//
// A block has eight warps: four strips of 16 rows or keys, each with two halves. A half computes half of the strip's
// weights, hands them over in shared memory, and then multiplies all of them into half of the columns.

#include "AttentionTiles.cuh"

#define BACKWARD_THREADS 256
// Steps of 16 columns that a half takes.
#define HALF_STEPS ((STEPS + 1) / 2)

// What a row of queries brings to its weights' gradients.
struct row_facts {
    float log_sum; // times log2(e)
    float delta;
    seen_keys seen;
};

DEVICE row_facts facts_of_row(
    const ccudakernels_attention_backward_arguments &p, const attention_place &place, int32_t row
) {
    if (row >= place.rows) return {0, 0, {0, 0}};
    int64_t at = sum_place(p.shape, place, row);
    return {input_of<float>(p.shape.log_sum_exp)[at] * LOG2_E, input_of<float>(p.delta)[at],
            keys_seen_by(p.shape, place, row)};
}

// A weight and the gradient of its product, from the product and the weight's own gradient.
struct weight_and_slope {
    float weight, slope;
};

// Nothing here branches: values that do not count are computed and then left out.
template <bool is_capped>
DEVICE weight_and_slope differentiate(
    const score_rule &rule, float scale, const row_facts &row, int32_t key, float product, float gradient
) {
    float share = is_capped ? capped_share(rule, product) : 0.0f;
    float score = is_capped ? rule.cap * share : rule.factor * product;
    float weight = fast_power_of_two(score - row.log_sum);
    float slope = weight * (gradient - row.delta) * (1.0f - share * share) * scale;
    bool sees = is_seen(row.seen, key);
    return {sees ? weight : 0.0f, sees ? slope : 0.0f};
}

// Adds 16 rows of a tile of weights times this half's columns of `right`.
template <typename T>
DEVICE void add_products(
    float (&sums)[HALF_STEPS][2][4], const uint16_t *weights, int strip, const uint16_t *right, int half
) {
#pragma unroll
    for (int block = 0; block < TILE / 16; block++) {
        uint32_t a[4];
        load_left(a, weights, WEIGHT_STRIDE, strip * 16, block * 16);
#pragma unroll
        for (int i = 0; i < HALF_STEPS; i++) {
            int step = 2 * i + half;
            if (2 * i + 1 >= STEPS && half > 0) break; // asked for at the end of odd steps alone
            uint32_t b[4];
            load_right_transposed(b, right, block * 16, step * 16);
            tensor_cores<T>::multiply(sums[i][0], a, b[0], b[1]);
            tensor_cores<T>::multiply(sums[i][1], a, b[2], b[3]);
        }
    }
}

// Writes this half's columns of two rows of a lane; `to` is null for a row that is not there.
template <typename T> DEVICE void write_sums(const float (&sums)[HALF_STEPS][2][4], T *const (&to)[2], int half) {
#pragma unroll
    for (int i = 0; i < HALF_STEPS; i++) {
#pragma unroll
        for (int part = 0; part < 4; part++) {
            int column = (2 * i + half) * 16 + part % 2 * 8 + threadIdx.x % 4 * 2;
            const float *pair = &sums[i][part % 2][part / 2 * 2];
            if (column < HEAD_SIZE && to[part / 2] != nullptr) write_pair(to[part / 2] + column, pair[0], pair[1]);
        }
    }
}

// Writes 16 keys from `first` on to an array like that of the keys, but for those that are behind its end.
template <typename U>
DEVICE void write_keys(
    const ccudakernels_attention_backward_arguments &p, const attention_place &place,
    const float (&sums)[HALF_STEPS][2][4], U *array, int32_t first, int half
) {
    U *rows[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
        int32_t key = first + threadIdx.x % 32 / 4 + i * 8;
        bool there = key + place.visible.key_begin < p.shape.capacity;
        rows[i] = there ? array + key_place(p.shape, place, key) : nullptr;
    }
    write_sums(sums, rows, half);
}

DEVICE void clear(float (&sums)[HALF_STEPS][2][4]) {
#pragma unroll
    for (int i = 0; i < HALF_STEPS * 8; i++) sums[i / 8][i / 4 % 2][i % 4] = 0;
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

// Turns products of 16 keys and 32 rows, and the gradients of their weights, into weights and slopes, [key][row]; `key` and
// `row` are a lane's first.
template <typename T, bool is_capped>
DEVICE void turn_keys(
    uint16_t *weights, uint16_t *slopes, const float (&products)[4][4], const float (&gradients)[4][4],
    const score_rule &rule, float scale, const row_facts *facts, int32_t first_key, int key, int row
) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const row_facts pair[2] = {facts[row + i * 8], facts[row + i * 8 + 1]};
#pragma unroll
        for (int side = 0; side < 2; side++) {
            weight_and_slope found[2];
#pragma unroll
            for (int k = 0; k < 2; k++) {
                found[k] = differentiate<is_capped>(rule, scale, pair[k], first_key + key + side * 8,
                                                    products[i][side * 2 + k], gradients[i][side * 2 + k]);
            }
            int target = (key + side * 8) * WEIGHT_STRIDE + row + i * 8;
            *(uint32_t *)(weights + target) = tensor_cores<T>::pair(found[0].weight, found[1].weight);
            *(uint32_t *)(slopes + target) = tensor_cores<T>::pair(found[0].slope, found[1].slope);
        }
    }
}

// Keys are rows here: scores lie turned, [key][row].
template <typename T>
DEVICE void key_gradient(const ccudakernels_attention_backward_arguments &p, int32_t tile, int32_t part) {
    DYNAMIC_SHARED(memory);
    __shared__ row_facts facts[TILE];
    uint16_t *keys = (uint16_t *)memory, *values = keys + TILE * STRIDE, *queries = values + TILE * STRIDE;
    uint16_t *gradients = queries + TILE * STRIDE, *weights = gradients + TILE * STRIDE;
    uint16_t *slopes = weights + TILE * WEIGHT_STRIDE;
    const ccudakernels_attention &shape = p.shape;
    attention_place place = place_of_block(shape);
    score_rule rule = rule_of(shape);
    int32_t lane = threadIdx.x % 32, strip = threadIdx.x / 32 % 4, half = threadIdx.x / 128;
    // Blocks follow the columns of the arrays, so that those outside the mask get their zeros; keys may be negative.
    int32_t key_begin = place.visible.key_begin, first_key = tile * TILE - key_begin;
    int32_t tiles = (place.rows + TILE - 1) / TILE;
    int32_t end_row = smaller(tiles * (part + 1) / p.parts * TILE, place.rows);
    load_keys<T>(keys, shape.k, shape, place, first_key);
    load_keys<T>(values, shape.v, shape, place, first_key);
    int32_t first_row = next_rows(shape, place, tiles * part / p.parts * TILE, end_row, first_key);
    load_queries<T>(queries, shape.q, shape, place, first_row, TILE);
    commit_copies();
    load_queries<T>(gradients, p.output_gradient, shape, place, first_row, TILE);
    commit_copies();
    float key_sums[HALF_STEPS][2][4], value_sums[HALF_STEPS][2][4];
    clear(key_sums);
    clear(value_sums);
    while (first_row < end_row) {
        if (threadIdx.x < TILE) facts[threadIdx.x] = facts_of_row(p, place, first_row + threadIdx.x);
        wait_for_copies<0>();
        __syncthreads();
        float products[4][4], weight_gradients[4][4];
        multiply_rows<T, 2>(products, keys, strip * 16, queries, half * 32);
        multiply_rows<T, 2>(weight_gradients, values, strip * 16, gradients, half * 32);
        int key = strip * 16 + lane / 4, row = half * 32 + lane % 4 * 2;
        if (rule.is_capped) {
            turn_keys<T, true>(weights, slopes, products, weight_gradients, rule, shape.scale, facts, first_key, key, row);
        } else {
            turn_keys<T, false>(weights, slopes, products, weight_gradients, rule, shape.scale, facts, first_key, key, row);
        }
        first_row = next_rows(shape, place, first_row + TILE, end_row, first_key);
        __syncthreads();
        add_products<T>(value_sums, weights, strip, gradients, half);
        __syncthreads(); // everybody is done with the gradients: the next are fetched meanwhile
        load_queries<T>(gradients, p.output_gradient, shape, place, first_row, TILE);
        commit_copies();
        add_products<T>(key_sums, slopes, strip, queries, half);
        __syncthreads();
        load_queries<T>(queries, shape.q, shape, place, first_row, TILE);
        commit_copies();
    }
    wait_for_copies<0>();
    if (p.parts > 1) {
        int64_t skipped = (int64_t)shape.batch * shape.capacity * shape.key_heads * shape.head_size * part;
        write_keys(p, place, key_sums, output_of<float>(p.partial_keys) + skipped, first_key + strip * 16, half);
        write_keys(p, place, value_sums, output_of<float>(p.partial_values) + skipped, first_key + strip * 16, half);
    } else {
        write_keys(p, place, key_sums, output_of<T>(p.k_gradient), first_key + strip * 16, half);
        write_keys(p, place, value_sums, output_of<T>(p.v_gradient), first_key + strip * 16, half);
    }
}

// The same for 16 rows and 32 keys; a lane's rows are eight apart from `slopes` on.
template <typename T, bool is_capped>
DEVICE void turn_rows(
    uint16_t *slopes, const float (&products)[4][4], const float (&gradients)[4][4], const score_rule &rule,
    float scale, const row_facts (&facts)[2], int32_t first_key, int key
) {
#pragma unroll
    for (int i = 0; i < 8; i++) {
        int side = i % 2, own = key + i / 2 * 8;
        float slope[2];
#pragma unroll
        for (int k = 0; k < 2; k++) {
            slope[k] = differentiate<is_capped>(rule, scale, facts[side], first_key + own + k,
                                                products[i / 2][side * 2 + k], gradients[i / 2][side * 2 + k]).slope;
        }
        *(uint32_t *)(slopes + side * 8 * WEIGHT_STRIDE + own) = tensor_cores<T>::pair(slope[0], slope[1]);
    }
}

template <typename T>
DEVICE void query_gradient(const ccudakernels_attention_backward_arguments &p, int32_t tile) {
    DYNAMIC_SHARED(memory);
    uint16_t *queries = (uint16_t *)memory, *gradients = queries + TILE * STRIDE, *keys = gradients + TILE * STRIDE;
    uint16_t *values = keys + TILE * STRIDE, *slopes = values + TILE * STRIDE;
    const ccudakernels_attention &shape = p.shape;
    attention_place place = place_of_block(shape);
    score_rule rule = rule_of(shape);
    int32_t lane = threadIdx.x % 32, strip = threadIdx.x / 32 % 4, half = threadIdx.x / 128;
    int32_t first_row = tile * TILE, row = first_row + strip * 16 + lane / 4;
    row_facts facts[2] = {facts_of_row(p, place, row), facts_of_row(p, place, row + 8)};
    seen_keys all = keys_seen_by_rows(shape, place, first_row, TILE);
    int32_t first_key = all.begin / TILE * TILE;
    load_queries<T>(queries, shape.q, shape, place, first_row, TILE);
    load_queries<T>(gradients, p.output_gradient, shape, place, first_row, TILE);
    load_keys<T>(keys, shape.k, shape, place, first_key);
    load_keys<T>(values, shape.v, shape, place, first_key);
    commit_copies();
    float sums[HALF_STEPS][2][4];
    clear(sums);
    while (first_key < all.end) {
        wait_for_copies<0>();
        __syncthreads();
        float products[4][4], weight_gradients[4][4];
        multiply_rows<T, 2>(products, queries, strip * 16, keys, half * 32);
        multiply_rows<T, 2>(weight_gradients, gradients, strip * 16, values, half * 32);
        uint16_t *own_slopes = slopes + (strip * 16 + lane / 4) * WEIGHT_STRIDE;
        int key = half * 32 + lane % 4 * 2;
        if (rule.is_capped) {
            turn_rows<T, true>(own_slopes, products, weight_gradients, rule, shape.scale, facts, first_key, key);
        } else {
            turn_rows<T, false>(own_slopes, products, weight_gradients, rule, shape.scale, facts, first_key, key);
        }
        first_key += TILE;
        __syncthreads(); // slopes are there, and everybody is done with the values: the next are fetched meanwhile
        load_keys<T>(values, shape.v, shape, place, first_key);
        commit_copies();
        add_products<T>(sums, slopes, strip, keys, half);
        __syncthreads();
        load_keys<T>(keys, shape.k, shape, place, first_key);
        commit_copies();
    }
    wait_for_copies<0>();
    T *rows[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
        bool there = row + i * 8 < place.rows;
        rows[i] = there ? output_of<T>(p.q_gradient) + query_place(shape, place, row + i * 8) : nullptr;
    }
    write_sums(sums, rows, half);
}

template <typename T> DEVICE void gradients(const ccudakernels_attention_backward_arguments &p) {
    int32_t block = blockIdx.x, key_blocks = (p.shape.capacity + TILE - 1) / TILE * p.parts;
    if (block < key_blocks) key_gradient<T>(p, block / p.parts, block % p.parts);
    else query_gradient<T>(p, block - key_blocks);
}

#define GRADIENTS(type, T)                                                                                             \
    KERNEL(NAME(attention_gradients, type, HEAD_SIZE), ccudakernels_attention_backward_arguments, BACKWARD_THREADS) { \
        gradients<T>(p);                                                                                               \
    }
GRADIENTS(float16, float16)
#if HAS_BFLOAT16
GRADIENTS(bfloat16, bfloat16)
#endif
