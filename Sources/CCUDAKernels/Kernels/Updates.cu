// Updates of weights, of one tensor or of many, and sums of squares of many.

#include "ManyTensors.cuh"

// ---- AdamW ----

typedef ccudakernels_adamw_arguments adamw_arguments;

// New values of eight elements. Both variants differ in the place of the decay and in what the root is multiplied by.
// The change is off by at most 5 units in the last place: 1 each of the root and of the reciprocal, and the rounding of
// sums and products. Second moments below the normal numbers count as 0; epsilon is above 0, so that nothing is divided
// by 0.
DEVICE void update_eight(
    const adamw_arguments &p, float inverse_correction, float (&parameter)[WIDTH], const float (&gradient)[WIDTH],
    float (&first)[WIDTH], float (&second)[WIDTH]
) {
    float first_decay = p.decay_last ? 1.0f : p.decay, last_decay = p.decay_last ? p.decay : 1.0f;
#pragma unroll
    for (int k = 0; k < WIDTH; k++) {
        float g = p.gradient_scale * gradient[k];
        first[k] = fmaf(p.beta1, first[k], p.one_minus_beta1 * g);
        second[k] = fmaf(p.beta2, second[k], p.one_minus_beta2 * (g * g));
        float denominator = fmaf(fast_root(second[k]), inverse_correction, p.epsilon);
        float change = p.step_size * (first[k] * fast_reciprocal(denominator));
        parameter[k] = fmaf(parameter[k], first_decay, -change) * last_decay;
    }
}

// Eight elements of any types from `i` on, of which `count` are there.
DEVICE void update_any(const adamw_arguments &p, float inverse_correction, int64_t i, int64_t count) {
    float parameter[WIDTH], gradient[WIDTH], first[WIDTH], second[WIDTH];
    read_any(p.parameter, p.parameter_type, i, count, parameter);
    read_any(p.gradient, p.gradient_type, i, count, gradient);
    read_any(p.first_moment, p.moment_type, i, count, first);
    read_any(p.second_moment, p.moment_type, i, count, second);
    update_eight(p, inverse_correction, parameter, gradient, first, second);
    write_parameter(p, i, count, parameter);
    write_any(p.first_moment, p.moment_type, i, count, first);
    write_any(p.second_moment, p.moment_type, i, count, second);
}

// What an update reads of eight elements that are all of one type, whole and aligned.
template <typename T> struct adamw_eight {
    packed_eight<T> parameter, gradient, first, second;

    __device__ __forceinline__ void read(const adamw_arguments &p, int64_t i) {
        parameter.read(input_of<T>(p.parameter) + i, WIDTH, true);
        gradient.read(input_of<T>(p.gradient) + i, WIDTH, true);
        first.read(input_of<T>(p.first_moment) + i, WIDTH, true);
        second.read(input_of<T>(p.second_moment) + i, WIDTH, true);
    }

    __device__ __forceinline__ void update(const adamw_arguments &p, float inverse_correction, int64_t i) const {
        float values[4][WIDTH];
        parameter.widen(values[0]);
        gradient.widen(values[1]);
        first.widen(values[2]);
        second.widen(values[3]);
        update_eight(p, inverse_correction, values[0], values[1], values[2], values[3]);
        round_eight(output_of<T>(p.parameter) + i, values[0]);
        if (sizeof(T) == 4 && p.rounded != 0) write_any(p.rounded, p.rounded_type, i, WIDTH, values[0]);
        round_eight(output_of<T>(p.first_moment) + i, values[2]);
        round_eight(output_of<T>(p.second_moment) + i, values[3]);
    }
};

// Whether an update has one type and 16-byte alignment throughout; a rounded copy is of float32.
DEVICE bool is_plain(const adamw_arguments &p, int32_t type) {
    return p.parameter_type == type && p.gradient_type == type && p.moment_type == type &&
           (p.rounded == 0 || type == CCUDAKERNELS_FLOAT32) &&
           is_aligned(p.parameter | p.gradient | p.first_moment | p.second_moment);
}

// The whole eights of a chunk from `start` on. Those of narrow types are on their way before the ones in front of them
// are computed with; of float32, one has as many bytes as two of these.
template <typename T> DEVICE void update_plain(
    const adamw_arguments &p, float inverse_correction, int64_t start, int32_t count
) {
    int32_t stride = blockDim.x * WIDTH;
    adamw_eight<T> next;
    int32_t i = threadIdx.x * WIDTH;
    if (i < count) next.read(p, start + i);
    for (; i < count; i += stride) {
        adamw_eight<T> own = next;
        if (sizeof(T) == 2 && i + stride < count) next.read(p, start + i + stride);
        own.update(p, inverse_correction, start + i);
        if (sizeof(T) == 4 && i + stride < count) next.read(p, start + i + stride);
    }
}

