// Products with a narrow side, as low-rank adapters have them: no more than CCUDAKERNELS_NARROW columns.
//
// They do little arithmetic for what they read, so operands go straight from memory into the fragments of tensor cores.
// A sum may take its terms in any order, as long as both operands agree: so a lane reads eight neighbours at once, and
// they count as the depths that its fragments hold. A launch takes several products at once, since each is short.

#include "Numbers.cuh"

// Warps of a block of `narrow_rows`, and the most of one of `narrow_gradient`.
#define ROWS_WARPS 8
#define GRADIENT_WARPS 16

DEVICE sixteen_bytes read_sixteen(const void *place, bool there) {
    return there ? *(const sixteen_bytes *)place : sixteen_bytes{0, 0, 0, 0};
}

DEVICE uint32_t pair_of(uint16_t low, uint16_t high) {
    return low | (uint32_t)high << 16;
}

// The bits of an element, zeros where it is not there.
template <typename T> DEVICE uint16_t bits_at(const T *place, bool there) {
    return there ? place->bits : (uint16_t)0;
}

template <typename U> DEVICE void put(U *place, float value, bool adds) {
    *place = rounded<U>(adds ? value + widened(*place) : value);
}

// Two neighbours of a row of `count` elements from an even place on, zeros beyond it; at once where rows lie even.
template <typename T> DEVICE uint32_t read_two(const T *row, int32_t place, int32_t count, bool there) {
    if (count % 2 == 0) return there && place < count ? *(const uint32_t *)(row + place) : 0u;
    return pair_of(bits_at(row + place, there && place < count), bits_at(row + place + 1, there && place + 1 < count));
}

// ---- Narrow results: rows times a narrow matrix ----
//
// The narrow matrix takes the sixteen rows of a tensor core's product, and eight rows of the other its columns.

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

// ---- Shallow products: a narrow matrix times a flat one ----

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

// A warp takes 32 columns and goes down CCUDAKERNELS_SHALLOW_ROWS rows, 16 at a time, of which `ahead` are read together. Of four products of eight columns each, a lane has two of each: they are made to be eight neighbours.
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

// ---- Gradients of narrow matrices: sums over rows ----

#define LOW_HALVES(a, b) ((a) & 0xffffu | (b) << 16)
#define HIGH_HALVES(a, b) ((a) >> 16 | (b) & 0xffff0000u)

// What a warp leaves of 64 columns and eight narrow ones, so that its lanes write to different banks.
#define GRADIENT_ROOM 520

DEVICE int gradient_place(int place, int own) {
    return place * 65 + own + own / 32;
}

// A block takes 64 columns of the wide matrix and all of the narrow one's. Its warps take turns down the rows, 16 at a
// time. A lane's eight columns are rows g and g + 8 of four products.
template <typename T, typename U, int blocks>
DEVICE void narrow_gradient(const ccudakernels_narrow_gradient_part &p, int32_t rows, float *room) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = lane / 4, warps = blockDim.x / 32;
    int32_t first_column = blockIdx.x * 64, column = first_column + group * 8;
    const T *wide = input_of<T>(p.wide) + column, *narrow = input_of<T>(p.narrow);
    float c[4][blocks][4];
#pragma unroll
    for (int i = 0; i < 16 * blocks; i++) c[i / 4 % 4][i / 16][i % 4] = 0;
#pragma unroll 2
    for (int32_t first = warp * 16; first < rows; first += warps * 16) {
        sixteen_bytes lines[4];
        uint32_t b[blocks][2];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int32_t row = first + lane % 4 * 2 + i % 2 + i / 2 * 8;
            lines[i] = read_sixteen(wide + (int64_t)row * p.columns, row < rows && column < p.columns);
        }
#pragma unroll
        for (int i = 0; i < 2 * blocks; i++) {
            int32_t row = first + lane % 4 * 2 + i % 2 * 8, own = i / 2 * 8 + group;
            const T *place = narrow + (int64_t)row * p.width + own;
            b[i / 2][i % 2] = pair_of(bits_at(place, row < rows && own < p.width),
                                      bits_at(place + p.width, row + 1 < rows && own < p.width));
        }
        uint32_t words[4][4] = {{lines[0].x, lines[0].y, lines[0].z, lines[0].w},
                                {lines[1].x, lines[1].y, lines[1].z, lines[1].w},
                                {lines[2].x, lines[2].y, lines[2].z, lines[2].w},
                                {lines[3].x, lines[3].y, lines[3].z, lines[3].w}};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            uint32_t a[4] = {LOW_HALVES(words[0][i], words[1][i]), HIGH_HALVES(words[0][i], words[1][i]),
                             LOW_HALVES(words[2][i], words[3][i]), HIGH_HALVES(words[2][i], words[3][i])};
