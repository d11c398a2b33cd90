// What the products of few rows share: a block of eight warps takes 16 columns of the output, that is 16 rows of the
// weight, and up to 16 rows of activations; its warps cut the depth among them.
//
// On tensor cores the weight is the left operand. A lane loads 8 consecutive elements of a weight row at a time and
// uses them as if they were the elements that the fragment layout asks for: the same order of depth on both sides gives
// the same sums. Every sum has the same shape whatever `m` and `n` are, so a row's bits depend on nothing else.
#pragma once

#include "Numbers.cuh"

#define FEW_COLUMNS 16
#define FEW_WARPS 8
// Weight rows of 32 elements that a warp loads before it uses the first: enough bytes on their way for a whole device.
#define AHEAD 4

// What becomes of a sum.
struct few_rows_end {
    ccudakernels_address bias, output;
    int32_t m, n;
    float alpha;
    int32_t accumulate;
};

// Adds up what the warps found, in order, and writes it. `sums[warp][column][row]` covers this block's tile.
template <typename T, typename U>
DEVICE void finish_few_rows(
    const few_rows_end &end, const float (&sums)[FEW_WARPS][FEW_COLUMNS][CCUDAKERNELS_FEW_ROWS + 1]
) {
    int32_t column = threadIdx.x % FEW_COLUMNS, row = threadIdx.x / FEW_COLUMNS;
    int32_t j = blockIdx.x * FEW_COLUMNS + column, i = blockIdx.y * CCUDAKERNELS_FEW_ROWS + row;
    if (i >= end.m || j >= end.n) return;
    float sum = 0;
#pragma unroll
    for (int warp = 0; warp < FEW_WARPS; warp++) sum += sums[warp][column][row];
    float result = end.alpha * sum;
    if (end.bias != 0) result += widened(input_of<T>(end.bias)[j]);
    U *output = output_of<U>(end.output) + (int64_t)i * end.n + j;
    *output = rounded<U>(end.accumulate ? result + widened(*output) : result);
}

// Eight elements of a narrow type as they lie, from `place` on, zeros beyond a row of `k`. Where rows are `whole`,
// aligned and of eights, without a branch, so that many loads are on their way at once; weights are read once, past the
// cache.
template <bool is_weight, typename T>
DEVICE sixteen_bytes load_eight(const T *row, int32_t place, int32_t k, bool whole) {
    union {
        sixteen_bytes whole;
        uint16_t elements[8];
    } read = {{0, 0, 0, 0}};
    if (whole) {
        if (place < k) read.whole = is_weight ? read_once(row + place) : *(const sixteen_bytes *)(row + place);
        return read.whole;
    }
#pragma unroll
    for (int i = 0; i < WIDTH; i++) {
        if (place + i < k) read.elements[i] = row[place + i].bits;
    }
    return read.whole;
}

// Two products of 16 columns by 8 rows and 32 of depth, from 8 elements of two weight rows and of one row of
// activations.
template <typename T>
DEVICE void multiply_eights(
    float (&c)[4], const sixteen_bytes &low, const sixteen_bytes &high, const sixteen_bytes &x
) {
    uint32_t first[4] = {low.x, high.x, low.y, high.y}, second[4] = {low.z, high.z, low.w, high.w};
    tensor_cores<T>::multiply(c, first, x.x, x.y);
    tensor_cores<T>::multiply(c, second, x.z, x.w);
}

// Leaves one warp's fragments in `sums`.
DEVICE void keep_fragments(
    const float (&c)[2][4], float (&sums)[FEW_WARPS][FEW_COLUMNS][CCUDAKERNELS_FEW_ROWS + 1]
) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
#pragma unroll
    for (int half = 0; half < 2; half++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            sums[warp][lane / 4 + i / 2 * 8][half * 8 + lane % 4 * 2 + i % 2] = c[half][i];
        }
    }
}
