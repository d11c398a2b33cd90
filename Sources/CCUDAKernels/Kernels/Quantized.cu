// 4-bit NormalFloat: turning a matrix into real numbers, and products of few rows by it as it lies.

#include "FewRowTiles.cuh"

// What the 16 codes stand for; `NF4Matrix.values` in Swift says the same.
static __device__ const float nf4_values[16] = {
    -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f,
    -0.18477343022823334f, -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f,
    0.24611230194568634f, 0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f,
};

#define NF4_BLOCK 64
#define NF4_OUTER_BLOCK 256

DEVICE float nf4_scale(const ccudakernels_nf4 &matrix, int64_t block) {
    if (matrix.scales != 0) return input_of<float>(matrix.scales)[block];
    // The product is rounded before the sum: this file is compiled without fused sums.
    float inner = input_of<float>(matrix.scale_map)[input_of<uint8_t>(matrix.scale_codes)[block]];
    float product = inner * input_of<float>(matrix.outer_scales)[block / NF4_OUTER_BLOCK];
    return product + matrix.offset;
}

// The matrix's own type.
DEVICE float rounded_to_type(int32_t type, float value) {
#if HAS_BFLOAT16
    if (type == CCUDAKERNELS_BFLOAT16) return rounded_to<bfloat16>(value);
#endif
    return type == CCUDAKERNELS_FLOAT16 ? rounded_to<float16>(value) : value;
}

// Fills `table` with what codes stand for, before their scale.
DEVICE void load_codes(float (&table)[16]) {
    if (threadIdx.x < 16) table[threadIdx.x] = nf4_values[threadIdx.x];
    __syncthreads();
}

// Element `i` of a matrix.
DEVICE float nf4_element(const ccudakernels_nf4 &matrix, const float (&table)[16], int64_t i) {
    uint8_t byte = input_of<uint8_t>(matrix.codes)[i / 2];
    float value = table[i % 2 == 0 ? byte >> 4 : byte & 15] * nf4_scale(matrix, i / NF4_BLOCK);
    return rounded_to_type(matrix.type, value);
}

template <typename T> DEVICE void dequantize(const ccudakernels_dequantize_arguments &p) {
    __shared__ float table[16];
    load_codes(table);
    T *output = output_of<T>(p.output);
    bool has_words = p.input.codes % 4 == 0;
    FOR_EIGHTS(i, p.count) {
        float values[WIDTH], scale = nf4_scale(p.input, i / NF4_BLOCK); // eight elements never straddle two blocks
        int64_t count = p.count - i;
        if (has_words && count >= WIDTH) {
            uint32_t codes = *(const uint32_t *)(input_of<uint8_t>(p.input.codes) + i / 2);
#pragma unroll
            for (int k = 0; k < WIDTH; k++) {
                uint32_t code = codes >> (k / 2 * 8 + (k % 2 == 0 ? 4 : 0)) & 15;
                values[k] = rounded_to_type(p.input.type, table[code] * scale);
            }
        } else {
#pragma unroll
            for (int k = 0; k < WIDTH; k++) values[k] = k < count ? nf4_element(p.input, table, i + k) : 0.0f;
        }
        write_eight(output + i, count, is_aligned(p.output), values);
    }
}

