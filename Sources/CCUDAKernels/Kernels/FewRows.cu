// Products of few rows by a weight that is read once: what decoding spends its time on.

#include "FewRowTiles.cuh"
#include "Gelu.cuh"

// Steps of its turn along the depth that a warp has on their way: enough bytes for a whole device.
#define AHEAD CCUDAKERNELS_FEW_AHEAD

// The weights that one launch multiplies lie one after another along the grid.
DEVICE const ccudakernels_few_rows_part &part_of_block(const ccudakernels_few_rows_arguments &p) {
    int32_t i = 0;
    while (i + 1 < p.count && (int32_t)blockIdx.x >= p.parts[i + 1].first_block) i++;
    return p.parts[i];
}

// The rows that a lane reads: two of weights, one of activations in each half of the 16.
template <typename T> struct few_rows_operands {
    const T *weights[2], *x[2];
    int32_t k;

    // What lies beyond the edge is computed twice and left out at the end.
    __device__ __forceinline__ void take_rows(const ccudakernels_few_rows_arguments &p) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int32_t row = blockIdx.y * CCUDAKERNELS_FEW_ROWS + threadIdx.x % 32 / 4 + half * 8;
            x[half] = input_of<T>(p.a) + (int64_t)smaller(row, p.m - 1) * p.k;
        }
        k = p.k;
    }

    __device__ __forceinline__ void take_weight(int half, const ccudakernels_few_rows_part &part, int32_t column) {
        weights[half] = input_of<T>(part.b) + (int64_t)smaller(column, part.n - 1) * k;
    }
};

// A warp's sums over aligned rows. What a thread will multiply is copied to a ring of its own in shared memory, AHEAD
// steps before it is needed, so that reading never pauses; no other thread reads it, so nobody waits for others. The
// first weights are asked for while the kernel in front of this one still works on what they will be multiplied with.
template <typename T, int halves>
DEVICE void multiply_aligned(float (&c)[2][4], const few_rows_operands<T> &from, sixteen_bytes *ring) {
    const int threads = FEW_WARPS * 32, operands = 2 + halves;
    int32_t first = threadIdx.x / 32 * 32, lane_place = threadIdx.x % 4 * WIDTH;
    sixteen_bytes *own = ring + threadIdx.x;
    auto fetch_weights = [&](int slot, int32_t depth) {
        int32_t place = depth + lane_place;
        if (depth >= from.k) return;
#pragma unroll
        for (int half = 0; half < 2; half++) {
            copy_sixteen(own + (slot * operands + half) * threads, from.weights[half] + place, place < from.k);
        }
    };
    auto fetch_x = [&](int slot, int32_t depth) {
        int32_t place = depth + lane_place;
        if (depth >= from.k) return;
#pragma unroll
        for (int half = 0; half < halves; half++) {
            copy_sixteen_kept(own + (slot * operands + 2 + half) * threads, from.x[half] + place, place < from.k);
        }
    };
#pragma unroll
    for (int step = 0; step < AHEAD; step++) fetch_weights(step, first + step * FEW_STRIDE);
    wait_for_earlier();
    let_next_start();
#pragma unroll
    for (int step = 0; step < AHEAD; step++) {
        fetch_x(step, first + step * FEW_STRIDE);
        commit_copies();
    }
    for (int32_t depth = first; depth < from.k; depth += AHEAD * FEW_STRIDE) {
#pragma unroll
        for (int step = 0; step < AHEAD; step++) {
            int32_t now = depth + step * FEW_STRIDE;
            if (now >= from.k) break; // a whole warp
            wait_for_copies<AHEAD - 1>();
            const sixteen_bytes *there = own + step * operands * threads;
            sixteen_bytes low = there[0], high = there[threads];
#pragma unroll
            for (int half = 0; half < halves; half++) {
                multiply_eights<T>(c[half], low, high, there[(2 + half) * threads]);
            }
            fetch_weights(step, now + AHEAD * FEW_STRIDE);
            fetch_x(step, now + AHEAD * FEW_STRIDE);
            commit_copies();
        }
    }
    wait_for_copies<0>();
}

