// RMS norm and layer norm over the last axis, forward and backward; rotary positions.
//
// A block takes one row. Rows are read again where they are needed again: by then they lie in the first cache.

#include "Numbers.cuh"

// The sum of `(x - mean)^2` over a row.
template <typename T> DEVICE float squares_of_row(const T *x, int64_t columns, bool aligned, float mean, float *room) {
    float sum = 0;
    FOR_ROW_EIGHTS(i, columns) {
        float values[WIDTH];
        read_eight(x + i, columns - i, aligned, values);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            float centred = i + k < columns ? values[k] - mean : 0.0f;
            sum = fmaf(centred, centred, sum);
        }
    }
    return joined_over_block<addition>(sum, 0.0f, room);
}

// Eight elements of what RMS norm reads of a row: input in I, weight in W, residual in O, as the output. A thread's
// first are fetched together, before anything is summed: in decoding a row is alone, and the time is that of waiting
// for memory. Nothing is read beyond the row.
template <typename I, typename W, typename O> struct rms_norm_eight {
    packed_eight<I> x;
    packed_eight<W> weight;
    packed_eight<O> residual;

    __device__ __forceinline__ void read(const ccudakernels_norm_arguments &p, int64_t i) {
        read_row(p, i);
        read_weight(p, i);
    }

    __device__ __forceinline__ void read_weight(const ccudakernels_norm_arguments &p, int64_t i) {
        weight.read(input_of<W>(p.weight) + i, p.columns - i, is_aligned(p.weight));
    }

    __device__ __forceinline__ void read_row(const ccudakernels_norm_arguments &p, int64_t i) {
        int64_t columns = p.columns, start = blockIdx.x * columns + i;
        x.read(input_of<I>(p.input) + start, columns - i, rows_are_aligned<I>(p.input, columns));
        if (p.residual == 0) return;
        residual.read(input_of<O>(p.residual) + start, columns - i, rows_are_aligned<O>(p.residual, columns));
    }

    // Adds the squares to a sum.
    __device__ __forceinline__ float squares(float sum) const {
#pragma unroll
        for (int k = 0; k < WIDTH; k++) sum = fmaf(widened(x.elements[k]), widened(x.elements[k]), sum);
        return sum;
    }

    // Writes what lies in the row, and gives it; zeros beyond.
    __device__ __forceinline__ packed_eight<O> write(
        const ccudakernels_norm_arguments &p, int64_t i, float inverse
    ) const {
        int64_t columns = p.columns;
        float values[WIDTH];
        packed_eight<O> written;
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            values[k] = widened(x.elements[k]) * inverse * (1.0f + widened(weight.elements[k]));
            if (p.residual != 0) values[k] = widened(residual.elements[k]) + rounded_to<O>(values[k]);
            written.elements[k] = rounded<O>(values[k]);
        }
        O *output = output_of<O>(p.output) + blockIdx.x * columns + i;
        if (i < columns) write_eight(output, columns - i, rows_are_aligned<O>(p.output, columns), values);
        return written;
    }
};

// The norm of a row, of which `own` holds what this thread reads first; gives what it wrote of that.
template <typename I, typename W, typename O>
DEVICE packed_eight<O> finish_rms_norm(const ccudakernels_norm_arguments &p, const rms_norm_eight<I, W, O> &own) {
    __shared__ float room[32];
    int64_t columns = p.columns, first = (int64_t)threadIdx.x * WIDTH, stride = (int64_t)blockDim.x * WIDTH;
    rms_norm_eight<I, W, O> other;
    float sum = own.squares(0);
    for (int64_t i = first + stride; i < columns; i += stride) {
        other.read_row(p, i);
        sum = other.squares(sum);
    }
    float mean_square = joined_over_block<addition>(sum, 0.0f, room) / (float)columns;
    float inverse = 1.0f / sqrtf(mean_square + p.epsilon);
    if (p.inverse != 0 && threadIdx.x == 0) output_of<float>(p.inverse)[blockIdx.x] = inverse;
    packed_eight<O> written = own.write(p, first, inverse);
    for (int64_t i = first + stride; i < columns; i += stride) {
        other.read(p, i);
        other.write(p, i, inverse);
    }
    return written;
}

template <typename I, typename W, typename O> DEVICE void rms_norm(const ccudakernels_norm_arguments &p) {
    rms_norm_eight<I, W, O> own;
    int64_t first = (int64_t)threadIdx.x * WIDTH;
    own.read_weight(p, first); // no kernel in front of this one writes weights
    wait_for_earlier();
    let_next_start();
    own.read_row(p, first);
    finish_rms_norm(p, own);
}

