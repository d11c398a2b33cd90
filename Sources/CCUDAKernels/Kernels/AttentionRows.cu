// The parts of attention that no head size shapes: merging what was computed apart, and what rows bring to the
// backward.

#include "AttentionMasks.cuh"

// Parts whose sums are read at once.
#define PARTS_AT_ONCE 128

// Merges the tiles of one row in order, as `attention` does.
template <typename T> DEVICE void attention_combine(const ccudakernels_attention_arguments &p) {
    __shared__ float tiles[PARTS_AT_ONCE][2];
    let_next_start();
    const ccudakernels_attention &shape = p.shape;
    attention_place place = place_of_token(shape);
    int32_t row = blockIdx.x, size = shape.head_size;
    int64_t first = ((int64_t)place.example * shape.key_heads + place.key_head) * p.parts * place.rows + row;
    float largest = -INFINITE, sum = 0, outputs[CCUDAKERNELS_LARGEST_HEAD / 128] = {0};
    for (int32_t begin = 0; begin < p.parts; begin += PARTS_AT_ONCE) {
        int32_t count = smaller(PARTS_AT_ONCE, p.parts - begin);
        __syncthreads();
        for (int32_t i = threadIdx.x; i < count; i += blockDim.x) {
            const float *tile = input_of<float>(p.partial_sums) + (first + (int64_t)(begin + i) * place.rows) * 2;
            tiles[i][0] = tile[0];
            tiles[i][1] = tile[0] == -INFINITE ? 0.0f : tile[1]; // nothing was seen there, and nothing else was written
        }
        __syncthreads();
#pragma unroll 4
        for (int32_t i = 0; i < count; i++) {
            const float *tile = input_of<float>(p.partial_outputs) + (first + (int64_t)(begin + i) * place.rows) * size;
            bool there = tiles[i][0] != -INFINITE;
            merging merge = merged(largest, tiles[i][0]);
            if (there) {
                largest = merge.largest;
                sum = fmaf(tiles[i][1], merge.added, sum * merge.kept);
            }
#pragma unroll
            for (int part = 0; part < CCUDAKERNELS_LARGEST_HEAD / 128; part++) {
                int32_t element = threadIdx.x + part * 128;
                if (there && element < size) {
                    outputs[part] = fmaf(tile[element], merge.added, outputs[part] * merge.kept);
                }
            }
        }
    }
    T *target = output_of<T>(shape.output) + query_place(shape, place, row);
    float share = sum > 0 ? 1.0f / sum : 0.0f;
#pragma unroll
    for (int part = 0; part < CCUDAKERNELS_LARGEST_HEAD / 128; part++) {
        int32_t element = threadIdx.x + part * 128;
        if (element < size) target[element] = rounded<T>(outputs[part] * share);
    }
    if (shape.log_sum_exp != 0 && threadIdx.x == 0) {
        output_of<float>(shape.log_sum_exp)[sum_place(shape, place, row)] = log_sum_exp_of(largest, sum);
    }
}

#define ATTENTION_COMBINE(name, T) \
    KERNEL(attention_combine_##name, ccudakernels_attention_arguments, 128) { attention_combine<T>(p); }
FOR_EACH_TYPE(ATTENTION_COMBINE)

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
