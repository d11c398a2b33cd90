// Attention in float32 arithmetic, of any type and head size, forward and backward.

#include "AttentionMasks.cuh"

#define PLAIN_ROWS CCUDAKERNELS_PLAIN_ROWS
// Keys of one tile of the forward; keys, or rows, of one of the backward.
#define PLAIN_KEYS 32
#define PLAIN_STEP 8
// Elements of a head that a thread holds: 16 threads share a row.
#define SHARES (CCUDAKERNELS_LARGEST_HEAD / 16)

DEVICE float plain_score(const ccudakernels_attention &shape, float product) {
    float score = product * shape.scale;
    return shape.soft_cap == 0 ? score : shape.soft_cap * tanhf(score / shape.soft_cap);
}

// Copies rows of a head into shared memory as float32, `stride` apart; zeros where `place_of(row)` is negative.
template <typename T, typename PlaceOf>
DEVICE void load_rows(float *rows, ccudakernels_address address, int count, int32_t size, PlaceOf place_of) {
    for (int i = threadIdx.x; i < count * size; i += blockDim.x) {
        int row = i / size, element = i % size;
        int64_t place = place_of(row);
        rows[row * (size + 1) + element] = place >= 0 ? widened(input_of<T>(address)[place + element]) : 0.0f;
    }
}

template <typename T>
DEVICE void load_plain_queries(
    float *rows, ccudakernels_address address, const ccudakernels_attention &shape, const attention_place &place,
    int32_t first, int count
) {
    load_rows<T>(rows, address, count, shape.head_size, [&](int row) {
        return first + row < place.rows ? query_place(shape, place, first + row) : (int64_t)-1;
    });
}

template <typename T>
DEVICE void load_plain_keys(
    float *rows, ccudakernels_address address, const ccudakernels_attention &shape, const attention_place &place,
    int32_t first, int count
) {
    ccudakernels_visible visible = place.visible;
    load_rows<T>(rows, address, count, shape.head_size, [&](int row) {
        int32_t key = first + row;
        bool there = key >= 0 && key < visible.key_end - visible.key_begin;
        return there ? key_place(shape, place, key) : (int64_t)-1;
    });
}

DEVICE float dot(const float *a, const float *b, int32_t size) {
    float sum = 0;
    for (int32_t i = 0; i < size; i++) sum = fmaf(a[i], b[i], sum);
    return sum;
}

// Joins values over the 16 threads of a row.
template <typename Join> DEVICE float joined_over_row(float value) {
#pragma unroll
    for (int half = 8; half > 0; half /= 2) value = Join::of(value, shuffle_xor(value, half));
    return value;
}

// Sixteen threads take a row: each two of a tile's scores, and every 16th element of the output.
template <typename T> DEVICE void attention_plain(const ccudakernels_attention_arguments &p) {
    DYNAMIC_SHARED(memory);
    const ccudakernels_attention &shape = p.shape;
    int32_t size = shape.head_size, first_row = blockIdx.x * PLAIN_ROWS;
    int32_t row = threadIdx.x / 16, lane = threadIdx.x % 16;
    float *queries = (float *)memory, *keys = queries + PLAIN_ROWS * (size + 1);
    float *row_scores = keys + PLAIN_KEYS * (size + 1) + row * (PLAIN_KEYS + 1);
    attention_place place = place_of_token(shape);
    seen_keys seen = keys_seen_by(shape, place, first_row + row);
    seen_keys all = keys_seen_by_rows(shape, place, first_row, PLAIN_ROWS);
    float output[SHARES] = {0}, largest = -INFINITE, sum = 0;
    load_plain_queries<T>(queries, shape.q, shape, place, first_row, PLAIN_ROWS);
    for (int32_t first = all.begin / PLAIN_KEYS * PLAIN_KEYS; first < all.end; first += PLAIN_KEYS) {
        __syncthreads();
        load_plain_keys<T>(keys, shape.k, shape, place, first, PLAIN_KEYS);
        __syncthreads();
        float pair[2], top = -INFINITE;
#pragma unroll
        for (int i = 0; i < 2; i++) {
            int32_t key = lane + i * 16;
            bool sees = first + key >= seen.begin && first + key < seen.end;
            float product = dot(queries + row * (size + 1), keys + key * (size + 1), size);
            pair[i] = sees ? plain_score(shape, product) : -INFINITE;
            top = larger(top, pair[i]);
        }
        top = larger(largest, joined_over_row<maximum>(top));
        float kept = largest == -INFINITE ? 0.0f : expf(largest - top), tile_sum = 0;
#pragma unroll
        for (int i = 0; i < 2; i++) {
            float weight = pair[i] == -INFINITE ? 0.0f : expf(pair[i] - top);
            row_scores[lane + i * 16] = weight;
            tile_sum += weight;
        }
        largest = top;
        sum = sum * kept + joined_over_row<addition>(tile_sum);
        __syncthreads(); // scores are there, and everybody is done with the keys
        load_plain_keys<T>(keys, shape.v, shape, place, first, PLAIN_KEYS);
        __syncthreads();
#pragma unroll
        for (int i = 0; i < SHARES; i++) {
            int32_t element = lane + i * 16;
            if (element >= size) break;
            float mixed = 0;
            for (int key = 0; key < PLAIN_KEYS; key++) {
                mixed = fmaf(row_scores[key], keys[key * (size + 1) + element], mixed);
            }
            output[i] = fmaf(output[i], kept, mixed);
        }
    }
    if (first_row + row >= place.rows) return;
    T *target = output_of<T>(shape.output) + query_place(shape, place, first_row + row);
#pragma unroll
    for (int i = 0; i < SHARES; i++) {
        if (lane + i * 16 < size) target[lane + i * 16] = rounded<T>(sum > 0 ? output[i] / sum : 0.0f);
    }
    if (shape.log_sum_exp != 0 && lane == 0) {
        output_of<float>(shape.log_sum_exp)[sum_place(shape, place, first_row + row)] =
            sum > 0 ? largest + logf(sum) : -INFINITE;
    }
}

