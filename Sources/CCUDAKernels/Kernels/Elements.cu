// Kernels that treat elements one by one.

#include "Gelu.cuh"

template <typename T> DEVICE void fill(const ccudakernels_fill_arguments &p) {
    T *output = output_of<T>(p.output);
    float values[WIDTH];
#pragma unroll
    for (int k = 0; k < WIDTH; k++) values[k] = p.value;
    FOR_EIGHTS(i, p.count) write_eight(output + i, p.count - i, is_aligned(p.output), values);
}

#define FILL(name, T) \
    KERNEL(fill_##name, ccudakernels_fill_arguments, 256) { fill<T>(p); }
FOR_EACH_TYPE(FILL)

// `output[i] = Function::of(input[i], factor)`.
template <typename Function, typename T, typename U> DEVICE void map_elements(const ccudakernels_map_arguments &p) {
    const T *input = input_of<T>(p.input);
    U *output = output_of<U>(p.output);
    FOR_EIGHTS(i, p.count) {
        float values[WIDTH];
        read_eight(input + i, p.count - i, is_aligned(p.input), values);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) values[k] = Function::of(values[k], p.factor);
        write_eight(output + i, p.count - i, is_aligned(p.output), values);
    }
}

struct identity {
    static __device__ __forceinline__ float of(float x, float) { return x; }
};

struct scaling {
    static __device__ __forceinline__ float of(float x, float factor) { return factor * x; }
};

struct capping {
    static __device__ __forceinline__ float of(float x, float cap) { return cap * tanhf(x / cap); }
};

