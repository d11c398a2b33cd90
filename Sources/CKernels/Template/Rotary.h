// Rotary positions. Angles are float32, as in the reference; their sine and cosine come from float64 and are rounded.

// Sines and cosines of one row's angles, BLOCK at a time.
INLINE void rotate_half(
    const ckernels_rotary_call *call, ptrdiff_t row, ptrdiff_t at, ptrdiff_t count, const float *sines, const float
    *cosines
) {
    block a_scratch, b_scratch, low, high;
    ptrdiff_t half = call->head_size / 2;
    for (ptrdiff_t head = 0; head < call->heads; head++) {
        ptrdiff_t place = (row * call->heads + head) * call->head_size + at;
        const float *a = read_block(call->input, place, count, &a_scratch);
        const float *b = read_block(call->input, place + half, count, &b_scratch);
        for (ptrdiff_t i = 0; i < count; i++) low.values[i] = a[i] * cosines[i] - b[i] * sines[i];
        for (ptrdiff_t i = 0; i < count; i++) high.values[i] = b[i] * cosines[i] + a[i] * sines[i];
        write_block(call->output, place, count, low.values);
        write_block(call->output, place + half, count, high.values);
    }
}

static void rotary(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_rotary_call *call = arguments;
    block sines, cosines;
    for (ptrdiff_t row = begin; row < end; row++) {
        FOR_BLOCKS(0, call->head_size / 2) {
            for (ptrdiff_t i = 0; i < count; i++) {
                float angle = (float)call->positions[row] * call->frequencies[at + i];
                float sine = rounded_to(call->input.type, (float)sin((double)angle));
                sines.values[i] = call->inverse ? -sine : sine;
                cosines.values[i] = rounded_to(call->input.type, (float)cos((double)angle));
            }
            rotate_half(call, row, at, count, sines.values, cosines.values);
        }
    }
}