KERNEL(adamw_of_many, ccudakernels_many_arguments, 256, 3) {
    const ccudakernels_adamw_entry &entry = entry_of_block<ccudakernels_adamw_entry>(p);
    adamw_arguments update = entry.update; // a copy, which what is written cannot change
    float inverse_correction = 1.0f / update.second_correction;
    int64_t start = ((int64_t)blockIdx.x - entry.first_part) * CCUDAKERNELS_SQUARES_CHUNK;
    int32_t count = (int32_t)smaller(update.count - start, (int64_t)CCUDAKERNELS_SQUARES_CHUNK), whole = 0;
    if (is_plain(update, CCUDAKERNELS_FLOAT32)) {
        whole = count / WIDTH * WIDTH;
        update_plain<float>(update, inverse_correction, start, whole);
    }
#if HAS_BFLOAT16
    if (is_plain(update, CCUDAKERNELS_BFLOAT16)) {
        whole = count / WIDTH * WIDTH;
        update_plain<bfloat16>(update, inverse_correction, start, whole);
    }
#endif
    FOR_ROW_EIGHTS(i, count - whole) {
        update_any(update, inverse_correction, start + whole + i, count - whole - i);
    }
}

// ---- Gradient descent ----

KERNEL(descent_of_many, ccudakernels_many_arguments, 256) {
    ccudakernels_descent_entry e = entry_of_block<ccudakernels_descent_entry>(p);
    int64_t first = ((int64_t)blockIdx.x - e.first_part) * CCUDAKERNELS_SQUARES_CHUNK;
    int64_t count = smaller(e.count - first, (int64_t)CCUDAKERNELS_SQUARES_CHUNK);
    FOR_ROW_EIGHTS(i, count) {
        float parameter[WIDTH], gradient[WIDTH];
        read_any(e.parameter, e.parameter_type, first + i, count - i, parameter);
        read_any(e.gradient, e.gradient_type, first + i, count - i, gradient);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            parameter[k] -= e.rate * (e.gradient_scale * gradient[k] + e.decay * parameter[k]);
        }
        write_parameter(e, first + i, count - i, parameter);
    }
}

// ---- Moments in 8 bits ----

// Eight codes, which are read and written at once where they are whole and aligned.
union eight_codes {
    uint64_t word;
    uint8_t codes[WIDTH];
};

DEVICE eight_codes read_codes(ccudakernels_address address, int64_t i, int64_t count) {
    const uint8_t *from = input_of<uint8_t>(address) + i;
    eight_codes read;
    read.word = 0;
    if (count >= WIDTH && address % WIDTH == 0) {
        read.word = *(const uint64_t *)from;
        return read;
    }
#pragma unroll
    for (int k = 0; k < WIDTH; k++) {
        if (k < count) read.codes[k] = from[k];
    }
    return read;
}

DEVICE void write_codes(ccudakernels_address address, int64_t i, int64_t count, eight_codes written) {
    uint8_t *to = output_of<uint8_t>(address) + i;
    if (count >= WIDTH && address % WIDTH == 0) {
        *(uint64_t *)to = written.word;
        return;
    }
#pragma unroll
    for (int k = 0; k < WIDTH; k++) {
        if (k < count) to[k] = written.codes[k];
    }
}

// The code of a number from -1 to 1, which is rounded to one of 65,536 steps first.
DEVICE uint8_t nearest_code(const uint8_t *codes_of_steps, float value) {
    value = value > -1.0f ? smaller(value, 1.0f) : -1.0f;
    return codes_of_steps[(int)fmaf((value + 1.0f) * 0.5f, 65535.0f, 0.5f)];
}

// A block's moments, eight a lane: the warp's largest magnitude is the scale.
DEVICE void store_moments(
    const float (&values)[WIDTH], const uint8_t *codes_of_steps, ccudakernels_address codes, float *scale, int64_t i,
    int64_t count
) {
    float most = 0;
#pragma unroll
    for (int k = 0; k < WIDTH; k++) {
        float magnitude = values[k] < 0 ? -values[k] : values[k];
        if (k < count && magnitude > most) most = magnitude;
    }
    most = joined_over_warp<maximum>(most);
    float inverse = 1.0f / most;
    eight_codes written;
    written.word = 0;
#pragma unroll
    for (int k = 0; k < WIDTH; k++) {
        if (most > 0) written.codes[k] = nearest_code(codes_of_steps, values[k] * inverse);
    }
    write_codes(codes, i, count, written);
    if (threadIdx.x % 32 == 0) *scale = most;
}

