// exp and tanh from sums and products only, written without branches so that loops over them become vectors.
//
// Errors against float64, over every 61st float32: exp below 1.1 units in the last place, tanh below 2.5.

#define LOG2_E 1.44269504088896341f
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440054690583e-4f

typedef struct {
    float exponent; // n of exp(x) = 2^n (1 + excess)
    float excess;
} exponential_parts;

// Splits x into n ln 2 + r and gives exp(r) - 1 by Taylor's series of degree 7: |r| < 0.35, so its rest is below 6e-9.
INLINE exponential_parts split_exponential(float x) {
    float n = (x * LOG2_E + 0x1.8p23f) - 0x1.8p23f;
    float r = (x - n * LN2_HIGH) - n * LN2_LOW;
    float series = 1.0f / 5040;
    series = series * r + 1.0f / 720;
    series = series * r + 1.0f / 120;
    series = series * r + 1.0f / 24;
    series = series * r + 1.0f / 6;
    series = series * r + 0.5f;
    return (exponential_parts){n, r + r * r * series};
}

// 2^n for whole n in -126...127.
INLINE float power_of_two(int32_t n) {
    return from_bits((uint32_t)(n + 127) << 23);
}

// e to the x: 0 far below, infinite far above, NaN for NaN.
INLINE float exponential(float x) {
    float bounded = x < -104.0f ? -104.0f : x;
    bounded = bounded > 89.0f ? 89.0f : bounded;
    exponential_parts parts = split_exponential(bounded);
    // In two steps, since 2^n alone may be too small or too large. A NaN's n is of no use, so it is replaced.
    int32_t n = (int32_t)(bounded == bounded ? parts.exponent : 0.0f);
    int32_t half = n >> 1;
    return (1.0f + parts.excess) * power_of_two(half) * power_of_two(n - half);
}

// The hyperbolic tangent, as e / (e + 2) with e = exp(2 |x|) - 1: exact near zero, 1 from 10 on.
INLINE float hyperbolic_tangent(float x) {
    float doubled = 2 * from_bits(to_bits(x) & 0x7fffffff);
    doubled = doubled > 20.0f ? 20.0f : doubled;
    exponential_parts parts = split_exponential(doubled);
    float power = power_of_two((int32_t)(doubled == doubled ? parts.exponent : 0.0f));
    float excess = power * parts.excess + (power - 1.0f);
    float magnitude = excess / (excess + 2.0f);
    return from_bits(to_bits(magnitude) | (to_bits(x) & 0x80000000));
}

// 1 / (1 + exp(-x)).
INLINE float logistic(float x) {
    return 1.0f / (1.0f + exponential(-x));
}
