// Real types, rows of eight elements in float32, sums over warps and blocks.
#pragma once

#include "Device.cuh"

// ---- Types ----

struct float16 {
    uint16_t bits;
};

DEVICE float widened(float value) {
    return value;
}

DEVICE float widened(float16 value) {
    return float16_value(value.bits);
}

template <typename T> struct rounding;

template <> struct rounding<float> {
    static __device__ __forceinline__ float nearest(float value) { return value; }
};

template <> struct rounding<float16> {
    static __device__ __forceinline__ float16 nearest(float value) { return {float16_bits(value)}; }
    static __device__ __forceinline__ uint32_t pair(float low, float high) { return float16_pair(low, high); }
};

// Every card reads it; those without it in hardware round nothing to it.
struct bfloat16 {
    uint16_t bits;
};

DEVICE float widened(bfloat16 value) {
    return bfloat16_value(value.bits);
}

#if HAS_BFLOAT16
template <> struct rounding<bfloat16> {
    static __device__ __forceinline__ bfloat16 nearest(float value) { return {bfloat16_bits(value)}; }
    static __device__ __forceinline__ uint32_t pair(float low, float high) { return bfloat16_pair(low, high); }
};
#endif

// The nearest value of a type, ties to even.
template <typename T> DEVICE T rounded(float value) {
    return rounding<T>::nearest(value);
}

// The nearest value of a type, as a float32.
template <typename T> DEVICE float rounded_to(float value) {
    return widened(rounded<T>(value));
}

template <typename T> DEVICE const T *input_of(ccudakernels_address address) {
    return (const T *)address;
}

template <typename T> DEVICE T *output_of(ccudakernels_address address) {
    return (T *)address;
}

// A program is compiled for each type by itself, the number ELEMENT_TYPE. A kernel of several types belongs to float16 if
// that is one of them, else to bfloat16 if that is; one of no types belongs to float32.
#ifdef ELEMENT_TYPE
#define MAKES_FLOAT32 (ELEMENT_TYPE == 0)
#define MAKES_BFLOAT16 (HAS_BFLOAT16 && ELEMENT_TYPE == 1)
#define MAKES_FLOAT16 (ELEMENT_TYPE == 2)
#else
#define MAKES_FLOAT32 1
#define MAKES_BFLOAT16 HAS_BFLOAT16
#define MAKES_FLOAT16 1
#endif

#if MAKES_FLOAT32
#define WITH_FLOAT32(line) line(float32, float)
#else
#define WITH_FLOAT32(line)
#endif
#if MAKES_BFLOAT16
#define WITH_BFLOAT16(line) line(bfloat16, bfloat16)
#else
#define WITH_BFLOAT16(line)
#endif
#if MAKES_FLOAT16
#define WITH_FLOAT16(line) line(float16, float16)
#else
#define WITH_FLOAT16(line)
#endif

// A line for each real type: kernels named `name_float32`, ... whose body is `body<T>(p)`.
#define FOR_EACH_TYPE(line) WITH_FLOAT32(line) WITH_BFLOAT16(line) WITH_FLOAT16(line)

template <typename A> DEVICE A smaller(A a, A b) {
    return a < b ? a : b;
}

template <typename A> DEVICE A larger(A a, A b) {
    return a > b ? a : b;
}

// ---- Rows of eight ----

// Elements that a thread takes at once: 16 bytes of the narrow types.
#define WIDTH 8

DEVICE bool is_aligned(ccudakernels_address address) {
    return address % 16 == 0;
}

// Whether rows of `columns` elements all start at 16 bytes.
template <typename T> DEVICE bool rows_are_aligned(ccudakernels_address address, int64_t columns) {
    return is_aligned(address) && columns * sizeof(T) % 16 == 0;
}

DEVICE void widen_eight(const float *from, float (&values)[WIDTH]) {
    union {
        sixteen_bytes parts[2];
        float elements[8];
    } read;
    read.parts[0] = ((const sixteen_bytes *)from)[0];
    read.parts[1] = ((const sixteen_bytes *)from)[1];
#pragma unroll
    for (int i = 0; i < WIDTH; i++) values[i] = read.elements[i];
}

template <typename T> DEVICE void widen_eight(const T *from, float (&values)[WIDTH]) {
    union {
        sixteen_bytes part;
        uint16_t elements[8];
    } read;
    read.part = *(const sixteen_bytes *)from;
#pragma unroll
    for (int i = 0; i < WIDTH; i++) values[i] = widened(T{read.elements[i]});
}

DEVICE void round_eight(float *to, const float (&values)[WIDTH]) {
    union {
        sixteen_bytes parts[2];
        float elements[8];
    } written;
#pragma unroll
    for (int i = 0; i < WIDTH; i++) written.elements[i] = values[i];
    ((sixteen_bytes *)to)[0] = written.parts[0];
    ((sixteen_bytes *)to)[1] = written.parts[1];
}

// Eight values of a narrow type.
template <typename T> DEVICE sixteen_bytes rounded_eight(const float (&values)[WIDTH]) {
    uint32_t pairs[4];
#pragma unroll
    for (int i = 0; i < WIDTH; i += 2) pairs[i / 2] = rounding<T>::pair(values[i], values[i + 1]);
    return {pairs[0], pairs[1], pairs[2], pairs[3]};
}

