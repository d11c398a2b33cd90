// The middle of a feed-forward layer with adapters: what they add to both products, the gate, and sums of gradients.
//
// It is bound by memory, so a matrix is read once. A warp takes 32 columns and goes down the rows of its block, 16 at a
// time. A lane has rows g and g + 8 of these, and eight neighbouring columns: as they are, the terms of sums over
// columns; turned inside the warp, those of sums over rows.

#include "Gelu.cuh"
#include "Narrow.cuh"

// Warps of a block, which stand side by side.
#define GELU_WARPS 8

#define GELU_THREADS (GELU_WARPS * 32)

// Where a warp works.
struct strip_place {
    int32_t row, column; // of the lane's first element
    int32_t end, n;      // behind the block's last row; columns of the matrix

    __device__ __forceinline__ bool has(int half) const { return row + half * 8 < end && column < n; }
    __device__ __forceinline__ int64_t at(int half) const { return (int64_t)(row + half * 8) * n + column; }
    __device__ __forceinline__ strip_place below() const { return {row + 16, column, end, n}; }
};

// The lane's elements of a matrix.
template <typename T> struct strip {
    sixteen_bytes lines[2];

    __device__ __forceinline__ void read(ccudakernels_address matrix, const strip_place &place) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            lines[half] = read_sixteen(input_of<T>(matrix) + place.at(half), place.has(half));
        }
    }

    __device__ __forceinline__ void widen(float (&values)[2][WIDTH]) const {
#pragma unroll
        for (int half = 0; half < 2; half++) widen_eight((const T *)&lines[half], values[half]);
    }

    __device__ __forceinline__ void round(const float (&values)[2][WIDTH]) {
#pragma unroll
        for (int half = 0; half < 2; half++) lines[half] = rounded_eight<T>(values[half]);
    }

    __device__ __forceinline__ void write(ccudakernels_address matrix, const strip_place &place) const {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            if (place.has(half)) write_sixteen(output_of<T>(matrix) + place.at(half), lines[half]);
        }
    }

    __device__ __forceinline__ uint32_t word(int half, int i) const {
        return i == 0 ? lines[half].x : i == 1 ? lines[half].y : i == 2 ? lines[half].z : lines[half].w;
    }
};

// The strips that are read next, on their way while a warp computes; a lane takes what it asked for. For a kernel whose
// registers leave no place for more warps.
template <typename T, int matrices> struct strips_ahead {
    sixteen_bytes *lines; // the lane's
    int turn;

    // By the lane's place in a block's room.
    __device__ __forceinline__ strips_ahead(float *room) : lines((sixteen_bytes *)room + threadIdx.x), turn(0) {}

    __device__ __forceinline__ sixteen_bytes *line(int own_turn, int matrix, int half) const {
        return lines + ((own_turn * matrices + matrix) * 2 + half) * GELU_THREADS;
    }

    __device__ __forceinline__ void ask(const ccudakernels_address (&of)[matrices], const strip_place &place) {
#pragma unroll
        for (int i = 0; i < 2 * matrices; i++) {
            const T *from = input_of<T>(of[i / 2]);
            bool there = place.has(i % 2);
            copy_sixteen(line(turn, i / 2, i % 2), there ? from + place.at(i % 2) : from, there);
        }
        commit_copies();
        turn ^= 1;
    }

    // The strip that was asked for before the last.
    __device__ __forceinline__ strip<T> of(int matrix) const {
        return {{*line(turn, matrix, 0), *line(turn, matrix, 1)}};
    }
};

// Two neighbours of a row of an even number of elements.
template <typename T> DEVICE uint32_t read_pair(const T *row, int32_t place, int32_t count, bool there) {
    return there && place < count ? *(const uint32_t *)(row + place) : 0u;
}

// The rows of a narrow matrix that belong to a strip: as left operands, and, turned, as right ones.
template <typename T, int eights> struct narrow_strip {
    uint32_t words[2][eights];

    __device__ __forceinline__ void read(
        ccudakernels_address matrix, int32_t width, const strip_place &place
    ) {
        const T *rows = input_of<T>(matrix);
#pragma unroll
        for (int i = 0; i < 2 * eights; i++) {
            int32_t row = place.row + i % 2 * 8;
            words[i % 2][i / 2] =
                read_pair(rows + (int64_t)row * width, i / 2 * 8 + threadIdx.x % 4 * 2, width, row < place.end);
        }
    }
};

