// Columns scaled by factors of their own, and the gradient of the factors.

static void scale_columns(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_columns_call *call = arguments;
    block scratch, out_scratch;
    for (ptrdiff_t row = begin; row < end; row++) {
        ptrdiff_t start = row * call->columns;
        FOR_BLOCKS(0, call->columns) {
            const float *input = read_block(call->a, start + at, count, &scratch);
            float *output = result_block(call->output, start + at, &out_scratch);
            for (ptrdiff_t i = 0; i < count; i++) output[i] = input[i] * call->factors[at + i];
            write_block(call->output, start + at, count, output);
        }
    }
}

static void dot_columns(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_columns_call *call = arguments;
    block a_scratch, b_scratch, sums;
    float *target = call->output.data;
    FOR_BLOCKS(begin, end) {
        memset(sums.values, 0, (size_t)count * 4);
        for (ptrdiff_t row = 0; row < call->rows; row++) {
            const float *a = read_block(call->a, row * call->columns + at, count, &a_scratch);
            const float *b = read_block(call->b, row * call->columns + at, count, &b_scratch);
            for (ptrdiff_t i = 0; i < count; i++) sums.values[i] += a[i] * b[i];
        }
        memcpy(target + at, sums.values, (size_t)count * 4);
    }
}