template <typename T> DEVICE void round_eight(T *to, const float (&values)[WIDTH]) {
    write_sixteen(to, rounded_eight<T>(values));
}

// Reads `count` elements, at most eight, and zeros after them; at once if they are whole and aligned.
template <typename T> DEVICE void read_eight(const T *from, int64_t count, bool aligned, float (&values)[WIDTH]) {
    if (aligned && count >= WIDTH) {
        widen_eight(from, values);
        return;
    }
#pragma unroll
    for (int i = 0; i < WIDTH; i++) values[i] = i < count ? widened(from[i]) : 0.0f;
}

// Rounds and writes the first `count` values, at most eight.
template <typename T> DEVICE void write_eight(T *to, int64_t count, bool aligned, const float (&values)[WIDTH]) {
    if (aligned && count >= WIDTH) {
        round_eight(to, values);
        return;
    }
#pragma unroll
    for (int i = 0; i < WIDTH; i++) {
        if (i < count) to[i] = rounded<T>(values[i]);
    }
}

// Eight elements as they lie in memory, which takes half the registers where types are narrow.
template <typename T> union packed_eight {
    sixteen_bytes parts[WIDTH * sizeof(T) / 16];
    T elements[WIDTH];

    __device__ __forceinline__ void read(const T *from, int64_t count, bool aligned) {
        if (aligned && count >= WIDTH) {
#pragma unroll
            for (int i = 0; i < (int)(WIDTH * sizeof(T) / 16); i++) parts[i] = ((const sixteen_bytes *)from)[i];
            return;
        }
#pragma unroll
        for (int k = 0; k < WIDTH; k++) elements[k] = k < count ? from[k] : rounded<T>(0);
    }

    __device__ __forceinline__ void widen(float (&values)[WIDTH]) const {
#pragma unroll
        for (int k = 0; k < WIDTH; k++) values[k] = widened(elements[k]);
    }
};

// Walks all elements of a launch, eight a thread: `i` is the place of the first.
#define FOR_EIGHTS(i, count)                                                                   \
    for (int64_t i = ((int64_t)blockIdx.x * blockDim.x + threadIdx.x) * WIDTH; i < (count);    \
         i += (int64_t)gridDim.x * blockDim.x * WIDTH)

// Walks one row by all threads of its block.
#define FOR_ROW_EIGHTS(i, columns) \
    for (int64_t i = (int64_t)threadIdx.x * WIDTH; i < (columns); i += (int64_t)blockDim.x * WIDTH)

// ---- Sums ----

struct addition {
    template <typename A> static __device__ __forceinline__ A of(A a, A b) { return a + b; }
};

struct maximum {
    template <typename A> static __device__ __forceinline__ A of(A a, A b) { return a > b ? a : b; }
};

// Joins the values of a warp's lanes by halves; every lane gets the result.
template <typename Join, typename A> DEVICE A joined_over_warp(A value) {
#pragma unroll
    for (int half = 16; half > 0; half /= 2) value = Join::of(value, shuffle_xor(value, half));
    return value;
}

// Joins the values of a block of whole warps in a fixed order; every thread gets the result. `room` has 32 elements.
template <typename Join, typename A> DEVICE A joined_over_block(A value, A neutral, A *room) {
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, warps = blockDim.x / 32;
    value = joined_over_warp<Join>(value);
    __syncthreads(); // `room` may still be read from the time before
    if (lane == 0) room[warp] = value;
    __syncthreads();
    return joined_over_warp<Join>(lane < warps ? room[lane] : neutral);
}

// ---- Tensor cores, by type ----

template <typename T> struct tensor_cores;

template <> struct tensor_cores<float16> {
    static __device__ __forceinline__ void multiply(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
        mma_float16(c, a, b0, b1);
    }
    static __device__ __forceinline__ uint32_t pair(float low, float high) { return float16_pair(low, high); }
#if HAS_WARPGROUPS
    template <int blocks, typename... Operands>
    static __device__ __forceinline__ void product(float (&c)[blocks][4], const Operands &...operands) {
        product_float16(c, operands...);
    }
    template <int blocks, typename... Operands>
    static __device__ __forceinline__ void product_of_columns(float (&c)[blocks][4], const Operands &...operands) {
        product_of_columns_float16(c, operands...);
    }
#endif
};

#if HAS_BFLOAT16
template <> struct tensor_cores<bfloat16> {
    static __device__ __forceinline__ void multiply(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
        mma_bfloat16(c, a, b0, b1);
    }
    static __device__ __forceinline__ uint32_t pair(float low, float high) { return bfloat16_pair(low, high); }
#if HAS_WARPGROUPS
    template <int blocks, typename... Operands>
    static __device__ __forceinline__ void product(float (&c)[blocks][4], const Operands &...operands) {
        product_bfloat16(c, operands...);
    }
    template <int blocks, typename... Operands>
    static __device__ __forceinline__ void product_of_columns(float (&c)[blocks][4], const Operands &...operands) {
        product_of_columns_bfloat16(c, operands...);
    }
#endif
};
#endif