// A matrix of few rows, or, turned, of few columns, where the warp's columns are: as right operands of sums over what
// is few, and, turned, of sums over columns.
template <typename T, int eights> struct flat_factor {
    uint32_t words[eights][4];

    // Of `[n, width]`.
    __device__ __forceinline__ void read_tall(ccudakernels_address matrix, int32_t width, const strip_place &place) {
        const T *b = input_of<T>(matrix);
        int group = threadIdx.x % 32 / 4, pair = threadIdx.x % 4;
#pragma unroll
        for (int i = 0; i < 4 * eights; i++) {
            int32_t column = place.column - pair * 8 + group / 2 * 8 + i % 4 * 2 + group % 2;
            words[i / 4][i % 4] = read_pair(b + (int64_t)column * width, i / 4 * 8 + pair * 2, width, column < place.n);
        }
    }

    // Of `[width, n]`.
    __device__ __forceinline__ void read_flat(ccudakernels_address matrix, int32_t width, const strip_place &place) {
#pragma unroll
        for (int i = 0; i < eights; i++) {
            int32_t row = i * 8 + threadIdx.x % 32 / 4;
            const T *line = input_of<T>(matrix) + (int64_t)row * place.n + place.column;
            sixteen_bytes eight = read_sixteen(line, row < width && place.column < place.n);
            uint32_t each[4] = {eight.x, eight.y, eight.z, eight.w};
#pragma unroll
            for (int k = 0; k < 4; k++) words[i][k] = transposed_matrix(each[k]);
        }
    }
};

// terms = terms + alpha * rows times factor, rounded.
template <typename T, int eights>
DEVICE void add_product(
    strip<T> &terms, const narrow_strip<T, eights> &rows, const flat_factor<T, eights> &factor, float alpha
) {
    constexpr int last = eights - 1;
    float c[4][4], values[2][WIDTH];
    const uint32_t(&words)[2][eights] = rows.words;
    uint32_t a[4] = {words[0][0], words[1][0], last ? words[0][last] : 0, last ? words[1][last] : 0};
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int k = 0; k < 4; k++) c[i][k] = 0;
        tensor_cores<T>::multiply(c[i], a, factor.words[0][i], last ? factor.words[last][i] : 0);
    }
    terms.widen(values);
#pragma unroll
    for (int i = 0; i < 2 * WIDTH; i++) {
        values[i / WIDTH][i % WIDTH] += alpha * c[i % WIDTH / 2][i / WIDTH * 2 + i % 2];
    }
    terms.round(values);
}

// Sums over the warp's columns of each row, times a factor: to a room of the warp's own, from row `row` on.
template <typename T, int eights>
DEVICE void sum_columns(float *room, int row, const strip<T> &terms, const flat_factor<T, eights> &factor) {
    int group = threadIdx.x % 32 / 4, pair = threadIdx.x % 4;
#pragma unroll
    for (int i = 0; i < eights; i++) {
        float c[4] = {0, 0, 0, 0};
#pragma unroll
        for (int k = 0; k < 4; k += 2) {
            uint32_t a[4] = {terms.word(0, k), terms.word(1, k), terms.word(0, k + 1), terms.word(1, k + 1)};
            const uint32_t *words = &factor.words[i][k];
            tensor_cores<T>::multiply(c, a, transposed_matrix(words[0]), transposed_matrix(words[1]));
        }
#pragma unroll
        for (int k = 0; k < 4; k++) {
            room[(row + group + k / 2 * 8) * 8 * eights + i * 8 + pair * 2 + k % 2] = c[k];
        }
    }
}

// sums += the warp's columns, turned, times a narrow matrix.
template <typename T, int eights>
DEVICE void sum_rows(float (&sums)[2][eights][4], const strip<T> &terms, const narrow_strip<T, eights> &rows) {
#pragma unroll
    for (int k = 0; k < 2; k++) {
        uint32_t a[4];
#pragma unroll
        for (int i = 0; i < 4; i++) a[i] = transposed_matrix(terms.word(i / 2, 2 * k + i % 2));
#pragma unroll
        for (int i = 0; i < eights; i++) {
            tensor_cores<T>::multiply(
                sums[k][i], a, transposed_matrix(rows.words[0][i]), transposed_matrix(rows.words[1][i]));
        }
    }
}

// Adds up what the warps keep of `count` sums, `kept` apart in `room` from warp to warp.
DEVICE void join_warps(float *output, const float *room, int count, int kept) {
    for (int i = threadIdx.x; i < count; i += GELU_THREADS) {
        float sum = 0;
#pragma unroll
        for (int warp = 0; warp < GELU_WARPS; warp++) sum += room[warp * kept + i];
        output[i] = sum;
    }
}

