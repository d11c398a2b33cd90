// Products with a narrow side, as low-rank adapters have them: no more than CCUDAKERNELS_NARROW columns.
//
// They do little arithmetic for what they read, so operands go straight from memory into the fragments of tensor cores.
// A sum may take its terms in any order, as long as both operands agree: so a lane reads eight neighbours at once, and
// they count as the depths that its fragments hold.

#include "Numbers.cuh"

#define NARROW_WARPS 16
#define NARROW_THREADS (NARROW_WARPS * 32)

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

// ---- Narrow results: rows times a narrow matrix ----

// Eight neighbours of depth from `depth` on, of one column of `b`.
template <typename T>
DEVICE sixteen_bytes read_column(const ccudakernels_narrow_arguments &p, int32_t column, int32_t depth) {
    const T *b = input_of<T>(p.b);
    bool there = column < p.n && depth < p.k;
    if (p.transpose_b) return read_sixteen(b + (int64_t)column * p.k + depth, there);
    uint32_t words[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const T *place = b + (int64_t)(depth + 2 * i) * p.n + column;
        words[i] = pair_of(bits_at(place, there), bits_at(place + p.n, there));
    }
    return {words[0], words[1], words[2], words[3]};
}

// A block takes 16 rows and 8 * blocks columns. Its warps take turns along the depth, 32 at a time, `ahead` of them read
// before the first is used; what they found is added in order.
template <typename T, typename U, int blocks, int ahead>
DEVICE void narrow_rows(const ccudakernels_narrow_arguments &p, float *room) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    int32_t row = blockIdx.x * 16 + lane / 4;
    const T *top = input_of<T>(p.a) + (int64_t)row * p.k, *bottom = top + (int64_t)8 * p.k;
    float c[blocks][4];
#pragma unroll
    for (int i = 0; i < blocks * 4; i++) c[i / 4][i % 4] = 0;
    for (int32_t first = warp * 32; first < p.k; first += ahead * NARROW_WARPS * 32) {
        sixteen_bytes a[ahead][2], b[ahead][blocks];
#pragma unroll
        for (int i = 0; i < ahead; i++) {
            int32_t depth = first + i * NARROW_WARPS * 32 + lane % 4 * 8;
            a[i][0] = read_sixteen(top + depth, row < p.m && depth < p.k);
            a[i][1] = read_sixteen(bottom + depth, row + 8 < p.m && depth < p.k);
#pragma unroll
            for (int block = 0; block < blocks; block++) b[i][block] = read_column<T>(p, block * 8 + lane / 4, depth);
        }
#pragma unroll
        for (int i = 0; i < ahead; i++) {
            uint32_t near[4] = {a[i][0].x, a[i][1].x, a[i][0].y, a[i][1].y};
            uint32_t far[4] = {a[i][0].z, a[i][1].z, a[i][0].w, a[i][1].w};
#pragma unroll
            for (int block = 0; block < blocks; block++) {
                tensor_cores<T>::multiply(c[block], near, b[i][block].x, b[i][block].y);
                tensor_cores<T>::multiply(c[block], far, b[i][block].z, b[i][block].w);
            }
        }
    }
#pragma unroll
    for (int i = 0; i < blocks * 4; i++) {
        int at = (lane / 4 + i % 4 / 2 * 8) * 8 * blocks + i / 4 * 8 + lane % 4 * 2 + i % 2;
        room[warp * 128 * blocks + at] = c[i / 4][i % 4];
    }
    __syncthreads();
    int32_t column = threadIdx.x % (8 * blocks);
    row = blockIdx.x * 16 + threadIdx.x / (8 * blocks);
    if (threadIdx.x >= 128 * blocks || row >= p.m || column >= p.n) return;
    float sum = 0;
#pragma unroll
    for (int i = 0; i < NARROW_WARPS; i++) sum += room[i * 128 * blocks + threadIdx.x];
    put(output_of<U>(p.output) + (int64_t)row * p.n + column, p.alpha * sum, p.accumulate != 0);
}

template <typename T, typename U> DEVICE void narrow_rows(const ccudakernels_narrow_arguments &p) {
    __shared__ float room[NARROW_WARPS * 128 * 4];
    if (p.n <= 8) narrow_rows<T, U, 1, 4>(p, room);
    else if (p.n <= 16) narrow_rows<T, U, 2, 4>(p, room);
    else narrow_rows<T, U, 4, 2>(p, room);
}

// ---- Shallow products: a narrow matrix times a flat one ----

// The fragment of a column of `b`: depths `depth` and the next.
template <typename T>
DEVICE uint32_t read_pair(const ccudakernels_narrow_arguments &p, int32_t column, int32_t depth) {
    const T *b = input_of<T>(p.b);
    int64_t place = p.transpose_b ? (int64_t)column * p.k + depth : (int64_t)depth * p.n + column;
    int64_t step = p.transpose_b ? 1 : p.n;
    bool there = column < p.n;
    return pair_of(bits_at(b + place, there && depth < p.k), bits_at(b + place + step, there && depth + 1 < p.k));
}