// A norm of T added to a stream of S, and the norm of that in T: a thread reads again what it wrote itself, and nothing
// else.
template <typename T, typename S> DEVICE void rms_norm_pair(const ccudakernels_norm_pair_arguments &p) {
    rms_norm_eight<T, T, S> own;
    rms_norm_eight<S, T, T> next;
    int64_t first = (int64_t)threadIdx.x * WIDTH;
    own.read_weight(p.first, first);
    next.read_weight(p.next, first);
    wait_for_earlier();
    let_next_start();
    own.read_row(p.first, first);
    packed_eight<S> written = finish_rms_norm(p.first, own);
    if (p.next.residual != 0) next.read_row(p.next, first);
    next.x = written;
    finish_rms_norm(p.next, next);
}

#define RMS_NORM(name, T) \
    EARLY_KERNEL(rms_norm_##name, ccudakernels_norm_arguments, 512) { rms_norm<T, T, T>(p); }
FOR_EACH_TYPE(RMS_NORM)

#define RMS_NORM_PAIR(name, T) \
    EARLY_KERNEL(rms_norm_pair_##name, ccudakernels_norm_pair_arguments, 512) { rms_norm_pair<T, T>(p); }
FOR_EACH_TYPE(RMS_NORM_PAIR)

// Between products in float16 and a stream in float32, whose range float16 has not.
#if MAKES_FLOAT16
EARLY_KERNEL(rms_norm_float32_float16, ccudakernels_norm_arguments, 512) { rms_norm<float, float16, float16>(p); }
EARLY_KERNEL(rms_norm_float16_float32, ccudakernels_norm_arguments, 512) { rms_norm<float16, float16, float>(p); }
EARLY_KERNEL(rms_norm_pair_float16_float32, ccudakernels_norm_pair_arguments, 512) {
    rms_norm_pair<float16, float>(p);
}
#endif

template <typename T> DEVICE void layer_norm(const ccudakernels_norm_arguments &p) {
    __shared__ float room[32];
    int64_t row = blockIdx.x, columns = p.columns;
    const T *x = input_of<T>(p.input) + row * columns, *weight = input_of<T>(p.weight), *bias = input_of<T>(p.bias);
    T *output = output_of<T>(p.output) + row * columns;
    bool x_aligned = rows_are_aligned<T>(p.input, columns), o_aligned = rows_are_aligned<T>(p.output, columns);
    float sum = 0;
    FOR_ROW_EIGHTS(i, columns) {
        float values[WIDTH];
        read_eight(x + i, columns - i, x_aligned, values);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) sum += values[k];
    }
    float mean = joined_over_block<addition>(sum, 0.0f, room) / (float)columns;
    float variance = squares_of_row(x, columns, x_aligned, mean, room) / (float)columns;
    float inverse = 1.0f / sqrtf(variance + p.epsilon);
    if (p.mean != 0 && threadIdx.x == 0) output_of<float>(p.mean)[row] = mean;
    if (p.inverse != 0 && threadIdx.x == 0) output_of<float>(p.inverse)[row] = inverse;
    FOR_ROW_EIGHTS(i, columns) {
        float values[WIDTH], factors[WIDTH], terms[WIDTH];
        read_eight(x + i, columns - i, x_aligned, values);
        read_eight(weight + i, columns - i, is_aligned(p.weight), factors);
        read_eight(bias + i, columns - i, is_aligned(p.bias), terms);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) values[k] = (values[k] - mean) * inverse * factors[k] + terms[k];
        write_eight(output + i, columns - i, o_aligned, values);
    }
}

