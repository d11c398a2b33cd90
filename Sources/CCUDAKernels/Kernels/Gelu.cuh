// GELU in its tanh form.
//
// 0.5 (1 + tanh(u)) is the logistic function of 2u, which loses no digits where tanh(u) is near -1.
#pragma once

#include "Numbers.cuh"

// 2 sqrt(2 / pi), and that times 0.044715.
#define GELU_LINEAR 1.59576912160573071f
#define GELU_CUBIC 0.0713548162726009f

// The logistic function for results of type T: narrow ones do not show an error of 1e-6.
template <typename T> DEVICE float logistic(float x) {
    const float binary = 1.44269504088896341f; // 1 / log 2
    if (sizeof(T) < sizeof(float)) return fast_reciprocal(1.0f + fast_power_of_two(-binary * x));
    return 1.0f / (1.0f + expf(-x));
}

template <typename T> struct gelu {
    static __device__ __forceinline__ float of(float x, float = 0) {
        return x * logistic<T>(x * (GELU_LINEAR + GELU_CUBIC * x * x));
    }

    // With the derivative, which is 0 or 1 to the last bit beyond 10, as is what x is multiplied by.
    static __device__ __forceinline__ float of(float x, float *slope) {
        float bounded = x > 10.0f ? 10.0f : x;
        bounded = bounded < -10.0f ? -10.0f : bounded;
        float square = bounded * bounded;
        float share = logistic<T>(bounded * (GELU_LINEAR + GELU_CUBIC * square));
        *slope = share + bounded * share * (1.0f - share) * (GELU_LINEAR + 3 * GELU_CUBIC * square);
        return x * share;
    }
};