// A warp takes 32 columns and goes down CCUDAKERNELS_SHALLOW_ROWS rows, 16 at a time. Of four products of eight columns
// each, a lane has two of each: they are made to be eight neighbours.
template <typename T, typename U, int steps> DEVICE void shallow_rows(const ccudakernels_narrow_arguments &p) {
    int lane = threadIdx.x % 32, group = lane / 4, pair = lane % 4;
    int32_t first_column = (blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32) * 32;
    if (first_column >= p.n) return;
    uint32_t b[steps][4][2];
#pragma unroll
    for (int i = 0; i < steps * 8; i++) {
        int32_t column = first_column + group / 2 * 8 + i / 2 % 4 * 2 + group % 2;
        b[i / 8][i / 2 % 4][i % 2] = read_pair<T>(p, column, i / 8 * 16 + i % 2 * 8 + pair * 2);
    }
    int32_t column = first_column + pair * 8;
    for (int32_t step = 0; step < CCUDAKERNELS_SHALLOW_ROWS; step += 16) {
        int32_t row = blockIdx.y * CCUDAKERNELS_SHALLOW_ROWS + step + group;
        float c[4][4];
#pragma unroll
        for (int i = 0; i < 16; i++) c[i / 4][i % 4] = 0;
#pragma unroll
        for (int i = 0; i < steps; i++) {
            uint32_t a[4];
#pragma unroll
            for (int k = 0; k < 4; k++) {
                int32_t own = row + k % 2 * 8, depth = i * 16 + k / 2 * 8 + pair * 2;
                const T *place = input_of<T>(p.a) + (int64_t)own * p.k + depth;
                a[k] = pair_of(bits_at(place, own < p.m && depth < p.k),
                               bits_at(place + 1, own < p.m && depth + 1 < p.k));
            }
#pragma unroll
            for (int k = 0; k < 4; k++) tensor_cores<T>::multiply(c[k], a, b[i][k][0], b[i][k][1]);
        }
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int32_t own = row + half * 8;
            if (own >= p.m || column >= p.n) continue;
            U *place = output_of<U>(p.output) + (int64_t)own * p.n + column;
            float values[WIDTH] = {0, 0, 0, 0, 0, 0, 0, 0};
            if (p.accumulate) widen_eight(place, values);
#pragma unroll
            for (int k = 0; k < WIDTH; k++) values[k] += p.alpha * c[k / 2][half * 2 + k % 2];
            round_eight(place, values);
        }
    }
}

template <typename T, typename U> DEVICE void shallow_rows(const ccudakernels_narrow_arguments &p) {
    if (p.k <= 16) shallow_rows<T, U, 1>(p);
    else shallow_rows<T, U, 2>(p);
}

// ---- Gradients of narrow matrices: sums over rows ----

#define LOW_HALVES(a, b) ((a) & 0xffffu | (b) << 16)
#define HIGH_HALVES(a, b) ((a) >> 16 | (b) & 0xffff0000u)

// A block takes 64 columns of the wide matrix and all of the narrow one's. Its warps take turns down the rows, 16 at a
// time. A lane's eight columns are rows g and g + 8 of four products.
template <typename T, typename U, int blocks>
DEVICE void narrow_gradient(const ccudakernels_narrow_gradient_arguments &p, float *room) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = lane / 4;
    int32_t first_column = blockIdx.x * 64, column = first_column + group * 8;
    const T *wide = input_of<T>(p.wide) + column, *narrow = input_of<T>(p.narrow);
    float c[4][blocks][4];
#pragma unroll
    for (int i = 0; i < 16 * blocks; i++) c[i / 4 % 4][i / 16][i % 4] = 0;
#pragma unroll 2
    for (int32_t first = warp * 16; first < p.rows; first += NARROW_WARPS * 16) {
        sixteen_bytes lines[4];
        uint32_t b[blocks][2];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int32_t row = first + lane % 4 * 2 + i % 2 + i / 2 * 8;
            lines[i] = read_sixteen(wide + (int64_t)row * p.columns, row < p.rows && column < p.columns);
        }
#pragma unroll
        for (int i = 0; i < 2 * blocks; i++) {
            int32_t row = first + lane % 4 * 2 + i % 2 * 8, own = i / 2 * 8 + group;
            const T *place = narrow + (int64_t)row * p.width + own;
            b[i / 2][i % 2] = pair_of(bits_at(place, row < p.rows && own < p.width),
                                      bits_at(place + p.width, row + 1 < p.rows && own < p.width));
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
            room[warp * 512 + place * 64 + own] = c[i / 4][block][i % 4];
        }
        __syncthreads();
        int own = p.turned ? threadIdx.x % 64 : threadIdx.x / 8, place = p.turned ? threadIdx.x / 64 : threadIdx.x % 8;
        int32_t target = first_column + own, width = block * 8 + place;
        if (target >= p.columns || width >= p.width) continue;
        float sum = 0;
#pragma unroll
        for (int i = 0; i < NARROW_WARPS; i++) sum += room[i * 512 + place * 64 + own];
        int64_t at = p.turned ? (int64_t)width * p.columns + target : (int64_t)target * p.width + width;
        put(output_of<U>(p.output) + at, p.alpha * sum, p.accumulate != 0);
    }
}

template <typename T, typename U> DEVICE void narrow_gradient(const ccudakernels_narrow_gradient_arguments &p) {
    __shared__ float room[NARROW_WARPS * 512];
    if (p.width <= 8) narrow_gradient<T, U, 1>(p, room);
    else if (p.width <= 16) narrow_gradient<T, U, 2>(p, room);
    else narrow_gradient<T, U, 4>(p, room);
}

#define NARROW(types, T, U)                                                                     \
    KERNEL(narrow_rows_##types, ccudakernels_narrow_arguments, NARROW_THREADS) {                \
        narrow_rows<T, U>(p);                                                                   \
    }                                                                                           \
    KERNEL(shallow_rows_##types, ccudakernels_narrow_arguments, 256) { shallow_rows<T, U>(p); } \
    KERNEL(narrow_gradient_##types, ccudakernels_narrow_gradient_arguments, NARROW_THREADS) {   \
        narrow_gradient<T, U>(p);                                                               \
    }
NARROW(float16_float16, float16, float16)
NARROW(float16_float32, float16, float)
#if HAS_BFLOAT16
NARROW(bfloat16_bfloat16, bfloat16, bfloat16)
NARROW(bfloat16_float32, bfloat16, float)
#endif
