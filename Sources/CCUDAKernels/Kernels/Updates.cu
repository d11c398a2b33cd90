// Updates of weights, of one tensor or of many, and sums of squares of many.

#include "ManyTensors.cuh"

// ---- AdamW ----

// Eight elements from `i` on. Both variants differ in the place of the decay and in what the root is divided by.
DEVICE void update_eight(const ccudakernels_adamw_arguments &p, int64_t i) {
    float first_decay = p.decay_last ? 1.0f : p.decay, last_decay = p.decay_last ? p.decay : 1.0f;
    float parameter[WIDTH], gradient[WIDTH], first[WIDTH], second[WIDTH];
    int64_t count = p.count - i;
    read_any(p.parameter, p.parameter_type, i, count, parameter);
    read_any(p.gradient, p.gradient_type, i, count, gradient);
    read_any(p.first_moment, p.moment_type, i, count, first);
    read_any(p.second_moment, p.moment_type, i, count, second);
#pragma unroll
    for (int k = 0; k < WIDTH; k++) {
        float g = p.gradient_scale * gradient[k];
        first[k] = p.beta1 * first[k] + p.one_minus_beta1 * g;
        second[k] = p.beta2 * second[k] + p.one_minus_beta2 * (g * g);
        float denominator = sqrtf(second[k]) / p.second_correction + p.epsilon;
        parameter[k] = (parameter[k] * first_decay - p.step_size * (first[k] / denominator)) * last_decay;
    }
    write_parameter(p, i, count, parameter);
    write_any(p.first_moment, p.moment_type, i, count, first);
    write_any(p.second_moment, p.moment_type, i, count, second);
}

KERNEL(adamw, ccudakernels_adamw_arguments, 256) {
    FOR_EIGHTS(i, p.count) update_eight(p, i);
}

KERNEL(adamw_of_many, ccudakernels_many_arguments, 256) {
    const ccudakernels_adamw_entry &entry = entry_of_block<ccudakernels_adamw_entry>(p);
    ccudakernels_adamw_arguments update = entry.update; // a copy, which what is written cannot change
    int64_t first = ((int64_t)blockIdx.x - entry.first_part) * CCUDAKERNELS_SQUARES_CHUNK;
    int64_t count = smaller(update.count - first, (int64_t)CCUDAKERNELS_SQUARES_CHUNK);
    FOR_ROW_EIGHTS(i, count) update_eight(update, first + i);
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