#pragma unroll
            for (int block = 0; block < blocks; block++) {
                tensor_cores<T>::multiply(c[i][block], a, b[block][0], b[block][1]);
            }
        }
    }
#pragma unroll
    for (int block = 0; block < blocks; block++) {
        __syncthreads(); // the room may still be read from the block before
#pragma unroll
        for (int i = 0; i < 16; i++) {
            int own = group * 8 + i / 4 * 2 + i % 4 / 2, place = lane % 4 * 2 + i % 2;
            room[warp * GRADIENT_ROOM + gradient_place(place, own)] = c[i / 4][block][i % 4];
        }
        __syncthreads();
        for (int i = threadIdx.x; i < 512; i += blockDim.x) {
            int own = p.turned ? i % 64 : i / 8, place = p.turned ? i / 64 : i % 8;
            int32_t target = first_column + own, width = block * 8 + place;
            if (target >= p.columns || width >= p.width) continue;
            float sum = 0;
            for (int k = 0; k < warps; k++) sum += room[k * GRADIENT_ROOM + gradient_place(place, own)];
            int64_t at = p.turned ? (int64_t)width * p.columns + target : (int64_t)target * p.width + width;
            put(output_of<U>(p.output) + at, p.alpha * sum, p.accumulate != 0);
        }
    }
}

// Up to eight narrow columns: with few registers, as above.
template <typename T, typename U> DEVICE void narrow_gradient(const ccudakernels_narrow_gradient_arguments &p) {
    __shared__ float room[GRADIENT_WARPS * GRADIENT_ROOM];
    const ccudakernels_narrow_gradient_part &part = p.parts[blockIdx.y];
    if ((int32_t)blockIdx.x * 64 < part.columns) narrow_gradient<T, U, 1>(part, p.rows, room);
}

template <typename T, typename U> DEVICE void narrow_gradient_wide(const ccudakernels_narrow_gradient_arguments &p) {
    __shared__ float room[GRADIENT_WARPS * GRADIENT_ROOM];
    const ccudakernels_narrow_gradient_part &part = p.parts[blockIdx.y];
    if ((int32_t)blockIdx.x * 64 >= part.columns) return;
    if (part.width <= 8) narrow_gradient<T, U, 1>(part, p.rows, room);
    else if (part.width <= 16) narrow_gradient<T, U, 2>(part, p.rows, room);
    else narrow_gradient<T, U, 4>(part, p.rows, room);
}

#define NARROW_KERNEL(name, types, T, U, arguments, threads) \
    KERNEL(name##_##types, arguments, threads) { name<T, U>(p); }
#define NARROW(types, T, U)                                                                                   \
    NARROW_KERNEL(narrow_rows, types, T, U, ccudakernels_narrow_arguments, ROWS_WARPS * 32)                    \
    NARROW_KERNEL(narrow_rows_wide, types, T, U, ccudakernels_narrow_arguments, ROWS_WARPS * 32)               \
    KERNEL(shallow_rows_##types, ccudakernels_narrow_arguments, 256) { shallow_rows<T, U, 1, 2>(p); }         \
    NARROW_KERNEL(shallow_rows_deep, types, T, U, ccudakernels_narrow_arguments, 256)                         \
    NARROW_KERNEL(narrow_gradient, types, T, U, ccudakernels_narrow_gradient_arguments, GRADIENT_WARPS * 32)       \
    NARROW_KERNEL(narrow_gradient_wide, types, T, U, ccudakernels_narrow_gradient_arguments, GRADIENT_WARPS * 32)
NARROW(float16_float16, float16, float16)
NARROW(float16_float32, float16, float)
#if HAS_BFLOAT16
NARROW(bfloat16_bfloat16, bfloat16, bfloat16)
NARROW(bfloat16_float32, bfloat16, float)
#endif
