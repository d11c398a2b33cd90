// Products of few rows by a weight that is read once: what decoding spends its time on.

#include "FewRowTiles.cuh"

// The sums of one warp, whose turns along the depth are AHEAD steps of 32 each.
template <bool whole, typename T>
DEVICE void multiply_few_rows(
    float (&c)[2][4], const T *const (&weights)[2], const T *const (&x)[2], int32_t k, bool both
) {
    int32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    for (int32_t depth = warp * AHEAD * 32; depth < k; depth += FEW_WARPS * AHEAD * 32) {
        sixteen_bytes low[AHEAD], high[AHEAD];
#pragma unroll
        for (int step = 0; step < AHEAD; step++) {
            int32_t place = depth + step * 32 + lane % 4 * WIDTH;
            low[step] = load_eight<true>(weights[0], place, k, whole);
            high[step] = load_eight<true>(weights[1], place, k, whole);
        }
#pragma unroll
        for (int step = 0; step < AHEAD; step++) {
            int32_t place = depth + step * 32 + lane % 4 * WIDTH;
            multiply_eights<T>(c[0], low[step], high[step], load_eight<false>(x[0], place, k, whole));
            if (both) multiply_eights<T>(c[1], low[step], high[step], load_eight<false>(x[1], place, k, whole));
        }
    }
}

template <typename T, typename U> DEVICE void few_rows(const ccudakernels_few_rows_arguments &p) {
    __shared__ float sums[FEW_WARPS][FEW_COLUMNS][CCUDAKERNELS_FEW_ROWS + 1];
    int32_t group = threadIdx.x % 32 / 4, first_row = blockIdx.y * CCUDAKERNELS_FEW_ROWS;
    const T *weights[2], *x[2];
#pragma unroll
    for (int half = 0; half < 2; half++) { // what lies beyond the edge is computed twice and left out at the end
        int32_t column = blockIdx.x * FEW_COLUMNS + group + half * 8, row = first_row + group + half * 8;
        weights[half] = input_of<T>(p.b) + (int64_t)smaller(column, p.n - 1) * p.k;
        x[half] = input_of<T>(p.a) + (int64_t)smaller(row, p.m - 1) * p.k;
    }
    bool both = first_row + 8 < p.m;
    float c[2][4] = {{0}};
    if (rows_are_aligned<T>(p.a, p.k) && rows_are_aligned<T>(p.b, p.k)) {
        multiply_few_rows<true>(c, weights, x, p.k, both);
    } else {
        multiply_few_rows<false>(c, weights, x, p.k, both);
    }
    keep_fragments(c, sums);
    __syncthreads();
    finish_few_rows<T, U>({p.bias, p.output, p.m, p.n, p.alpha, p.accumulate}, sums);
}

// float32: a warp takes two weight rows, its lanes cut the depth, and each lane adds its own terms for every row.
DEVICE void few_rows_float32(const ccudakernels_few_rows_arguments &p) {
    __shared__ float sums[FEW_WARPS][FEW_COLUMNS][CCUDAKERNELS_FEW_ROWS + 1];
    int32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32, first_row = blockIdx.y * CCUDAKERNELS_FEW_ROWS;
    int32_t rows = smaller(CCUDAKERNELS_FEW_ROWS, p.m - first_row);
    bool a_aligned = rows_are_aligned<float>(p.a, p.k), b_aligned = rows_are_aligned<float>(p.b, p.k);
    for (int i = threadIdx.x; i < FEW_WARPS * FEW_COLUMNS * (CCUDAKERNELS_FEW_ROWS + 1); i += blockDim.x) {
        (&sums[0][0][0])[i] = 0;
    }
    __syncthreads();
    for (int half = 0; half < 2; half++) {
        int32_t column = warp + half * 8, j = smaller((int32_t)blockIdx.x * FEW_COLUMNS + column, p.n - 1);
        const float *weight = input_of<float>(p.b) + (int64_t)j * p.k;
        float parts[CCUDAKERNELS_FEW_ROWS] = {0};
        for (int32_t depth = lane * WIDTH; depth < p.k; depth += 32 * WIDTH) {
            float w[WIDTH], x[WIDTH];
            read_eight(weight + depth, p.k - depth, b_aligned, w);
#pragma unroll
            for (int i = 0; i < CCUDAKERNELS_FEW_ROWS; i++) {
                if (i >= rows) break;
                read_eight(input_of<float>(p.a) + (int64_t)(first_row + i) * p.k + depth, p.k - depth, a_aligned, x);
#pragma unroll
                for (int k = 0; k < WIDTH; k++) parts[i] = fmaf(w[k], x[k], parts[i]);
            }
        }
#pragma unroll
        for (int i = 0; i < CCUDAKERNELS_FEW_ROWS; i++) {
            float sum = joined_over_warp<addition>(parts[i]);
            if (lane == 0) sums[0][column][i] = sum;
        }
    }
    __syncthreads();
    finish_few_rows<float, float>({p.bias, p.output, p.m, p.n, p.alpha, p.accumulate}, sums);
}