#define LAYER_NORM(name, T) \
    KERNEL(layer_norm_##name, ccudakernels_norm_arguments, 512) { layer_norm<T>(p); }
FOR_EACH_TYPE(LAYER_NORM)

// Eight elements of what the backward of a norm reads of a row, once: the output's gradient in G, input and addend in
// I, weight in W.
template <typename G, typename I, typename W> struct norm_input_eight {
    packed_eight<G> gradient;
    packed_eight<I> x, addend;
    packed_eight<W> weight;

    __device__ __forceinline__ void read(const ccudakernels_norm_input_arguments &p, int64_t row, int64_t i) {
        int64_t columns = p.columns, start = row * columns + i, count = columns - i;
        gradient.read(
            input_of<G>(p.output_gradient) + start, count, rows_are_aligned<G>(p.output_gradient, columns));
        x.read(input_of<I>(p.input) + start, count, rows_are_aligned<I>(p.input, columns));
        weight.read(input_of<W>(p.weight) + i, count, is_aligned(p.weight));
        if (p.addend == 0) return;
        addend.read(input_of<I>(p.addend) + start, count, rows_are_aligned<I>(p.addend, columns));
    }
};

// What a row's elements are turned by.
struct norm_input_row {
    float one, mean, inverse;

    // Adds g w, and g w x^; zeros beyond the row.
    template <typename G, typename I, typename W>
    __device__ __forceinline__ void add(
        const norm_input_eight<G, I, W> &eight, float &weighted_sum, float &product_sum
    ) {
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            float weighted = widened(eight.gradient.elements[k]) * (widened(eight.weight.elements[k]) + one);
            weighted_sum += weighted;
            product_sum += weighted * ((widened(eight.x.elements[k]) - mean) * inverse);
        }
    }

    template <typename G, typename I, typename W>
    __device__ __forceinline__ void write(
        const ccudakernels_norm_input_arguments &p, const norm_input_eight<G, I, W> &eight, int64_t row, int64_t i,
        float weighted_mean, float product_mean
    ) {
        float values[WIDTH];
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            float normalized = (widened(eight.x.elements[k]) - mean) * inverse;
            float weighted = widened(eight.gradient.elements[k]) * (widened(eight.weight.elements[k]) + one);
            float result = inverse * (weighted - weighted_mean - normalized * product_mean);
            values[k] = p.addend != 0 ? result + widened(eight.addend.elements[k]) : result;
        }
        I *output = output_of<I>(p.input_gradient) + row * p.columns + i;
        write_eight(output, p.columns - i, rows_are_aligned<I>(p.input_gradient, p.columns), values);
    }
};

// dx = inverse (g w - mean(g w) - x^ mean(g w x^)), where x^ is the normalized input; RMS norm has no middle term. The
// row is `threads` threads', which are a warp or the block.
template <typename G, typename I, typename W, bool is_warp>
DEVICE void norm_input(const ccudakernels_norm_input_arguments &p, int64_t row, int thread, int threads, float *room) {
    bool is_rms = p.mean == 0;
    int64_t first = (int64_t)thread * WIDTH, stride = (int64_t)threads * WIDTH;
    norm_input_eight<G, I, W> own, other;
    own.read(p, row, first);
    norm_input_row turned = {
        is_rms ? 1.0f : 0.0f, is_rms ? 0.0f : input_of<float>(p.mean)[row], input_of<float>(p.inverse)[row]};
    float weighted_sum = 0, product_sum = 0;
    turned.add(own, weighted_sum, product_sum);
    for (int64_t i = first + stride; i < p.columns; i += stride) {
        other.read(p, row, i);
        turned.add(other, weighted_sum, product_sum);
    }
    float products = is_warp ? joined_over_warp<addition>(product_sum)
                             : joined_over_block<addition>(product_sum, 0.0f, room);
    float weighted = 0;
    if (!is_rms) {
        weighted = is_warp ? joined_over_warp<addition>(weighted_sum)
                           : joined_over_block<addition>(weighted_sum, 0.0f, room);
    }
    float product_mean = products / (float)p.columns, weighted_mean = weighted / (float)p.columns;
    if (first < p.columns) turned.write(p, own, row, first, weighted_mean, product_mean);
    for (int64_t i = first + stride; i < p.columns; i += stride) {
        other.read(p, row, i);
        turned.write(p, other, row, i, weighted_mean, product_mean);
    }
}

template <typename G, typename I, typename W> DEVICE void norm_input(const ccudakernels_norm_input_arguments &p) {
    __shared__ float room[32];
    if (p.columns > CCUDAKERNELS_WARP_COLUMNS) {
        norm_input<G, I, W, false>(p, blockIdx.x, threadIdx.x, blockDim.x, room);
        return;
    }
    int64_t row = (int64_t)blockIdx.x * CCUDAKERNELS_WARP_ROWS + threadIdx.x / 32;
    if (row < p.rows) norm_input<G, I, W, true>(p, row, threadIdx.x % 32, 32, room);
}

