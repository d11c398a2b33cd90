// Kernels that treat rows or columns: gathering, scattering, copying, sums.

#include "Numbers.cuh"

template <typename T> DEVICE void gather_rows(const ccudakernels_gather_arguments &p) {
    int64_t row = blockIdx.x, source = input_of<int32_t>(p.indices)[row] * p.columns, target = row * p.columns;
    float scale = rounded_to<T>(p.scale);
    bool table_aligned = rows_are_aligned<T>(p.table, p.columns), aligned = rows_are_aligned<T>(p.output, p.columns);
    FOR_ROW_EIGHTS(i, p.columns) {
        float values[WIDTH];
        read_eight(input_of<T>(p.table) + source + i, p.columns - i, table_aligned, values);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) values[k] = scale * values[k];
        write_eight(output_of<T>(p.output) + target + i, p.columns - i, aligned, values);
    }
}

#define GATHER_ROWS(name, T) \
    KERNEL(gather_rows_##name, ccudakernels_gather_arguments, 512) { gather_rows<T>(p); }
FOR_EACH_TYPE(GATHER_ROWS)

// A block has one target, so no two blocks write one row. It adds all rows that go there, in order; without sums, the
// last of them is copied.
template <typename T, typename U> DEVICE void scatter_rows(const ccudakernels_scatter_arguments &p) {
    const int32_t *order = input_of<int32_t>(p.order), *starts = input_of<int32_t>(p.starts);
    bool accumulate = p.accumulate != 0, is_grouped = p.order != 0;
    int64_t first = is_grouped ? starts[blockIdx.x] : blockIdx.x, last = is_grouped ? starts[blockIdx.x + 1] : first + 1;
    if (!accumulate) first = last - 1;
    int64_t target = input_of<int32_t>(p.indices)[is_grouped ? order[first] : first];
    const T *source = input_of<T>(p.source);
    U *output = output_of<U>(p.output) + target * p.columns;
    bool source_aligned = rows_are_aligned<T>(p.source, p.columns), aligned = rows_are_aligned<U>(p.output, p.columns);
    FOR_ROW_EIGHTS(i, p.columns) {
        float values[WIDTH], sums[WIDTH];
        if (accumulate) read_eight(output + i, p.columns - i, aligned, sums);
#pragma unroll 4
        for (int64_t place = first; place < last; place++) {
            int64_t row = is_grouped ? order[place] : place;
            read_eight(source + row * p.columns + i, p.columns - i, source_aligned, values);
#pragma unroll
            for (int k = 0; k < WIDTH; k++) {
                // Rounded after each row, as if rows came one by one.
                sums[k] = accumulate ? rounded_to<U>(sums[k] + p.scale * values[k]) : values[k];
            }
        }
        write_eight(output + i, p.columns - i, aligned, sums);
    }
}

#define SCATTER_ROWS(name, T) \
    KERNEL(scatter_rows_##name##_##name, ccudakernels_scatter_arguments, 512) { scatter_rows<T, T>(p); }
FOR_EACH_TYPE(SCATTER_ROWS)
#if MAKES_FLOAT16
KERNEL(scatter_rows_float16_float32, ccudakernels_scatter_arguments, 512) { scatter_rows<float16, float>(p); }
#endif
#if MAKES_BFLOAT16
KERNEL(scatter_rows_bfloat16_float32, ccudakernels_scatter_arguments, 512) { scatter_rows<bfloat16, float>(p); }
#endif

// Copies bytes that threads share out, the first of them from `first` on; sixteen at a time where all is aligned.
DEVICE void copy_bytes(
    const char *source, char *output, int64_t count, bool aligned, int64_t first, int64_t stride
) {
    if (aligned) {
        for (int64_t i = first; i < count / 16; i += stride) {
            ((sixteen_bytes *)output)[i] = ((const sixteen_bytes *)source)[i];
        }
    } else {
        for (int64_t i = first; i < count; i += stride) output[i] = source[i];
    }
}

#if MAKES_FLOAT32
KERNEL(copy_blocks, ccudakernels_copy_arguments, 256) {
    int64_t first = (int64_t)blockIdx.x * blockDim.x + threadIdx.x, stride = (int64_t)gridDim.x * blockDim.x;
    bool aligned = is_aligned(p.source | p.output | p.byte_count | p.source_stride | p.output_stride);
    for (int64_t block = blockIdx.y; block < p.blocks; block += gridDim.y) {
        const char *source = input_of<char>(p.source) + block * p.source_stride;
        char *output = output_of<char>(p.output) + block * p.output_stride;
        copy_bytes(source, output, p.byte_count, aligned, first, stride);
    }
}
#endif

#if MAKES_FLOAT32
KERNEL(write_cache, ccudakernels_write_cache_arguments, 256) {
    int64_t first = (int64_t)blockIdx.x * blockDim.x + threadIdx.x, stride = (int64_t)gridDim.x * blockDim.x;
    bool aligned = is_aligned(p.source | p.output | p.byte_count);
    for (int64_t token = blockIdx.y; token < p.tokens; token += gridDim.y) {
        const int32_t *place = input_of<int32_t>(p.places) + 3 * token;
        const char *source = input_of<char>(p.source) + token * p.byte_count;
        char *output = output_of<char>(p.output) + (place[0] * p.capacity + place[2]) * p.byte_count;
        copy_bytes(source, output, p.byte_count, aligned, first, stride);
    }
}
#endif

template <typename T> DEVICE void scale_columns(const ccudakernels_scale_columns_arguments &p) {
    const float *factors = input_of<float>(p.factors);
    bool in_aligned = rows_are_aligned<T>(p.input, p.columns), out_aligned = rows_are_aligned<T>(p.output, p.columns);
    for (int64_t row = blockIdx.y; row < p.rows; row += gridDim.y) {
        FOR_EIGHTS(i, p.columns) {
            float values[WIDTH], factor[WIDTH];
            read_eight(input_of<T>(p.input) + row * p.columns + i, p.columns - i, in_aligned, values);
            read_eight(factors + i, p.columns - i, is_aligned(p.factors), factor);
#pragma unroll
            for (int k = 0; k < WIDTH; k++) values[k] = values[k] * factor[k];
            write_eight(output_of<T>(p.output) + row * p.columns + i, p.columns - i, out_aligned, values);
        }
    }
}

#define SCALE_COLUMNS(name, T) \
    KERNEL(scale_columns_##name, ccudakernels_scale_columns_arguments, 256) { scale_columns<T>(p); }
FOR_EACH_TYPE(SCALE_COLUMNS)

// Partial sums of some rows of 256 columns: a thread takes eight columns of every eighth row.
template <bool is_product, typename T> DEVICE void sum_columns(const ccudakernels_sum_columns_arguments &p) {
    __shared__ float room[8][256];
    int64_t column = (int64_t)blockIdx.x * 256 + threadIdx.x % 32 * WIDTH, count = p.columns - column;
    int64_t first = blockIdx.y * p.part_rows, last = smaller(first + p.part_rows, p.rows);
    bool aligned = rows_are_aligned<T>(p.input, p.columns), b_aligned = rows_are_aligned<T>(p.b, p.columns);
    float sums[WIDTH] = {0};
    for (int64_t row = first + threadIdx.x / 32; row < last && count > 0; row += 8) {
        float values[WIDTH], factors[WIDTH];
        read_eight(input_of<T>(p.input) + row * p.columns + column, count, aligned, values);
        if (is_product) read_eight(input_of<T>(p.b) + row * p.columns + column, count, b_aligned, factors);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) sums[k] = sums[k] + (is_product ? values[k] * factors[k] : values[k]);
    }
#pragma unroll
    for (int k = 0; k < WIDTH; k++) room[threadIdx.x / 32][threadIdx.x % 32 * WIDTH + k] = sums[k];
    __syncthreads();
    column = (int64_t)blockIdx.x * 256 + threadIdx.x;
    if (column >= p.columns) return;
    float sum = 0;
#pragma unroll
    for (int k = 0; k < 8; k++) sum += room[k][threadIdx.x];
    output_of<float>(p.partials)[blockIdx.y * p.columns + column] = sum;
}

#define SUM_COLUMNS(name, T)                                                                        \
    KERNEL(sum_columns_##name, ccudakernels_sum_columns_arguments, 256) { sum_columns<false, T>(p); } \
    KERNEL(dot_columns_##name, ccudakernels_sum_columns_arguments, 256) { sum_columns<true, T>(p); }
FOR_EACH_TYPE(SUM_COLUMNS)

// A block takes 32 columns; each of its warps adds every eighth part.
#if MAKES_FLOAT32
KERNEL(finish_columns, ccudakernels_finish_columns_arguments, 256) {
    __shared__ float room[8][32];
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    int64_t column = (int64_t)blockIdx.x * 32 + lane;
    const float *partials = input_of<float>(p.partials);
    float *output = output_of<float>(p.output);
    float sum = 0;
    for (int64_t part = warp; part < p.parts && column < p.columns; part += 8) {
        sum += partials[part * p.columns + column];
    }
    room[warp][lane] = sum;
    __syncthreads();
    if (warp > 0 || column >= p.columns) return;
    sum = p.accumulate ? output[column] : 0.0f;
#pragma unroll
    for (int k = 0; k < 8; k++) sum += room[k][lane];
    output[column] = sum;
}
#endif

// In float64, so that neither small nor large elements are lost.
template <typename T> DEVICE void sum_of_squares(const ccudakernels_squares_arguments &p) {
    __shared__ double room[32];
    int64_t first = (int64_t)blockIdx.x * CCUDAKERNELS_SQUARES_CHUNK;
    int64_t count = smaller(p.count - first, (int64_t)CCUDAKERNELS_SQUARES_CHUNK);
    double sum = 0;
    FOR_ROW_EIGHTS(i, count) {
        float values[WIDTH];
        read_eight(input_of<T>(p.input) + first + i, count - i, is_aligned(p.input), values);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) sum += (double)values[k] * (double)values[k];
    }
    sum = joined_over_block<addition>(sum, 0.0, room);
    if (threadIdx.x == 0) output_of<double>(p.partials)[blockIdx.x] = sum;
}

#define SUM_OF_SQUARES(name, T) \
    KERNEL(sum_of_squares_##name, ccudakernels_squares_arguments, 256) { sum_of_squares<T>(p); }
FOR_EACH_TYPE(SUM_OF_SQUARES)

#if MAKES_FLOAT32
KERNEL(finish_squares, ccudakernels_finish_squares_arguments, 1024) {
    __shared__ double room[32];
    double sum = 0;
    for (int64_t i = threadIdx.x; i < p.parts; i += blockDim.x) sum += input_of<double>(p.partials)[i];
    sum = joined_over_block<addition>(sum, 0.0, room);
    if (threadIdx.x == 0) *output_of<float>(p.output) = (float)sum;
}
#endif
