// Gradients of narrow matrices: sums over rows.

#include "Narrow.cuh"

// The most warps of a block.
#define GRADIENT_WARPS 16

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

// Up to eight narrow columns: with few registers, so that several blocks fit on a processor.
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

#define NARROW_GRADIENTS(types, T, U)                                                                              \
    NARROW_KERNEL(narrow_gradient, types, T, U, ccudakernels_narrow_gradient_arguments, GRADIENT_WARPS * 32)       \
    NARROW_KERNEL(narrow_gradient_wide, types, T, U, ccudakernels_narrow_gradient_arguments, GRADIENT_WARPS * 32)
FOR_NARROW_TYPES(NARROW_GRADIENTS)