DEVICE strip_place place_of_warp(int32_t rows, int32_t m, int32_t n) {
    int lane = threadIdx.x % 32;
    int32_t column = (blockIdx.x * GELU_WARPS + threadIdx.x / 32) * 32 + lane % 4 * 8;
    int32_t first = blockIdx.y * rows;
    return {first + lane / 4, column, smaller(first + rows, m), n};
}

// ---- Forward ----

template <typename T, int eights> DEVICE void adapted_gelu(const ccudakernels_adapted_gelu_arguments &p) {
    constexpr int kept = CCUDAKERNELS_KEPT_ROWS, width = 8 * eights;
    __shared__ float room[GELU_WARPS * kept * width];
    float *own = room + threadIdx.x / 32 * kept * width;
    strip_place place = place_of_warp(p.rows, p.m, p.n);
    flat_factor<T, eights> of_gate, of_up, factor;
    of_gate.read_tall(p.gate.b, p.gate.rank, place);
    of_up.read_tall(p.up.b, p.up.rank, place);
    factor.read_flat(p.a, p.width, place);
    float *partials = output_of<float>(p.partials) + (int64_t)blockIdx.x * p.m * width;
    int32_t begin = blockIdx.y * p.rows, end = place.end;
    for (int32_t row = begin; row < end; row += 16, place.row += 16) {
        strip<T> gate, up;
        narrow_strip<T, eights> gate_rows, up_rows;
        gate.read(p.gate.matrix, place);
        up.read(p.up.matrix, place);
        gate_rows.read(p.gate.reduced, p.gate.rank, place);
        up_rows.read(p.up.reduced, p.up.rank, place);
        add_product(gate, gate_rows, of_gate, p.gate.scaling);
        add_product(up, up_rows, of_up, p.up.scaling);
        float x[2][WIDTH], f[2][WIDTH];
        gate.widen(x);
        up.widen(f);
#pragma unroll
        for (int i = 0; i < 2 * WIDTH; i++) {
            x[i / WIDTH][i % WIDTH] = gelu<T>::of(x[i / WIDTH][i % WIDTH]) * f[i / WIDTH][i % WIDTH];
        }
        gate.round(x);
        gate.write(p.output, place);
        int kept_row = (row - begin) % kept;
        sum_columns(own, kept_row, gate, factor);
        if (kept_row + 16 < kept && row + 16 < end) continue;
        __syncthreads();
        int32_t first = row - kept_row, count = smaller(kept_row + 16, p.m - first) * width;
        join_warps(partials + (int64_t)first * width, room, count, kept * width);
        __syncthreads(); // before the room is written again
    }
}

// ---- Backward ----