#define NORM_INPUT(name, T) \
    KERNEL(norm_input_##name, ccudakernels_norm_input_arguments, 512) { norm_input<T, T, T>(p); }
FOR_EACH_TYPE(NORM_INPUT)
#if MAKES_FLOAT16
KERNEL(norm_input_float16_float32, ccudakernels_norm_input_arguments, 512) { norm_input<float16, float, float16>(p); }
KERNEL(norm_input_float32_float16, ccudakernels_norm_input_arguments, 512) { norm_input<float, float16, float16>(p); }
#endif

// Adds what the block's threads hold for 256 columns, eight a thread, and writes it as one part.
DEVICE void write_part(
    const float (&sums)[WIDTH], float (&room)[8][256], ccudakernels_address partials, int64_t columns
) {
    __syncthreads();
#pragma unroll
    for (int k = 0; k < WIDTH; k++) room[threadIdx.x / 32][threadIdx.x % 32 * WIDTH + k] = sums[k];
    __syncthreads();
    int64_t column = (int64_t)blockIdx.x * 256 + threadIdx.x;
    if (partials == 0 || column >= columns) return;
    float sum = 0;
#pragma unroll
    for (int k = 0; k < 8; k++) sum += room[k][threadIdx.x];
    output_of<float>(partials)[blockIdx.y * columns + column] = sum;
}

// Partial sums of g x^ and of g over some rows; g in G, x in I.
template <typename G, typename I> DEVICE void norm_parameters(const ccudakernels_norm_parameters_arguments &p) {
    __shared__ float room[8][256];
    int64_t column = (int64_t)blockIdx.x * 256 + threadIdx.x % 32 * WIDTH, count = p.columns - column;
    int64_t first = blockIdx.y * p.part_rows, last = smaller(first + p.part_rows, p.rows);
    bool g_aligned = rows_are_aligned<G>(p.output_gradient, p.columns);
    bool x_aligned = rows_are_aligned<I>(p.input, p.columns);
    float weight[WIDTH] = {0}, bias[WIDTH] = {0};
    for (int64_t row = first + threadIdx.x / 32; row < last && count > 0; row += 8) {
        float mean = p.mean == 0 ? 0.0f : input_of<float>(p.mean)[row], inverse = input_of<float>(p.inverse)[row];
        float g[WIDTH], x[WIDTH];
        read_eight(input_of<G>(p.output_gradient) + row * p.columns + column, count, g_aligned, g);
        read_eight(input_of<I>(p.input) + row * p.columns + column, count, x_aligned, x);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            weight[k] += g[k] * ((x[k] - mean) * inverse);
            bias[k] += g[k];
        }
    }
    write_part(weight, room, p.weight_partials, p.columns);
    write_part(bias, room, p.bias_partials, p.columns);
}

#define NORM_PARAMETERS(name, T) \
    KERNEL(norm_parameters_##name, ccudakernels_norm_parameters_arguments, 256) { norm_parameters<T, T>(p); }
FOR_EACH_TYPE(NORM_PARAMETERS)
#if MAKES_FLOAT16
KERNEL(norm_parameters_float16_float32, ccudakernels_norm_parameters_arguments, 256) {
    norm_parameters<float16, float>(p);
}
KERNEL(norm_parameters_float32_float16, ccudakernels_norm_parameters_arguments, 256) {
    norm_parameters<float, float16>(p);
}
#endif

// Eight pairs of a row's heads: elements half a head apart.
template <typename T> struct eight_pairs {
    packed_eight<T> low, high;
    int first, place, count; // the first of them in its head, and in the row; how many there are from it on

    // Those of a number, of all heads in order.
    __device__ __forceinline__ void read(const T *row, int number, int half) {
        int eights = (half + WIDTH - 1) / WIDTH;
        first = number % eights * WIDTH;
        place = number / eights * 2 * half + first;
        count = half - first;
        bool aligned = half % WIDTH == 0 && is_aligned((ccudakernels_address)row);
        low.read(row + place, count, aligned);
        high.read(row + place + half, count, aligned);
    }
};

// Angles are float32, as in the reference; their sine and cosine come from float64 and are rounded to T. One block
// takes all heads of a row.
template <typename T> struct rotation {
    float sines[CCUDAKERNELS_LARGEST_HEAD / 2], cosines[CCUDAKERNELS_LARGEST_HEAD / 2];

    // The whole block, before a barrier.
    __device__ __forceinline__ void prepare(int32_t token, const float *frequencies, int half, bool inverse) {
        float position = (float)token;
        for (int i = threadIdx.x; i < half; i += blockDim.x) {
            double sine, cosine;
            sincos((double)(position * frequencies[i]), &sine, &cosine);
            sines[i] = rounded_to<T>((float)(inverse ? -sine : sine));
            cosines[i] = rounded_to<T>((float)cosine);
        }
    }

    // Turns eight pairs into their place in a row.
    __device__ __forceinline__ void turn(const eight_pairs<T> &pairs, T *row, int half) const {
        bool aligned = half % WIDTH == 0 && is_aligned((ccudakernels_address)row);
        float a[WIDTH], b[WIDTH];
        pairs.low.widen(a);
        pairs.high.widen(b);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            if (k >= pairs.count) break;
            float sine = sines[pairs.first + k], cosine = cosines[pairs.first + k];
            float low = a[k] * cosine - b[k] * sine, high = b[k] * cosine + a[k] * sine;
            a[k] = low;
            b[k] = high;
        }
        write_eight(row + pairs.place, pairs.count, aligned, a);
        write_eight(row + pairs.place + half, pairs.count, aligned, b);
    }

    // Turns heads, which the threads from `thread` on share out.
    __device__ __forceinline__ void turn(const T *input, T *output, int32_t heads, int half, int thread) const {
        eight_pairs<T> pairs;
        for (int i = thread; i < heads * ((half + WIDTH - 1) / WIDTH); i += blockDim.x) {
            pairs.read(input, i, half);
            turn(pairs, output, half);
        }
    }
};

