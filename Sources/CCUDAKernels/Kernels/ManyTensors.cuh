// Elements of types that arguments name, and many tensors by one launch.
#pragma once

#include "Numbers.cuh"

// Elements of a type that the arguments name.
DEVICE void read_any(ccudakernels_address address, int32_t type, int64_t i, int64_t count, float (&values)[WIDTH]) {
    bool aligned = is_aligned(address) && i % WIDTH == 0;
    if (type == CCUDAKERNELS_FLOAT32) read_eight(input_of<float>(address) + i, count, aligned, values);
#if HAS_BFLOAT16
    if (type == CCUDAKERNELS_BFLOAT16) read_eight(input_of<bfloat16>(address) + i, count, aligned, values);
#endif
    if (type == CCUDAKERNELS_FLOAT16) read_eight(input_of<float16>(address) + i, count, aligned, values);
}

DEVICE void write_any(
    ccudakernels_address address, int32_t type, int64_t i, int64_t count, const float (&values)[WIDTH]
) {
    bool aligned = is_aligned(address) && i % WIDTH == 0;
    if (type == CCUDAKERNELS_FLOAT32) write_eight(output_of<float>(address) + i, count, aligned, values);
#if HAS_BFLOAT16
    if (type == CCUDAKERNELS_BFLOAT16) write_eight(output_of<bfloat16>(address) + i, count, aligned, values);
#endif
    if (type == CCUDAKERNELS_FLOAT16) write_eight(output_of<float16>(address) + i, count, aligned, values);
}

// Eight new values of a parameter, into it and, where there is one, into its rounded copy: of an update that has both.
template <typename Update>
DEVICE void write_parameter(const Update &update, int64_t i, int64_t count, const float (&values)[WIDTH]) {
    write_any(update.parameter, update.parameter_type, i, count, values);
    if (update.rounded != 0) write_any(update.rounded, update.rounded_type, i, count, values);
}

// The last entry whose blocks do not begin after this one; `first` is where an entry has the number of its first. Each
// warp looks at 32 entries at once.
template <typename Entry, typename Arguments>
DEVICE const Entry &entry_of_block(const Arguments &p, int64_t Entry::*first = &Entry::first_part) {
    const Entry *entries = input_of<Entry>(p.entries);
    int32_t low = 0, high = (int32_t)p.count, lane = threadIdx.x % 32;
    while (high - low > 1) {
        int32_t step = (high - low + 31) / 32, place = low + lane * step;
        uint32_t begun = ballot(place < high && entries[place].*first <= (int64_t)blockIdx.x);
        low += (bits_of(begun) - 1) * step;
        high = smaller(low + step, high);
    }
    return entries[low];
}