// A warp takes a block of elements that share their scales.
KERNEL(blockwise_adamw_of_many, ccudakernels_blockwise_arguments, 256) {
    __shared__ float maps[2][256];
    for (int i = threadIdx.x; i < 512; i += blockDim.x) maps[i / 256][i % 256] = input_of<float>(p.values)[i];
    __syncthreads();
    const uint8_t *first_steps = input_of<uint8_t>(p.codes), *second_steps = first_steps + 65536;
    ccudakernels_blockwise_entry e = entry_of_block<ccudakernels_blockwise_entry>(p);
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, warps = blockDim.x / 32;
    int64_t first = ((int64_t)blockIdx.x - e.first_part) * CCUDAKERNELS_SQUARES_CHUNK;
    int64_t end = smaller(e.count, first + CCUDAKERNELS_SQUARES_CHUNK);
    for (int64_t begin = first + warp * 256; begin < end; begin += warps * 256) {
        int64_t i = begin + lane * WIDTH, count = end - i, block = begin / 256;
        float *first_scale = output_of<float>(e.first_scales) + block;
        float *second_scale = output_of<float>(e.second_scales) + block;
        float old_first = *first_scale, old_second = *second_scale;
        float parameter[WIDTH], gradient[WIDTH], m[WIDTH], v[WIDTH];
        read_any(e.parameter, e.parameter_type, i, count, parameter);
        read_any(e.gradient, e.gradient_type, i, count, gradient);
        eight_codes first_codes = read_codes(e.first_codes, i, count);
        eight_codes second_codes = read_codes(e.second_codes, i, count);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            float g = e.gradient_scale * gradient[k];
            m[k] = maps[0][first_codes.codes[k]] * old_first;
            v[k] = maps[1][second_codes.codes[k]] * old_second;
            m[k] = fmaf(e.one_minus_beta1, g, m[k] * e.beta1);
            v[k] = v[k] * e.beta2 + e.one_minus_beta2 * g * g;
            float denominator = sqrtf(v[k]) / e.second_correction + e.epsilon;
            parameter[k] = parameter[k] * e.decay - e.step_size * m[k] / denominator;
        }
        write_parameter(e, i, count, parameter);
        // All lanes have read the scales: they meet before lane 0 writes.
        store_moments(m, first_steps, e.first_codes, first_scale, i, count);
        store_moments(v, second_steps, e.second_codes, second_scale, i, count);
    }
}

// ---- Sums of squares ----

// In float64, so that neither small nor large elements are lost.
KERNEL(squares_of_many, ccudakernels_many_arguments, 256) {
    __shared__ double room[32];
    const ccudakernels_squares_entry &entry = entry_of_block<ccudakernels_squares_entry>(p);
    int64_t first = ((int64_t)blockIdx.x - entry.first_part) * CCUDAKERNELS_SQUARES_CHUNK;
    int64_t count = smaller(entry.count - first, (int64_t)CCUDAKERNELS_SQUARES_CHUNK);
    ccudakernels_address input = entry.input;
    int32_t type = (int32_t)entry.type;
    double sum = 0;
    FOR_ROW_EIGHTS(i, count) {
        float values[WIDTH];
        read_any(input, type, first + i, count - i, values);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) sum += (double)values[k] * (double)values[k];
    }
    sum = joined_over_block<addition>(sum, 0.0, room);
    if (threadIdx.x == 0) output_of<double>(p.partials)[blockIdx.x] = sum;
}

KERNEL(finish_squares_of_many, ccudakernels_many_arguments, 1024) {
    __shared__ double room[32];
    const ccudakernels_squares_entry &entry = input_of<ccudakernels_squares_entry>(p.entries)[blockIdx.x];
    const double *partials = input_of<double>(p.partials) + entry.first_part;
    double sum = 0;
    for (int64_t i = threadIdx.x; i < entry.parts; i += blockDim.x) sum += partials[i];
    sum = joined_over_block<addition>(sum, 0.0, room);
    if (threadIdx.x == 0) *output_of<float>(entry.output) = (float)sum;
}
