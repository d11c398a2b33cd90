// What the products of few rows share: a block of eight warps takes 16 columns of the output, that is 16 rows of the
// weight, and up to 16 rows of activations. Its warps take turns along the depth, 32 elements each.
//
// On tensor cores the weight is the left operand. A lane loads 8 consecutive elements of a weight row at a time and
// uses them as if they were the elements that the fragment layout asks for: the same order of depth on both sides gives
// the same sums. Every sum has the same shape whatever `m` and `n` are, so a row's bits depend on nothing else.
#pragma once

#include "Numbers.cuh"

#define FEW_COLUMNS 16
#define FEW_WARPS 8
// Elements of depth that all warps take together.
#define FEW_STRIDE (FEW_WARPS * 32)

// What each warp found, by column and row of the block's tile.
typedef float few_rows_sums[FEW_WARPS][FEW_COLUMNS][CCUDAKERNELS_FEW_ROWS + 1];

// What becomes of a sum, and the first column of the block.
struct few_rows_end {
    ccudakernels_address bias, output;
    int32_t m, n, first_column;
    float alpha;
    int32_t accumulate;
};

// What the warps found for a row and a column of this block's tile, added up in order.
DEVICE float sum_of_warps(const few_rows_sums &sums, int32_t column, int32_t row) {
    float sum = 0;
#pragma unroll
    for (int warp = 0; warp < FEW_WARPS; warp++) sum += sums[warp][column][row];
    return sum;
}

// Adds up what the warps found and writes it.
template <typename T, typename U> DEVICE void finish_few_rows(const few_rows_end &end, const few_rows_sums &sums) {
    int32_t column = threadIdx.x % FEW_COLUMNS, row = threadIdx.x / FEW_COLUMNS;
    int32_t j = end.first_column + column, i = blockIdx.y * CCUDAKERNELS_FEW_ROWS + row;
    if (i >= end.m || j >= end.n) return;
    float result = end.alpha * sum_of_warps(sums, column, row);
    if (end.bias != 0) result += widened(input_of<T>(end.bias)[j]);
    U *output = output_of<U>(end.output) + (int64_t)i * end.n + j;
    *output = rounded<U>(end.accumulate ? result + widened(*output) : result);
}

// Eight elements of a narrow type as they lie, from `place` on, zeros beyond a row of `k`; at once if rows are aligned.
template <typename T> DEVICE sixteen_bytes load_eight(const T *row, int32_t place, int32_t k, bool aligned) {
    union {
        sixteen_bytes whole;
        uint16_t elements[8];
    } read = {{0, 0, 0, 0}};
    if (aligned) {
        if (place < k) read.whole = *(const sixteen_bytes *)(row + place);
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
DEVICE void keep_fragments(const float (&c)[2][4], few_rows_sums &sums) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
#pragma unroll
    for (int half = 0; half < 2; half++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            sums[warp][lane / 4 + i / 2 * 8][half * 8 + lane % 4 * 2 + i % 2] = c[half][i];
        }
    }
}
