// The parts of attention's backward that no head size shapes.

#include "AttentionMasks.cuh"

// A warp takes a row: the sum of its output times its gradient.
template <typename T> DEVICE void attention_delta(const ccudakernels_attention_backward_arguments &p) {
    attention_place place = place_of_block(p.shape);
    int32_t row = blockIdx.x * 8 + threadIdx.x / 32, lane = threadIdx.x % 32;
    if (row >= place.rows) return; // a whole warp
    int64_t at = query_place(p.shape, place, row);
    const T *output = input_of<T>(p.shape.output) + at, *gradient = input_of<T>(p.output_gradient) + at;
    float sum = 0;
    for (int32_t i = lane; i < p.shape.head_size; i += 32) sum = fmaf(widened(output[i]), widened(gradient[i]), sum);
    sum = joined_over_warp<addition>(sum);
    if (lane == 0) output_of<float>(p.delta)[sum_place(p.shape, place, row)] = sum;
}

#define ATTENTION_DELTA(name, T) \
    KERNEL(attention_delta_##name, ccudakernels_attention_backward_arguments, 256) { attention_delta<T>(p); }
FOR_EACH_TYPE(ATTENTION_DELTA)

// ---- Gradients that came in parts ----

// Adds up the parts of the gradient of keys, or of values where blockIdx.y is 1.
template <typename T> DEVICE void join_gradients(const ccudakernels_attention_backward_arguments &p) {
    int64_t count = (int64_t)p.shape.batch * p.shape.capacity * p.shape.key_heads * p.shape.head_size;
    const float *parts = input_of<float>(blockIdx.y == 0 ? p.partial_keys : p.partial_values);
    ccudakernels_address output = blockIdx.y == 0 ? p.k_gradient : p.v_gradient;
    bool aligned = is_aligned(output);
    FOR_EIGHTS(i, count) {
        float sums[WIDTH] = {0, 0, 0, 0, 0, 0, 0, 0};
        for (int32_t part = 0; part < p.parts; part++) {
            float values[WIDTH];
            read_eight(parts + part * count + i, count - i, count % WIDTH == 0, values);
#pragma unroll
            for (int k = 0; k < WIDTH; k++) sums[k] += values[k];
        }
        write_eight(output_of<T>(output) + i, count - i, aligned, sums);
    }
}

#define JOIN_GRADIENTS(name, T)                                                                     \
    KERNEL(attention_join_gradients_##name, ccudakernels_attention_backward_arguments, 256) {       \
        join_gradients<T>(p);                                                                       \
    }
FOR_EACH_TYPE(JOIN_GRADIENTS)
