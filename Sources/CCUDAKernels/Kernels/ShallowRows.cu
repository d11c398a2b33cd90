// Shallow products: a narrow matrix times a flat one.

#include "Narrow.cuh"

// Eight terms of a sum's depth: of `part`, or of the one after it that they fall to if parts are added up.
template <typename T> struct shallow_eight {
    const T *a, *b;
    int32_t k, depth; // none where `depth` is not below `k`

    __device__ __forceinline__ void find(const ccudakernels_narrow_arguments &p, int32_t part, int32_t eight) {
        while (p.sums && part < p.count && eight * 8 >= p.parts[part].k) eight -= (p.parts[part++].k + 7) / 8;
        bool there = part < p.count;
        const ccudakernels_narrow_part &own = p.parts[there ? part : 0];
        a = input_of<T>(own.a);
        b = input_of<T>(own.b);
        depth = eight * 8 + threadIdx.x % 4 * 2;
        k = there ? own.k : 0;
    }

    // The lane's two terms of a row of `a`.
    __device__ __forceinline__ uint32_t of_row(int64_t row, bool there) const {
        return read_two(a + row * k, depth, k, there);
    }

    // And of a column of `b`.
    __device__ __forceinline__ uint32_t of_column(int32_t column, int32_t n, bool transposed) const {
        if (transposed) return read_two(b + (int64_t)column * k, depth, k, column < n);
        const T *place = b + (int64_t)depth * n + column;
        return pair_of(bits_at(place, column < n && depth < k), bits_at(place + n, column < n && depth + 1 < k));
    }
};

// A warp takes 32 columns and goes down CCUDAKERNELS_SHALLOW_ROWS rows, 16 at a time, of which `ahead` are read together.
// Of four products of eight columns each, a lane has two of each: they are made to be eight neighbours.
template <typename T, typename U, int steps, int ahead> DEVICE void shallow_rows(const ccudakernels_narrow_arguments &p) {
    int lane = threadIdx.x % 32, group = lane / 4, pair = lane % 4;
    const ccudakernels_narrow_part &part = p.parts[blockIdx.z];
    int32_t first_column = (blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32) * 32;
    if (first_column >= part.n) return;
    shallow_eight<T> eights[2 * steps];
    uint32_t b[2 * steps][4];
#pragma unroll
    for (int i = 0; i < 2 * steps; i++) {
        eights[i].find(p, blockIdx.z, i);
#pragma unroll
        for (int k = 0; k < 4; k++) {
            int32_t column = first_column + group / 2 * 8 + k * 2 + group % 2;
            b[i][k] = eights[i].of_column(column, part.n, p.transpose_b != 0);
        }
    }
    int32_t column = first_column + pair * 8;
    U *output = output_of<U>(part.output) + column;
    for (int32_t step = 0; step < CCUDAKERNELS_SHALLOW_ROWS; step += 16 * ahead) {
        int32_t row = blockIdx.y * CCUDAKERNELS_SHALLOW_ROWS + step + group;
        packed_eight<U> old[2 * ahead];
        uint32_t a[2 * ahead][2 * steps];
#pragma unroll
        for (int i = 0; i < 2 * ahead; i++) {
            int32_t own = row + i * 8;
            bool there = own < p.m;
            if (part.accumulate) {
                old[i].read(output + (int64_t)own * part.n, there && column < part.n ? WIDTH : 0, true);
            }
#pragma unroll
            for (int k = 0; k < 2 * steps; k++) a[i][k] = eights[k].of_row(own, there);
        }
#pragma unroll
        for (int i = 0; i < ahead; i++) {
            float c[4][4];
#pragma unroll
            for (int k = 0; k < 16; k++) c[k / 4][k % 4] = 0;
#pragma unroll
            for (int k = 0; k < 2 * steps; k += 2) {
                uint32_t both[4] = {a[2 * i][k], a[2 * i + 1][k], a[2 * i][k + 1], a[2 * i + 1][k + 1]};
#pragma unroll
                for (int j = 0; j < 4; j++) tensor_cores<T>::multiply(c[j], both, b[k][j], b[k + 1][j]);
            }
#pragma unroll
            for (int half = 0; half < 2; half++) {
                int32_t own = row + i * 16 + half * 8;
                if (own >= p.m || column >= part.n) continue;
                float values[WIDTH];
#pragma unroll
                for (int k = 0; k < WIDTH; k++) {
                    values[k] = part.alpha * c[k / 2][half * 2 + k % 2];
                    if (part.accumulate) values[k] += widened(old[2 * i + half].elements[k]);
                }
                round_eight(output + (int64_t)own * part.n, values);
            }
        }
    }
}

template <typename T, typename U> DEVICE void shallow_rows_deep(const ccudakernels_narrow_arguments &p) {
    int32_t depth = p.parts[blockIdx.z].k;
    for (int32_t i = 1; p.sums && i < p.count; i++) depth = (depth + 7) / 8 * 8 + p.parts[i].k;
    if (depth <= 32) shallow_rows<T, U, 2, 2>(p);
    else shallow_rows<T, U, 3, 1>(p);
}

#define SHALLOW_ROWS(types, T, U)                                                                     \
    KERNEL(shallow_rows_##types, ccudakernels_narrow_arguments, 256) { shallow_rows<T, U, 1, 2>(p); } \
    NARROW_KERNEL(shallow_rows_deep, types, T, U, ccudakernels_narrow_arguments, 256)
FOR_NARROW_TYPES(SHALLOW_ROWS)