// The same sums over rows of any alignment.
template <typename T>
DEVICE void multiply_unaligned(float (&c)[2][4], const few_rows_operands<T> &from, bool both) {
    wait_for_earlier();
    for (int32_t depth = threadIdx.x / 32 * 32; depth < from.k; depth += FEW_STRIDE) {
        int32_t place = depth + threadIdx.x % 4 * WIDTH;
        sixteen_bytes low = load_eight(from.weights[0], place, from.k, false);
        sixteen_bytes high = load_eight(from.weights[1], place, from.k, false);
        multiply_eights<T>(c[0], low, high, load_eight(from.x[0], place, from.k, false));
        if (both) multiply_eights<T>(c[1], low, high, load_eight(from.x[1], place, from.k, false));
    }
}

// Leaves the sums of all warps in shared memory, where the ring was.
template <typename T>
DEVICE few_rows_sums &sum_few_rows(const few_rows_operands<T> &from, bool aligned, bool both, unsigned char *memory) {
    float c[2][4] = {{0}};
    if (!aligned) {
        multiply_unaligned(c, from, both);
    } else if (both) {
        multiply_aligned<T, 2>(c, from, (sixteen_bytes *)memory);
    } else {
        multiply_aligned<T, 1>(c, from, (sixteen_bytes *)memory);
    }
    few_rows_sums &sums = *(few_rows_sums *)memory;
    __syncthreads(); // everybody is done with the ring
    keep_fragments(c, sums);
    __syncthreads();
    return sums;
}

template <typename T, typename U> DEVICE void few_rows(const ccudakernels_few_rows_arguments &p) {
    DYNAMIC_SHARED(memory);
    const ccudakernels_few_rows_part &part = part_of_block(p);
    int32_t first_column = ((int32_t)blockIdx.x - part.first_block) * FEW_COLUMNS;
    few_rows_operands<T> from;
    from.take_rows(p);
#pragma unroll
    for (int half = 0; half < 2; half++) {
        from.take_weight(half, part, first_column + threadIdx.x % 32 / 4 + half * 8);
    }
    bool aligned = rows_are_aligned<T>(p.a, p.k) && rows_are_aligned<T>(part.b, p.k);
    bool both = (int32_t)blockIdx.y * CCUDAKERNELS_FEW_ROWS + 8 < p.m;
    few_rows_sums &sums = sum_few_rows(from, aligned, both, memory);
    finish_few_rows<T, U>({part.bias, part.output, p.m, part.n, first_column, p.alpha, p.accumulate}, sums);
}

// A block takes the same eight columns of the gate and of what it multiplies: as the two halves of one tile.
template <typename T> DEVICE void few_rows_gated(const ccudakernels_few_rows_arguments &p) {
    DYNAMIC_SHARED(memory);
    int32_t first_column = blockIdx.x * 8;
    few_rows_operands<T> from;
    from.take_rows(p);
#pragma unroll
    for (int half = 0; half < 2; half++) {
        from.take_weight(half, p.parts[half], first_column + threadIdx.x % 32 / 4);
    }
    bool aligned = rows_are_aligned<T>(p.a, p.k) && rows_are_aligned<T>(p.parts[0].b, p.k)
        && rows_are_aligned<T>(p.parts[1].b, p.k);
    bool both = (int32_t)blockIdx.y * CCUDAKERNELS_FEW_ROWS + 8 < p.m;
    few_rows_sums &sums = sum_few_rows(from, aligned, both, memory);
    int32_t column = threadIdx.x % 8, row = threadIdx.x / 8;
    int32_t j = first_column + column, i = blockIdx.y * CCUDAKERNELS_FEW_ROWS + row, n = p.parts[0].n;
    if (row >= CCUDAKERNELS_FEW_ROWS || i >= p.m || j >= n) return;
    float gate = rounded_to<T>(sum_of_warps(sums, column, row));
    float up = rounded_to<T>(sum_of_warps(sums, column + 8, row));
    output_of<T>(p.parts[0].output)[(int64_t)i * n + j] = rounded<T>(gelu<T>::of(gate) * up);
}

