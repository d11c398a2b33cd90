// The part of attention's backward that no head size shapes.

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
