// Narrow results: rows times a narrow matrix.
//
// The narrow matrix takes the sixteen rows of a tensor core's product, and eight rows of the other its columns.

#include "Narrow.cuh"

// Warps of a block.
#define ROWS_WARPS 8

// For a lane's column `first_column + lane / 4` of `b`: eight neighbours of depth from `depth + lane % 4 * 8` on. The
// whole warp.
template <typename T>
DEVICE sixteen_bytes read_column(const ccudakernels_narrow_part &part, bool turned, int32_t first_column, int32_t depth) {
    const T *b = input_of<T>(part.b);
    int group = threadIdx.x % 32 / 4, pair = threadIdx.x % 4;
    int32_t column = first_column + group, own = depth + pair * 8;
    bool there = column < part.n && own < part.k;
    if (turned) return read_sixteen(b + (int64_t)column * part.k + own, there);
    uint32_t words[4];
    if (part.n % 2 == 0) {
        // Rows are read as they lie and change places inside the warp.
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int32_t row = depth + group / 2 * 8 + group % 2 + 2 * i;
            const T *line = b + (int64_t)row * part.n;
            words[i] = read_two(line, first_column + pair * 2, part.n, row < part.k);
        }
#pragma unroll
        for (int i = 0; i < 4; i++) words[i] = transposed_matrix(words[i]);
    } else {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const T *place = b + (int64_t)(own + 2 * i) * part.n + column;
            words[i] = pair_of(bits_at(place, there), bits_at(place + part.n, there));
        }
    }
    return {words[0], words[1], words[2], words[3]};
}

// A block takes `tiles` eights of rows and `groups` eights of narrow columns. Its warps take turns along the depth, 32 at
// a time, `ahead` of them read before the first is used; what they found is added in order.
template <typename T, typename U, int groups, int tiles, int ahead>
DEVICE void narrow_rows(const ccudakernels_narrow_arguments &p, float *room) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const ccudakernels_narrow_part &part = p.parts[blockIdx.x % p.count];
    int32_t first_row = (int32_t)(blockIdx.x / p.count) * 8 * tiles, row = first_row + lane / 4;
    const T *a = input_of<T>(part.a) + (int64_t)row * part.k;
    float c[(groups + 1) / 2][tiles][4];
#pragma unroll
    for (int i = 0; i < (groups + 1) / 2 * tiles * 4; i++) c[i / 4 / tiles][i / 4 % tiles][i % 4] = 0;
    for (int32_t first = warp * 32; first < part.k; first += ahead * ROWS_WARPS * 32) {
        sixteen_bytes rows[ahead][tiles], columns[ahead][groups];
#pragma unroll
        for (int i = 0; i < ahead; i++) {
            int32_t start = first + i * ROWS_WARPS * 32, depth = start + lane % 4 * 8;
#pragma unroll
            for (int tile = 0; tile < tiles; tile++) {
                bool there = row + tile * 8 < p.m && depth < part.k;
                rows[i][tile] = read_sixteen(a + (int64_t)tile * 8 * part.k + depth, there);
            }
#pragma unroll
            for (int group = 0; group < groups; group++) {
                columns[i][group] = read_column<T>(part, p.transpose_b != 0, group * 8, start);
            }
        }
#pragma unroll
        for (int i = 0; i < ahead; i++) {
#pragma unroll
            for (int group = 0; group < groups; group += 2) {
                const sixteen_bytes none = {0, 0, 0, 0};
                sixteen_bytes top = columns[i][group], bottom = group + 1 < groups ? columns[i][group + 1] : none;
                uint32_t near[4] = {top.x, bottom.x, top.y, bottom.y}, far[4] = {top.z, bottom.z, top.w, bottom.w};
#pragma unroll
                for (int tile = 0; tile < tiles; tile++) {
                    tensor_cores<T>::multiply(c[group / 2][tile], near, rows[i][tile].x, rows[i][tile].y);
                    tensor_cores<T>::multiply(c[group / 2][tile], far, rows[i][tile].z, rows[i][tile].w);
                }
            }
        }
    }
#pragma unroll
    for (int i = 0; i < groups * tiles * 2; i++) {
        int group = i / 2 / tiles, tile = i / 2 % tiles;
        int at = (tile * 8 + lane % 4 * 2 + i % 2) * 8 * groups + group * 8 + lane / 4;
        room[warp * 64 * groups * tiles + at] = c[group / 2][tile][group % 2 * 2 + i % 2];
    }
    __syncthreads();
    for (int i = threadIdx.x; i < 64 * groups * tiles; i += ROWS_WARPS * 32) {
        int32_t column = i % (8 * groups), own = first_row + i / (8 * groups);
        if (own >= p.m || column >= part.n) continue;
        float sum = 0;
#pragma unroll
        for (int k = 0; k < ROWS_WARPS; k++) sum += room[k * 64 * groups * tiles + i];
        put(output_of<U>(part.output) + (int64_t)own * part.n + column, part.alpha * sum, part.accumulate != 0);
    }
}

// Up to eight columns: with few registers, so that several blocks fit on a processor.
template <typename T, typename U> DEVICE void narrow_rows(const ccudakernels_narrow_arguments &p) {
    __shared__ float room[ROWS_WARPS * 128];
    if (ccudakernels_narrow_rows(p.m) == 8) narrow_rows<T, U, 1, 1, 4>(p, room);
    else narrow_rows<T, U, 1, 2, 2>(p, room);
}

template <typename T, typename U> DEVICE void narrow_rows_wide(const ccudakernels_narrow_arguments &p) {
    __shared__ float room[ROWS_WARPS * 128 * 4];
    int32_t n = p.parts[blockIdx.x % p.count].n;
    bool is_single = ccudakernels_narrow_rows(p.m) == 8;
    if (n <= 8) is_single ? narrow_rows<T, U, 1, 1, 4>(p, room) : narrow_rows<T, U, 1, 2, 2>(p, room);
    else if (n <= 16) is_single ? narrow_rows<T, U, 2, 1, 4>(p, room) : narrow_rows<T, U, 2, 2, 2>(p, room);
    else is_single ? narrow_rows<T, U, 4, 1, 2>(p, room) : narrow_rows<T, U, 4, 2, 2>(p, room);
}

#define NARROW_ROWS(types, T, U)                                                               \
    NARROW_KERNEL(narrow_rows, types, T, U, ccudakernels_narrow_arguments, ROWS_WARPS * 32)    \
    NARROW_KERNEL(narrow_rows_wide, types, T, U, ccudakernels_narrow_arguments, ROWS_WARPS * 32)
FOR_NARROW_TYPES(NARROW_ROWS)