#define DEQUANTIZE(name, T) \
    KERNEL(dequantize_##name, ccudakernels_dequantize_arguments, 256) { dequantize<T>(p); }
FOR_EACH_TYPE(DEQUANTIZE)

// Eight elements of a weight row from `place` on, in T, zeros beyond the row.
template <typename T>
DEVICE sixteen_bytes nf4_eight(
    const ccudakernels_nf4 &matrix, const float (&table)[16], int64_t row, int32_t k, int32_t place, bool whole
) {
    int64_t first = row * k + place;
    float values[WIDTH];
    if (whole && place < k) { // blocks and words begin at rows: one scale, one word
        float scale = nf4_scale(matrix, first / NF4_BLOCK);
        uint32_t codes = *(const uint32_t *)(input_of<uint8_t>(matrix.codes) + first / 2);
#pragma unroll
        for (int i = 0; i < WIDTH; i++) {
            uint32_t code = codes >> (i / 2 * 8 + (i % 2 == 0 ? 4 : 0)) & 15;
            values[i] = rounded_to_type(matrix.type, table[code] * scale);
        }
    } else {
#pragma unroll
        for (int i = 0; i < WIDTH; i++) values[i] = place + i < k ? nf4_element(matrix, table, first + i) : 0.0f;
    }
    return {tensor_cores<T>::pair(values[0], values[1]), tensor_cores<T>::pair(values[2], values[3]),
            tensor_cores<T>::pair(values[4], values[5]), tensor_cores<T>::pair(values[6], values[7])};
}

// As `few_rows`, in the same order of depth, so to the bit what the dequantized matrix would give.
template <typename T, typename U> DEVICE void few_rows_nf4(const ccudakernels_few_rows_nf4_arguments &p) {
    __shared__ few_rows_sums sums;
    __shared__ float table[16];
    load_codes(table);
    int32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = lane / 4;
    int32_t column = blockIdx.x * FEW_COLUMNS + group, row = blockIdx.y * CCUDAKERNELS_FEW_ROWS + group;
    bool whole = p.k % NF4_BLOCK == 0 && p.b.codes % 4 == 0, a_aligned = rows_are_aligned<T>(p.a, p.k);
    bool has_second = (int32_t)blockIdx.y * CCUDAKERNELS_FEW_ROWS + 8 < p.m;
    int64_t low_row = smaller(column, p.n - 1), high_row = smaller(column + 8, p.n - 1);
    const T *first_x = input_of<T>(p.a) + (int64_t)smaller(row, p.m - 1) * p.k;
    const T *second_x = input_of<T>(p.a) + (int64_t)smaller(row + 8, p.m - 1) * p.k;
    float c[2][4] = {{0}};
#pragma unroll 2
    for (int32_t depth = warp * 32; depth < p.k; depth += FEW_STRIDE) {
        int32_t place = depth + lane % 4 * WIDTH;
        sixteen_bytes low = nf4_eight<T>(p.b, table, low_row, p.k, place, whole);
        sixteen_bytes high = nf4_eight<T>(p.b, table, high_row, p.k, place, whole);
        multiply_eights<T>(c[0], low, high, load_eight(first_x, place, p.k, a_aligned));
        if (has_second) multiply_eights<T>(c[1], low, high, load_eight(second_x, place, p.k, a_aligned));
    }
    keep_fragments(c, sums);
    __syncthreads();
    int32_t first_column = blockIdx.x * FEW_COLUMNS;
    finish_few_rows<T, U>({p.bias, p.output, p.m, p.n, first_column, 1.0f, p.accumulate}, sums);
}

// float32: as `few_rows_float32`, one element at a time.
DEVICE void few_rows_nf4_float32(const ccudakernels_few_rows_nf4_arguments &p) {
    __shared__ few_rows_sums sums;
    __shared__ float table[16];
    load_codes(table);
    int32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32, first_row = blockIdx.y * CCUDAKERNELS_FEW_ROWS;
    int32_t rows = smaller(CCUDAKERNELS_FEW_ROWS, p.m - first_row);
    for (int i = threadIdx.x; i < FEW_WARPS * FEW_COLUMNS * (CCUDAKERNELS_FEW_ROWS + 1); i += blockDim.x) {
        (&sums[0][0][0])[i] = 0;
    }
    __syncthreads();
    for (int half = 0; half < 2; half++) {
        int32_t column = warp + half * 8, j = smaller((int32_t)blockIdx.x * FEW_COLUMNS + column, p.n - 1);
        float parts[CCUDAKERNELS_FEW_ROWS] = {0};
        for (int32_t first = lane * WIDTH; first < p.k; first += 32 * WIDTH) {
            for (int32_t depth = first; depth < smaller(first + WIDTH, p.k); depth++) {
                float w = nf4_element(p.b, table, (int64_t)j * p.k + depth);
#pragma unroll
                for (int i = 0; i < CCUDAKERNELS_FEW_ROWS; i++) {
                    if (i >= rows) break;
                    parts[i] = fmaf(w, input_of<float>(p.a)[(int64_t)(first_row + i) * p.k + depth], parts[i]);
                }
            }
        }
#pragma unroll
        for (int i = 0; i < CCUDAKERNELS_FEW_ROWS; i++) {
            float sum = joined_over_warp<addition>(parts[i]);
            if (lane == 0) sums[0][column][i] = sum;
        }
    }
    __syncthreads();
    int32_t first_column = blockIdx.x * FEW_COLUMNS;
    finish_few_rows<float, float>({p.bias, p.output, p.m, p.n, first_column, 1.0f, p.accumulate}, sums);
}

#if MAKES_FLOAT32
KERNEL(few_rows_nf4_float32_float32, ccudakernels_few_rows_nf4_arguments, 256) { few_rows_nf4_float32(p); }
#endif
#if MAKES_FLOAT16
KERNEL(few_rows_nf4_float16_float16, ccudakernels_few_rows_nf4_arguments, 256) { few_rows_nf4<float16, float16>(p); }
KERNEL(few_rows_nf4_float16_float32, ccudakernels_few_rows_nf4_arguments, 256) { few_rows_nf4<float16, float>(p); }
#endif
#if MAKES_BFLOAT16
KERNEL(few_rows_nf4_bfloat16_bfloat16, ccudakernels_few_rows_nf4_arguments, 256) {
    few_rows_nf4<bfloat16, bfloat16>(p);
}
KERNEL(few_rows_nf4_bfloat16_float32, ccudakernels_few_rows_nf4_arguments, 256) { few_rows_nf4<bfloat16, float>(p); }
#endif