template <typename T, int eights>
DEVICE void adapted_gelu_backward(const ccudakernels_adapted_gelu_backward_arguments &p) {
    DYNAMIC_SHARED(memory);
    constexpr int kept = CCUDAKERNELS_KEPT_ROWS, width = 8 * eights;
    float *room = (float *)memory, *up_room = room + GELU_WARPS * kept * width;
    int own = threadIdx.x / 32 * kept * width;
    strip_place place = place_of_warp(p.rows, p.m, p.n);
    strips_ahead<T, 3> ahead(up_room + GELU_WARPS * kept * width);
    const ccudakernels_address matrices[3] = {p.gate.matrix, p.up.matrix, p.output_gradient};
    ahead.ask(matrices, place);
    flat_factor<T, eights> of_gate, of_up, of_output;
    of_gate.read_tall(p.gate.b, p.gate.rank, place);
    of_up.read_tall(p.up.b, p.up.rank, place);
    of_output.read_flat(p.a, p.width, place);
    float sums[3][2][eights][4]; // over rows: for gate's b, up's, and a
#pragma unroll
    for (int i = 0; i < 24 * eights; i++) sums[i / (8 * eights)][i / 4 / eights % 2][i / 4 % eights][i % 4] = 0;
    int32_t begin = blockIdx.y * p.rows, end = place.end;
    for (int32_t row = begin; row < end; row += 16, place.row += 16) {
        ahead.ask(matrices, place.below());
        narrow_strip<T, eights> gate_rows, up_rows, output_rows;
        gate_rows.read(p.gate.reduced, p.gate.rank, place);
        up_rows.read(p.up.reduced, p.up.rank, place);
        output_rows.read(p.narrowed_gradient, p.width, place);
        wait_for_copies<1>();
        strip<T> gate = ahead.of(0), up = ahead.of(1), output = ahead.of(2);
        add_product(gate, gate_rows, of_gate, p.gate.scaling);
        add_product(up, up_rows, of_up, p.up.scaling);
        add_product(output, output_rows, of_output, 1.0f);
        float x[2][WIDTH], f[2][WIDTH], g[2][WIDTH];
        gate.widen(x);
        up.widen(f);
        output.widen(g);
#pragma unroll
        for (int i = 0; i < 2 * WIDTH; i++) {
            float &gated = x[i / WIDTH][i % WIDTH], &factor = f[i / WIDTH][i % WIDTH];
            float &gradient = g[i / WIDTH][i % WIDTH], slope, value = gelu<T>::of(gated, &slope);
            gated = value * factor;
            slope *= gradient * factor;
            factor = gradient * value;
            gradient = slope;
        }
        output.round(x);
        up.round(f);
        gate.round(g);
        gate.write(p.gate_gradient, place);
        up.write(p.up_gradient, place);
        sum_rows(sums[0], gate, gate_rows);
        sum_rows(sums[1], up, up_rows);
        sum_rows(sums[2], output, output_rows);
        int kept_row = (row - begin) % kept;
        sum_columns(room + own, kept_row, gate, of_gate);
        sum_columns(up_room + own, kept_row, up, of_up);
        if (kept_row + 16 < kept && row + 16 < end) continue;
        __syncthreads();
        int32_t first = row - kept_row, count = smaller(kept_row + 16, p.m - first) * width;
        float *partials = output_of<float>(p.row_partials) + ((int64_t)blockIdx.x * p.m + first) * width;
        join_warps(partials, room, count, kept * width);
        join_warps(partials + (int64_t)gridDim.x * p.m * width, up_room, count, kept * width);
        __syncthreads(); // before the room is written again
    }
    int32_t group = threadIdx.x % 32 / 4, pair = threadIdx.x % 4;
#pragma unroll
    for (int i = 0; i < 12 * eights; i++) {
        int which = i / (4 * eights), word = i / eights % 4, eight = i % eights;
        int32_t column = place.column - pair * 8 + group / 2 * 8 + word * 2 + group % 2;
        if (column >= p.n) continue;
        int64_t line = (int64_t)(which * gridDim.y + blockIdx.y) * p.n + column;
        float *partials = output_of<float>(p.column_partials) + line * width + eight * 8 + pair * 2;
        const float *pairs = &sums[which][word / 2][eight][word % 2 * 2];
#pragma unroll
        for (int k = 0; k < 2; k++) partials[k] = pairs[k];
    }
}

// ---- Sums of what blocks found ----

template <typename T> DEVICE void join_partials(const ccudakernels_join_arguments &p) {
    const ccudakernels_join_part &part = p.parts[blockIdx.y];
    int32_t i = blockIdx.x * blockDim.x + threadIdx.x, row = i / p.width, column = i % p.width;
    if (row >= part.rows || column >= part.columns) return;
    const float *partials = input_of<float>(part.partials) + i;
    float sum = 0;
#pragma unroll 4
    for (int32_t k = 0; k < part.count; k++) sum += partials[(int64_t)k * part.rows * p.width];
    int64_t place = part.turned ? (int64_t)column * part.rows + row : (int64_t)row * part.columns + column;
    if (part.is_single) put(output_of<float>(part.output) + place, part.alpha * sum, part.accumulate != 0);
    else put(output_of<T>(part.output) + place, part.alpha * sum, part.accumulate != 0);
}

#define ADAPTED_GELU(name, T)                                                                                      \
    KERNEL(adapted_gelu_##name, ccudakernels_adapted_gelu_arguments, GELU_THREADS, 3) { adapted_gelu<T, 1>(p); }   \
    KERNEL(adapted_gelu_wide_##name, ccudakernels_adapted_gelu_arguments, GELU_THREADS, 2) {                       \
        adapted_gelu<T, 2>(p);                                                                                     \
    }                                                                                                              \
    KERNEL(adapted_gelu_backward_##name, ccudakernels_adapted_gelu_backward_arguments, GELU_THREADS, 2) {          \
        adapted_gelu_backward<T, 1>(p);                                                                            \
    }                                                                                                              \
    KERNEL(adapted_gelu_backward_wide_##name, ccudakernels_adapted_gelu_backward_arguments, GELU_THREADS, 1) {     \
        adapted_gelu_backward<T, 2>(p);                                                                            \
    }                                                                                                              \
    KERNEL(join_partials_##name, ccudakernels_join_arguments, 256) { join_partials<T>(p); }
WITH_FLOAT16(ADAPTED_GELU)
WITH_BFLOAT16(ADAPTED_GELU)
