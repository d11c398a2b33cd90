// Sums over rows and over everything.

// Rows of one partial sum: partial sums keep the error of long columns small.
#define PARTIAL_ROWS 32

static void sum_columns(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_sum_columns_call *call = arguments;
    block scratch, partial, total;
    FOR_BLOCKS(begin, end) {
        for (ptrdiff_t i = 0; i < count; i++) total.values[i] = call->accumulate ? call->output[at + i] : 0;
        for (ptrdiff_t first = 0; first < call->rows; first += PARTIAL_ROWS) {
            memset(&partial, 0, sizeof partial);
            for (ptrdiff_t row = first; row < smaller(first + PARTIAL_ROWS, call->rows); row++) {
                const float *input = read_block(call->input, row * call->columns + at, count, &scratch);
                for (ptrdiff_t i = 0; i < count; i++) partial.values[i] += input[i];
            }
            for (ptrdiff_t i = 0; i < count; i++) total.values[i] += partial.values[i];
        }
        memcpy(call->output + at, total.values, (size_t)count * 4);
    }
}

// Sums of squares of chunks in float64, so that neither small nor large elements are lost.
static void sum_of_squares(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_squares_call *call = arguments;
    block scratch;
    for (ptrdiff_t chunk = begin; chunk < end; chunk++) {
        double lanes[SUM_LANES] = {0};
        ptrdiff_t first = chunk * CKERNELS_SQUARES_CHUNK, last = smaller(first + CKERNELS_SQUARES_CHUNK, call->count);
        FOR_BLOCKS(first, last) {
            const float *input = read_block(call->input, at, count, &scratch);
            for (ptrdiff_t i = 0; i < count; i += SUM_LANES) {
                sum_vector values = load_lanes(input + i, count - i);
                for (int lane = 0; lane < SUM_LANES; lane++) lanes[lane] += (double)values[lane] * (double)values[lane];
            }
        }
        double sum = 0;
        for (int lane = 0; lane < SUM_LANES; lane++) sum += lanes[lane];
        call->partials[chunk] = sum;
    }
}