// A row of heads, and that of the other input, as if they were one row. A thread's first pairs are on their way while
// sines are computed.
template <typename T> DEVICE void rotary(const ccudakernels_rotary_arguments &p) {
    __shared__ rotation<T> turning;
    int half = p.head_size / 2, eights = (half + WIDTH - 1) / WIDTH;
    int own_count = p.heads * eights, count = own_count + p.other_heads * eights;
    int64_t row = (int64_t)blockIdx.x * p.head_size;
    const T *input = input_of<T>(p.input) + row * p.heads, *other = input_of<T>(p.other_input) + row * p.other_heads;
    T *output = output_of<T>(p.output) + row * p.heads;
    T *other_output = output_of<T>(p.other_output) + row * p.other_heads;
    eight_pairs<T> pairs;
    int first = threadIdx.x, shift = first < own_count ? 0 : own_count;
    if (first < count) pairs.read(shift == 0 ? input : other, first - shift, half);
    turning.prepare(input_of<int32_t>(p.positions)[blockIdx.x], p.frequencies, half, p.inverse);
    __syncthreads();
    for (int i = first; i < count; i += blockDim.x) {
        shift = i < own_count ? 0 : own_count;
        if (i != first) pairs.read(shift == 0 ? input : other, i - shift, half);
        turning.turn(pairs, shift == 0 ? output : other_output, half);
    }
}

#define ROTARY(name, T) \
    KERNEL(rotary_##name, ccudakernels_rotary_arguments, 256) { rotary<T>(p); }
FOR_EACH_TYPE(ROTARY)

// Positions and places come from the host: angles are computed while the kernel in front of this one works.
template <typename T> DEVICE void rotary_cache(const ccudakernels_rotary_cache_arguments &p) {
    __shared__ rotation<T> turning;
    int half = p.head_size / 2;
    const int32_t *place = input_of<int32_t>(p.places) + 3 * (int64_t)blockIdx.x;
    int64_t width = (int64_t)p.key_heads * p.head_size, token = blockIdx.x;
    int64_t cached = (place[0] * p.capacity + place[2]) * width;
    const T *values = input_of<T>(p.v) + token * width;
    T *kept = output_of<T>(p.values) + cached;
    turning.prepare(input_of<int32_t>(p.positions)[blockIdx.x], p.frequencies, half, false);
    wait_for_earlier();
    let_next_start();
    bool aligned = rows_are_aligned<T>(p.v, width) && rows_are_aligned<T>(p.values, width);
    if (aligned) {
        int64_t pieces = width * (int64_t)sizeof(T) / 16;
        for (int64_t i = threadIdx.x; i < pieces; i += blockDim.x) {
            ((sixteen_bytes *)kept)[i] = ((const sixteen_bytes *)values)[i];
        }
    } else {
        for (int64_t i = threadIdx.x; i < width; i += blockDim.x) kept[i] = values[i];
    }
    __syncthreads();
    int64_t start = token * p.heads * p.head_size;
    turning.turn(input_of<T>(p.q) + start, output_of<T>(p.output) + start, p.heads, half, threadIdx.x);
    // From the other end, so that threads which turned no query turn keys.
    int thread = blockDim.x - 1 - threadIdx.x;
    turning.turn(input_of<T>(p.k) + token * width, output_of<T>(p.keys) + cached, p.key_heads, half, thread);
}

#define ROTARY_CACHE(name, T) \
    EARLY_KERNEL(rotary_cache_##name, ccudakernels_rotary_cache_arguments, 256) { rotary_cache<T>(p); }
FOR_EACH_TYPE(ROTARY_CACHE)
