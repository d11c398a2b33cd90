// Products with a narrow side, as low-rank adapters have them: no more than CCUDAKERNELS_NARROW columns.
//
// They do little arithmetic for what they read, so operands go straight from memory into the fragments of tensor cores.
// A sum may take its terms in any order, as long as both operands agree: so a lane reads eight neighbours at once, and
// they count as the depths that its fragments hold. A launch takes several products at once, since each is short.
#pragma once

#include "Numbers.cuh"

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

// Two neighbours of a row of `count` elements from an even place on, zeros beyond it; at once where rows lie even.
template <typename T> DEVICE uint32_t read_two(const T *row, int32_t place, int32_t count, bool there) {
    if (count % 2 == 0) return there && place < count ? *(const uint32_t *)(row + place) : 0u;
    return pair_of(bits_at(row + place, there && place < count), bits_at(row + place + 1, there && place + 1 < count));
}

// Kernels for each pair of types, of operands and of what comes out.
#define NARROW_KERNEL(name, types, T, U, arguments, threads) \
    KERNEL(name##_##types, arguments, threads) { name<T, U>(p); }
#define FOR_NARROW_TYPES(line) WITH_NARROW_FLOAT16(line) WITH_NARROW_BFLOAT16(line)
#if MAKES_FLOAT16
#define WITH_NARROW_FLOAT16(line) line(float16_float16, float16, float16) line(float16_float32, float16, float)
#else
#define WITH_NARROW_FLOAT16(line)
#endif
#if MAKES_BFLOAT16
#define WITH_NARROW_BFLOAT16(line) line(bfloat16_bfloat16, bfloat16, bfloat16) line(bfloat16_float32, bfloat16, float)
#else
#define WITH_NARROW_BFLOAT16(line)
#endif