#define ATTENTION_PLAIN(name, T) \
    KERNEL(attention_plain_##name, ccudakernels_attention_arguments, 256) { attention_plain<T>(p); }
FOR_EACH_TYPE(ATTENTION_PLAIN)

// ---- Backward ----

// The weight of a key for a row and the gradient of their product.
struct plain_weight {
    float weight, slope;
};

DEVICE plain_weight differentiate(
    const ccudakernels_attention_backward_arguments &p, const attention_place &place, int32_t row, int32_t key,
    float product, float gradient
) {
    seen_keys seen = keys_seen_by(p.shape, place, row);
    if (key < seen.begin || key >= seen.end) return {0, 0};
    int64_t at = sum_place(p.shape, place, row);
    float score = plain_score(p.shape, product), ratio = p.shape.soft_cap == 0 ? 0.0f : score / p.shape.soft_cap;
    float weight = expf(score - input_of<float>(p.shape.log_sum_exp)[at]);
    float delta = input_of<float>(p.delta)[at];
    return {weight, weight * (gradient - delta) * (1.0f - ratio * ratio) * p.shape.scale};
}

// 16 rows against 8 keys at a time. Half of the threads multiply queries and keys, the others gradients and values.
template <typename T> DEVICE void plain_query_gradient(const ccudakernels_attention_backward_arguments &p) {
    DYNAMIC_SHARED(memory);
    const ccudakernels_attention &shape = p.shape;
    int32_t size = shape.head_size, stride = size + 1, first_row = blockIdx.x * PLAIN_ROWS;
    float *queries = (float *)memory, *gradients = queries + PLAIN_ROWS * stride;
    float *keys = gradients + PLAIN_ROWS * stride, *values = keys + PLAIN_STEP * stride;
    float *products = values + PLAIN_STEP * stride, *slopes = products + PLAIN_ROWS * (PLAIN_STEP + 1);
    attention_place place = place_of_block(shape);
    seen_keys all = keys_seen_by_rows(shape, place, first_row, PLAIN_ROWS);
    load_plain_queries<T>(queries, shape.q, shape, place, first_row, PLAIN_ROWS);
    load_plain_queries<T>(gradients, p.output_gradient, shape, place, first_row, PLAIN_ROWS);
    int32_t pair = threadIdx.x % 128, row = pair / PLAIN_STEP, key = pair % PLAIN_STEP;
    int32_t at = row * (PLAIN_STEP + 1) + key;
    float sums[SHARES] = {0};
    for (int32_t first = all.begin / PLAIN_STEP * PLAIN_STEP; first < all.end; first += PLAIN_STEP) {
        __syncthreads();
        load_plain_keys<T>(keys, shape.k, shape, place, first, PLAIN_STEP);
        load_plain_keys<T>(values, shape.v, shape, place, first, PLAIN_STEP);
        __syncthreads();
        if (threadIdx.x < 128) products[at] = dot(queries + row * stride, keys + key * stride, size);
        else slopes[at] = dot(gradients + row * stride, values + key * stride, size);
        __syncthreads();
        if (threadIdx.x < 128) {
            slopes[at] = differentiate(p, place, first_row + row, first + key, products[at], slopes[at]).slope;
        }
        __syncthreads();
#pragma unroll
        for (int i = 0; i < SHARES; i++) {
            int32_t element = threadIdx.x % 16 + i * 16;
            if (element >= size) break;
            for (int k = 0; k < PLAIN_STEP; k++) {
                float slope = slopes[threadIdx.x / 16 * (PLAIN_STEP + 1) + k];
                sums[i] = fmaf(slope, keys[k * stride + element], sums[i]);
            }
        }
    }
    int32_t own_row = first_row + threadIdx.x / 16;
    if (own_row >= place.rows) return;
    T *target = output_of<T>(p.q_gradient) + query_place(shape, place, own_row);
#pragma unroll
    for (int i = 0; i < SHARES; i++) {
        int32_t element = threadIdx.x % 16 + i * 16;
        if (element < size) target[element] = rounded<T>(sums[i]);
    }
}

// 16 keys against 8 rows at a time.
template <typename T> DEVICE void plain_key_gradient(const ccudakernels_attention_backward_arguments &p) {
    DYNAMIC_SHARED(memory);
    const ccudakernels_attention &shape = p.shape;
    int32_t size = shape.head_size, stride = size + 1;
    float *keys = (float *)memory, *values = keys + PLAIN_ROWS * stride;
    float *queries = values + PLAIN_ROWS * stride, *gradients = queries + PLAIN_STEP * stride;
    float *weights = gradients + PLAIN_STEP * stride, *slopes = weights + PLAIN_ROWS * (PLAIN_STEP + 1);
    attention_place place = place_of_block(shape);
    int32_t key_begin = place.visible.key_begin, first_key = blockIdx.x * PLAIN_ROWS - key_begin;
    load_plain_keys<T>(keys, shape.k, shape, place, first_key, PLAIN_ROWS);
    load_plain_keys<T>(values, shape.v, shape, place, first_key, PLAIN_ROWS);
    int32_t pair = threadIdx.x % 128, key = pair / PLAIN_STEP, row = pair % PLAIN_STEP;
    int32_t at = key * (PLAIN_STEP + 1) + row;
    float key_sums[SHARES] = {0}, value_sums[SHARES] = {0};
    for (int32_t first = 0; first < place.rows; first += PLAIN_STEP) {
        seen_keys all = keys_seen_by_rows(shape, place, first, PLAIN_STEP);
        if (all.end <= first_key || all.begin >= first_key + PLAIN_ROWS) continue;
        __syncthreads();
        load_plain_queries<T>(queries, shape.q, shape, place, first, PLAIN_STEP);
        load_plain_queries<T>(gradients, p.output_gradient, shape, place, first, PLAIN_STEP);
        __syncthreads();
        if (threadIdx.x < 128) weights[at] = dot(queries + row * stride, keys + key * stride, size);
        else slopes[at] = dot(gradients + row * stride, values + key * stride, size);
        __syncthreads();
        if (threadIdx.x < 128) {
            plain_weight result = differentiate(p, place, first + row, first_key + key, weights[at], slopes[at]);
            weights[at] = result.weight;
            slopes[at] = result.slope;
        }
        __syncthreads();
#pragma unroll
        for (int i = 0; i < SHARES; i++) {
            int32_t element = threadIdx.x % 16 + i * 16;
            if (element >= size) break;
            for (int k = 0; k < PLAIN_STEP; k++) {
                int32_t own = threadIdx.x / 16 * (PLAIN_STEP + 1) + k;
                key_sums[i] = fmaf(slopes[own], queries[k * stride + element], key_sums[i]);
                value_sums[i] = fmaf(weights[own], gradients[k * stride + element], value_sums[i]);
            }
        }
    }
    int32_t own_key = first_key + threadIdx.x / 16;
    if (own_key + key_begin >= shape.capacity) return;
    int64_t target = key_place(shape, place, own_key);
#pragma unroll
    for (int i = 0; i < SHARES; i++) {
        int32_t element = threadIdx.x % 16 + i * 16;
        if (element >= size) break;
        output_of<T>(p.k_gradient)[target + element] = rounded<T>(key_sums[i]);
        output_of<T>(p.v_gradient)[target + element] = rounded<T>(value_sums[i]);
    }
}

#define PLAIN_GRADIENTS(name, T)                                                                      \
    KERNEL(attention_plain_key_gradient_##name, ccudakernels_attention_backward_arguments, 256) {     \
        plain_key_gradient<T>(p);                                                                     \
    }                                                                                                 \
    KERNEL(attention_plain_query_gradient_##name, ccudakernels_attention_backward_arguments, 256) {   \
        plain_query_gradient<T>(p);                                                                   \
    }
FOR_EACH_TYPE(PLAIN_GRADIENTS)