// float32: a warp takes two weight rows, its lanes cut the depth, and each lane adds its own terms for every row.
DEVICE void few_rows_float32(const ccudakernels_few_rows_arguments &p) {
    __shared__ few_rows_sums sums;
    const ccudakernels_few_rows_part &part = part_of_block(p);
    int32_t first_column = ((int32_t)blockIdx.x - part.first_block) * FEW_COLUMNS;
    int32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32, first_row = blockIdx.y * CCUDAKERNELS_FEW_ROWS;
    int32_t rows = smaller(CCUDAKERNELS_FEW_ROWS, p.m - first_row);
    bool a_aligned = rows_are_aligned<float>(p.a, p.k), b_aligned = rows_are_aligned<float>(part.b, p.k);
    for (int i = threadIdx.x; i < FEW_WARPS * FEW_COLUMNS * (CCUDAKERNELS_FEW_ROWS + 1); i += blockDim.x) {
        (&sums[0][0][0])[i] = 0;
    }
    __syncthreads();
    for (int half = 0; half < 2; half++) {
        int32_t column = warp + half * 8, j = smaller(first_column + column, part.n - 1);
        const float *weight = input_of<float>(part.b) + (int64_t)j * p.k;
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
    finish_few_rows<float, float>({part.bias, part.output, p.m, part.n, first_column, p.alpha, p.accumulate}, sums);
}

#if MAKES_FLOAT32
KERNEL(few_rows_float32_float32, ccudakernels_few_rows_arguments, 256) { few_rows_float32(p); }
#endif
#if MAKES_FLOAT16
EARLY_KERNEL(few_rows_float16_float16, ccudakernels_few_rows_arguments, 256) { few_rows<float16, float16>(p); }
EARLY_KERNEL(few_rows_float16_float32, ccudakernels_few_rows_arguments, 256) { few_rows<float16, float>(p); }
EARLY_KERNEL(few_rows_gated_float16, ccudakernels_few_rows_arguments, 256) { few_rows_gated<float16>(p); }
#endif
#if MAKES_BFLOAT16
EARLY_KERNEL(few_rows_bfloat16_bfloat16, ccudakernels_few_rows_arguments, 256) { few_rows<bfloat16, bfloat16>(p); }
EARLY_KERNEL(few_rows_bfloat16_float32, ccudakernels_few_rows_arguments, 256) { few_rows<bfloat16, float>(p); }
EARLY_KERNEL(few_rows_gated_bfloat16, ccudakernels_few_rows_arguments, 256) { few_rows_gated<bfloat16>(p); }
#endif

// The weight lies along the output, [k, n]: a thread takes eight columns and every 32nd row of the weight.
template <typename T, typename U> DEVICE void few_rows_plain(const ccudakernels_few_rows_arguments &p) {
    __shared__ float room[32][64 + 1];
    const ccudakernels_few_rows_part &part = p.parts[0];
    int32_t row = blockIdx.y, column = blockIdx.x * 64 + threadIdx.x % 8 * WIDTH, count = part.n - column;
    bool b_aligned = rows_are_aligned<T>(part.b, part.n);
    const T *x = input_of<T>(p.a) + (int64_t)row * p.k;
    float sums[WIDTH] = {0};
    for (int32_t depth = threadIdx.x / 8; depth < p.k && count > 0; depth += 32) {
        float w[WIDTH], factor = widened(x[depth]);
        read_eight(input_of<T>(part.b) + (int64_t)depth * part.n + column, count, b_aligned, w);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) sums[k] = fmaf(factor, w[k], sums[k]);
    }
#pragma unroll
    for (int k = 0; k < WIDTH; k++) room[threadIdx.x / 8][threadIdx.x % 8 * WIDTH + k] = sums[k];
    __syncthreads();
    int32_t j = blockIdx.x * 64 + threadIdx.x;
    if (threadIdx.x >= 64 || j >= part.n) return;
    float sum = 0;
#pragma unroll
    for (int place = 0; place < 32; place++) sum += room[place][threadIdx.x];
    float result = p.alpha * sum;
    if (part.bias != 0) result += widened(input_of<T>(part.bias)[j]);
    U *output = output_of<U>(part.output) + (int64_t)row * part.n + j;
    *output = rounded<U>(p.accumulate ? result + widened(*output) : result);
}

#if MAKES_FLOAT32
KERNEL(few_rows_plain_float32_float32, ccudakernels_few_rows_arguments, 256) { few_rows_plain<float, float>(p); }
#endif
#if MAKES_FLOAT16
KERNEL(few_rows_plain_float16_float16, ccudakernels_few_rows_arguments, 256) { few_rows_plain<float16, float16>(p); }
KERNEL(few_rows_plain_float16_float32, ccudakernels_few_rows_arguments, 256) { few_rows_plain<float16, float>(p); }
#endif
#if MAKES_BFLOAT16
KERNEL(few_rows_plain_bfloat16_bfloat16, ccudakernels_few_rows_arguments, 256) {
    few_rows_plain<bfloat16, bfloat16>(p);
}
KERNEL(few_rows_plain_bfloat16_float32, ccudakernels_few_rows_arguments, 256) { few_rows_plain<bfloat16, float>(p); }
#endif