#define CONVERT(name, T, other, U) \
    KERNEL(convert_##name##_##other, ccudakernels_map_arguments, 256) { map_elements<identity, T, U>(p); }
#if MAKES_FLOAT32
CONVERT(float32, float, float32, float)
#endif
#if MAKES_BFLOAT16
CONVERT(float32, float, bfloat16, bfloat16)
CONVERT(bfloat16, bfloat16, bfloat16, bfloat16)
#endif
#if !defined(ELEMENT_TYPE) || ELEMENT_TYPE == 1
CONVERT(bfloat16, bfloat16, float32, float) // on every card
#endif
#if MAKES_FLOAT16
CONVERT(float32, float, float16, float16)
CONVERT(float16, float16, float32, float)
CONVERT(float16, float16, float16, float16)
CONVERT(bfloat16, bfloat16, float16, float16)
#if HAS_BFLOAT16
CONVERT(float16, float16, bfloat16, bfloat16)
#endif
#endif

#define SCALE(name, T) \
    KERNEL(scale_##name, ccudakernels_map_arguments, 256) { map_elements<scaling, T, T>(p); }
FOR_EACH_TYPE(SCALE)

#define SOFT_CAP(name, T) \
    KERNEL(soft_cap_##name, ccudakernels_map_arguments, 256) { map_elements<capping, T, T>(p); }
FOR_EACH_TYPE(SOFT_CAP)

template <typename T, typename U> DEVICE void add(const ccudakernels_add_arguments &p) {
    const T *a = input_of<T>(p.a);
    const U *b = input_of<U>(p.b);
    T *output = output_of<T>(p.output);
    bool whole = p.period >= p.count, b_aligned = is_aligned(p.b) && (whole || p.period % WIDTH == 0);
    FOR_EIGHTS(i, p.count) {
        float values[WIDTH], terms[WIDTH];
        int64_t count = p.count - i, place = whole ? i : i % p.period;
        read_eight(a + i, count, is_aligned(p.a), values);
        if (p.period - place >= smaller(count, (int64_t)WIDTH)) {
            read_eight(b + place, count, b_aligned, terms);
        } else { // the period ends among the eight
#pragma unroll
            for (int k = 0; k < WIDTH; k++) terms[k] = k < count ? widened(b[(i + k) % p.period]) : 0.0f;
        }
#pragma unroll
        for (int k = 0; k < WIDTH; k++) values[k] = values[k] + p.scale * terms[k];
        write_eight(output + i, count, is_aligned(p.output), values);
    }
}

#define ADD(name, T) \
    KERNEL(add_##name##_##name, ccudakernels_add_arguments, 256) { add<T, T>(p); }
FOR_EACH_TYPE(ADD)
#if MAKES_FLOAT16
KERNEL(add_float32_float16, ccudakernels_add_arguments, 256) { add<float, float16>(p); }
#endif
#if MAKES_BFLOAT16
KERNEL(add_float32_bfloat16, ccudakernels_add_arguments, 256) { add<float, bfloat16>(p); }
#endif

// The four words of one block of Philox4x32-10: `RandomStream.words` in Swift says the same.
DEVICE void philox_block(uint32_t low, uint32_t high, uint64_t block, uint32_t (&words)[4]) {
    words[0] = (uint32_t)block;
    words[1] = (uint32_t)(block >> 32);
    words[2] = 0;
    words[3] = 0;
#pragma unroll
    for (int round = 0; round < 10; round++) {
        uint64_t first = (uint64_t)words[0] * 0xD2511F53u, second = (uint64_t)words[2] * 0xCD9E8D57u;
        uint32_t next[4] = {
            (uint32_t)(second >> 32) ^ words[1] ^ low, (uint32_t)second, (uint32_t)(first >> 32) ^ words[3] ^ high,
            (uint32_t)first};
#pragma unroll
        for (int k = 0; k < 4; k++) words[k] = next[k];
        low += 0x9E3779B9u;
        high += 0xBB67AE85u;
    }
}

template <typename T> DEVICE void dropout(const ccudakernels_dropout_arguments &p) {
    const T *input = input_of<T>(p.input);
    T *output = output_of<T>(p.output);
    FOR_EIGHTS(i, p.count) {
        float values[WIDTH];
        uint32_t words[2][4];
        read_eight(input + i, p.count - i, is_aligned(p.input), values);
        philox_block(p.key_low, p.key_high, (uint64_t)i / 4, words[0]);
        philox_block(p.key_low, p.key_high, (uint64_t)i / 4 + 1, words[1]);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            // The upper 24 bits over 2^24, exactly: `RandomStream.uniform`.
            bool kept = (float)(words[k / 4][k % 4] >> 8) * 5.9604644775390625e-8f >= p.rate;
            values[k] = kept ? values[k] * p.kept_scale : 0.0f;
        }
        write_eight(output + i, p.count - i, is_aligned(p.output), values);
    }
}

#define DROPOUT(name, T) \
    KERNEL(dropout_##name, ccudakernels_dropout_arguments, 256) { dropout<T>(p); }
FOR_EACH_TYPE(DROPOUT)

// ---- GELU ----

#define GELU(name, T) \
    KERNEL(gelu_##name, ccudakernels_map_arguments, 256) { map_elements<gelu<T>, T, T>(p); }
FOR_EACH_TYPE(GELU)

template <typename T> DEVICE void gelu_backward(const ccudakernels_gelu_backward_arguments &p) {
    const T *gradient = input_of<T>(p.output_gradient), *input = input_of<T>(p.input);
    T *output = output_of<T>(p.input_gradient);
    FOR_EIGHTS(i, p.count) {
        float g[WIDTH], x[WIDTH], old[WIDTH] = {0};
        int64_t count = p.count - i;
        read_eight(gradient + i, count, is_aligned(p.output_gradient), g);
        read_eight(input + i, count, is_aligned(p.input), x);
        if (p.accumulate) read_eight(output + i, count, is_aligned(p.input_gradient), old);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            float slope;
            gelu<T>::of(x[k], &slope);
            g[k] = p.accumulate ? g[k] * slope + old[k] : g[k] * slope;
        }
        write_eight(output + i, count, is_aligned(p.input_gradient), g);
    }
}

#define GELU_BACKWARD(name, T) \
    KERNEL(gelu_backward_##name, ccudakernels_gelu_backward_arguments, 256) { gelu_backward<T>(p); }
FOR_EACH_TYPE(GELU_BACKWARD)

template <typename T> DEVICE void gated_gelu(const ccudakernels_gated_gelu_arguments &p) {
    const T *gate = input_of<T>(p.gate), *up = input_of<T>(p.up);
    T *output = output_of<T>(p.output);
    FOR_EIGHTS(i, p.count) {
        float x[WIDTH], factor[WIDTH];
        read_eight(gate + i, p.count - i, is_aligned(p.gate), x);
        read_eight(up + i, p.count - i, is_aligned(p.up), factor);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) x[k] = gelu<T>::of(x[k]) * factor[k];
        write_eight(output + i, p.count - i, is_aligned(p.output), x);
    }
}

#define GATED_GELU(name, T) \
    KERNEL(gated_gelu_##name, ccudakernels_gated_gelu_arguments, 256) { gated_gelu<T>(p); }
FOR_EACH_TYPE(GATED_GELU)

template <typename T> DEVICE void gated_gelu_backward(const ccudakernels_gated_gelu_backward_arguments &p) {
    const T *gradient = input_of<T>(p.output_gradient), *gate = input_of<T>(p.gate), *up = input_of<T>(p.up);
    T *gate_gradient = output_of<T>(p.gate_gradient), *up_gradient = output_of<T>(p.up_gradient);
    FOR_EIGHTS(i, p.count) {
        float g[WIDTH], x[WIDTH], factor[WIDTH];
        int64_t count = p.count - i;
        read_eight(gradient + i, count, is_aligned(p.output_gradient), g);
        read_eight(gate + i, count, is_aligned(p.gate), x);
        read_eight(up + i, count, is_aligned(p.up), factor);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            float slope, value = gelu<T>::of(x[k], &slope);
            factor[k] = g[k] * factor[k] * slope;
            x[k] = g[k] * value;
        }
        write_eight(gate_gradient + i, count, is_aligned(p.gate_gradient), factor);
        write_eight(up_gradient + i, count, is_aligned(p.up_gradient), x);
    }
}

#define GATED_GELU_BACKWARD(name, T)                                                       \
    KERNEL(gated_gelu_backward_##name, ccudakernels_gated_gelu_backward_arguments, 256) { \
        gated_gelu_backward<T>(p);                                                         \
    }
FOR_EACH_TYPE(GATED_GELU_BACKWARD)

// Elements of the output in order: [patch][channel][y][x].
template <typename T> DEVICE void extract_patches(const ccudakernels_patches_arguments &p) {
    const float *images = input_of<float>(p.images);
    T *output = output_of<T>(p.output);
    int32_t size = p.size, across = p.width / size, down = p.height / size, row = p.channels * size * size;
    FOR_EIGHTS(i, p.count) {
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            if (i + k >= p.count) break;
            int64_t patch = (i + k) / row;
            int32_t place = (int32_t)((i + k) % row), x = place % size, y = place / size % size;
            int64_t plane = patch / (across * down) * p.channels + place / (size * size);
            int64_t line = plane * p.height + patch / across % down * size + y;
            output[i + k] = rounded<T>(images[line * p.width + patch % across * size + x]);
        }
    }
}

#define EXTRACT_PATCHES(name, T) \
    KERNEL(extract_patches_##name, ccudakernels_patches_arguments, 256) { extract_patches<T>(p); }
FOR_EACH_TYPE(EXTRACT_PATCHES)

// The same of bytes whose channels stand together.
template <typename T> DEVICE void extract_byte_patches(const ccudakernels_byte_patches_arguments &p) {
    const uint8_t *images = input_of<uint8_t>(p.images);
    T *output = output_of<T>(p.output);
    int32_t size = p.size, across = p.width / size, row = p.channels * size * size;
    FOR_EIGHTS(i, p.count) {
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            if (i + k >= p.count) break;
            int64_t patch = (i + k) / row;
            int32_t place = (int32_t)((i + k) % row), x = place % size, y = place / size % size;
            int64_t line = patch / across * size + y; // patches of a row of patches share their lines
            int64_t column = patch % across * size + x;
            float value = (float)images[(line * p.width + column) * p.channels + place / (size * size)];
            output[i + k] = rounded<T>(p.scale * value + p.offset);
        }
    }
}

#define EXTRACT_BYTE_PATCHES(name, T) \
    KERNEL(extract_byte_patches_##name, ccudakernels_byte_patches_arguments, 256) { extract_byte_patches<T>(p); }
FOR_EACH_TYPE(EXTRACT_BYTE_PATCHES)