KERNEL(few_rows_float32_float32, ccudakernels_few_rows_arguments, 256) { few_rows_float32(p); }
KERNEL(few_rows_float16_float16, ccudakernels_few_rows_arguments, 256) { few_rows<float16, float16>(p); }
KERNEL(few_rows_float16_float32, ccudakernels_few_rows_arguments, 256) { few_rows<float16, float>(p); }
#if HAS_BFLOAT16
KERNEL(few_rows_bfloat16_bfloat16, ccudakernels_few_rows_arguments, 256) { few_rows<bfloat16, bfloat16>(p); }
KERNEL(few_rows_bfloat16_float32, ccudakernels_few_rows_arguments, 256) { few_rows<bfloat16, float>(p); }
#endif

// The weight lies along the output, [k, n]: a thread takes eight columns and every 32nd row of the weight.
template <typename T, typename U> DEVICE void few_rows_plain(const ccudakernels_few_rows_arguments &p) {
    __shared__ float room[32][64 + 1];
    int32_t row = blockIdx.y, column = blockIdx.x * 64 + threadIdx.x % 8 * WIDTH, count = p.n - column;
    bool b_aligned = rows_are_aligned<T>(p.b, p.n);
    const T *x = input_of<T>(p.a) + (int64_t)row * p.k;
    float sums[WIDTH] = {0};
    for (int32_t depth = threadIdx.x / 8; depth < p.k && count > 0; depth += 32) {
        float w[WIDTH], factor = widened(x[depth]);
        read_eight(input_of<T>(p.b) + (int64_t)depth * p.n + column, count, b_aligned, w);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) sums[k] = fmaf(factor, w[k], sums[k]);
    }
#pragma unroll
    for (int k = 0; k < WIDTH; k++) room[threadIdx.x / 8][threadIdx.x % 8 * WIDTH + k] = sums[k];
    __syncthreads();
    int32_t j = blockIdx.x * 64 + threadIdx.x;
    if (threadIdx.x >= 64 || j >= p.n) return;
    float sum = 0;
#pragma unroll
    for (int part = 0; part < 32; part++) sum += room[part][threadIdx.x];
    float result = p.alpha * sum;
    if (p.bias != 0) result += widened(input_of<T>(p.bias)[j]);
    U *output = output_of<U>(p.output) + (int64_t)row * p.n + j;
    *output = rounded<U>(p.accumulate ? result + widened(*output) : result);
}

KERNEL(few_rows_plain_float32_float32, ccudakernels_few_rows_arguments, 256) { few_rows_plain<float, float>(p); }
KERNEL(few_rows_plain_float16_float16, ccudakernels_few_rows_arguments, 256) { few_rows_plain<float16, float16>(p); }
KERNEL(few_rows_plain_float16_float32, ccudakernels_few_rows_arguments, 256) { few_rows_plain<float16, float>(p); }
#if HAS_BFLOAT16
KERNEL(few_rows_plain_bfloat16_bfloat16, ccudakernels_few_rows_arguments, 256) {
    few_rows_plain<bfloat16, bfloat16>(p);
}
KERNEL(few_rows_plain_bfloat16_float32, ccudakernels_few_rows_arguments, 256) { few_rows_plain<bfloat16, float>(p); }
#endif
