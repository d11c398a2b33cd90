// RMS norm and layer norm over the last axis, forward and backward.

// The sum of `(x - mean)^power` over a row, power 1 or 2.
INLINE float row_moment(ckernels_array input, ptrdiff_t row, ptrdiff_t columns, float mean, bool squared) {
    block scratch;
    sum_vector sum = {0};
    FOR_BLOCKS(0, columns) {
        const float *x = read_block(input, row * columns + at, count, &scratch);
        for (ptrdiff_t i = 0; i < count; i += SUM_LANES) {
            sum_vector values = load_lanes(x + i, count - i);
            if (!squared) {
                sum += values;
                continue;
            }
            sum_vector centred = values - mean;
            if (count - i < SUM_LANES) {
                for (ptrdiff_t lane = count - i; lane < SUM_LANES; lane++) centred[lane] = 0;
            }
            sum += centred * centred;
        }
    }
    return sum_of_lanes(sum);
}

static void rms_norm(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_norm_call *call = arguments;
    block x_scratch, w_scratch, r_scratch, scratch;
    ptrdiff_t columns = call->columns;
    for (ptrdiff_t row = begin; row < end; row++) {
        float mean_square = row_moment(call->input, row, columns, 0, true) / (float)columns;
        float inverse = 1.0f / __builtin_elementwise_sqrt(mean_square + call->epsilon);
        if (call->inverse != NULL) call->inverse[row] = inverse;
        FOR_BLOCKS(0, columns) {
            ptrdiff_t place = row * columns + at;
            const float *x = read_block(call->input, place, count, &x_scratch);
            const float *weight = read_block(call->weight, at, count, &w_scratch);
            float *output = call->residual.data == NULL ? result_block(call->output, place, &scratch) : scratch.values;
            for (ptrdiff_t i = 0; i < count; i++) output[i] = x[i] * inverse * (1.0f + weight[i]);
            if (call->residual.data != NULL) {
                const float *residual = read_block(call->residual, place, count, &r_scratch);
                ckernels_type type = call->output.type;
                if (type == CKERNELS_BFLOAT16) {
                    for (ptrdiff_t i = 0; i < count; i++) output[i] = widen_bfloat16(round_bfloat16(output[i]));
                }
                for (ptrdiff_t i = 0; i < count; i++) output[i] = residual[i] + output[i];
            }
            write_block(call->output, place, count, output);
        }
    }
}

static void layer_norm(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_norm_call *call = arguments;
    block x_scratch, w_scratch, b_scratch, scratch;
    ptrdiff_t columns = call->columns;
    for (ptrdiff_t row = begin; row < end; row++) {
        float mean = row_moment(call->input, row, columns, 0, false) / (float)columns;
        float variance = row_moment(call->input, row, columns, mean, true) / (float)columns;
        float inverse = 1.0f / __builtin_elementwise_sqrt(variance + call->epsilon);
        if (call->mean != NULL) call->mean[row] = mean;
        if (call->inverse != NULL) call->inverse[row] = inverse;
        FOR_BLOCKS(0, columns) {
            ptrdiff_t place = row * columns + at;
            const float *x = read_block(call->input, place, count, &x_scratch);
            const float *weight = read_block(call->weight, at, count, &w_scratch);
            const float *bias = read_block(call->bias, at, count, &b_scratch);
            float *output = result_block(call->output, place, &scratch);
            for (ptrdiff_t i = 0; i < count; i++) output[i] = (x[i] - mean) * inverse * weight[i] + bias[i];
            write_block(call->output, place, count, output);
        }
    }
}

// What one row adds up for its input gradient: sums of g w and of g w x^, where x^ is the normalized input.
typedef struct {
    float gradient, product;
} row_sums;

// The weight's factor in a block: `1 + weight` for RMS norm.
INLINE const float *factor_block(
    const ckernels_norm_backward_call *call, ptrdiff_t at, ptrdiff_t count, block *scratch
) {
    copy_block(call->weight, at, count, scratch->values);
    if (call->mean == NULL) {
        for (ptrdiff_t i = 0; i < count; i++) scratch->values[i] += 1.0f;
    }
    return scratch->values;
}

INLINE row_sums sums_of_row(const ckernels_norm_backward_call *call, ptrdiff_t row, float mean, float inverse) {
    block g_scratch, x_scratch, w_scratch;
    sum_vector gradient = {0}, product = {0};
    FOR_BLOCKS(0, call->columns) {
        ptrdiff_t place = row * call->columns + at;
        const float *g = read_block(call->output_gradient, place, count, &g_scratch);
        const float *x = read_block(call->input, place, count, &x_scratch);
        const float *factor = factor_block(call, at, count, &w_scratch);
        for (ptrdiff_t i = 0; i < count; i += SUM_LANES) {
            sum_vector weighted = load_lanes(g + i, count - i) * load_lanes(factor + i, count - i);
            gradient += weighted;
            product += weighted * ((load_lanes(x + i, count - i) - mean) * inverse);
        }
    }
    return (row_sums){sum_of_lanes(gradient), sum_of_lanes(product)};
}

// dx = inverse (g w - mean(g w) - x^ mean(g w x^)); RMS norm has no middle term.
static void norm_input(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_norm_backward_call *call = arguments;
    block g_scratch, x_scratch, w_scratch, old_scratch, scratch;
    for (ptrdiff_t row = begin; row < end; row++) {
        float mean = call->mean == NULL ? 0 : call->mean[row], inverse = call->inverse[row];
        row_sums sums = sums_of_row(call, row, mean, inverse);
        float gradient_mean = call->mean == NULL ? 0 : sums.gradient / (float)call->columns;
        float product_mean = sums.product / (float)call->columns;
        FOR_BLOCKS(0, call->columns) {
            ptrdiff_t place = row * call->columns + at;
            const float *g = read_block(call->output_gradient, place, count, &g_scratch);
            const float *x = read_block(call->input, place, count, &x_scratch);
            const float *factor = factor_block(call, at, count, &w_scratch);
            const float *old = NULL;
            if (call->accumulate_input) old = read_block(call->input_gradient, place, count, &old_scratch);
            for (ptrdiff_t i = 0; i < count; i++) {
                float normalized = (x[i] - mean) * inverse;
                scratch.values[i] = inverse * (g[i] * factor[i] - gradient_mean - normalized * product_mean);
            }
            if (old != NULL) {
                for (ptrdiff_t i = 0; i < count; i++) scratch.values[i] += old[i];
            }
            write_block(call->input_gradient, place, count, scratch.values);
        }
    }
}

// Adds what PARTIAL_ROWS rows give to the gradients of one block of columns.
INLINE void add_parameter_rows(
    const ckernels_norm_backward_call *call, ptrdiff_t first, ptrdiff_t at, ptrdiff_t count, block *weight, block *bias
) {
    block g_scratch, x_scratch, weight_partial = {0}, bias_partial = {0};
    for (ptrdiff_t row = first; row < smaller(first + PARTIAL_ROWS, call->rows); row++) {
        float mean = call->mean == NULL ? 0 : call->mean[row], inverse = call->inverse[row];
        const float *g = read_block(call->output_gradient, row * call->columns + at, count, &g_scratch);
        const float *x = read_block(call->input, row * call->columns + at, count, &x_scratch);
        for (ptrdiff_t i = 0; i < count; i++) weight_partial.values[i] += g[i] * ((x[i] - mean) * inverse);
        for (ptrdiff_t i = 0; i < count; i++) bias_partial.values[i] += g[i];
    }
    for (ptrdiff_t i = 0; i < count; i++) weight->values[i] += weight_partial.values[i];
    for (ptrdiff_t i = 0; i < count; i++) bias->values[i] += bias_partial.values[i];
}

static void norm_parameters(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_norm_backward_call *call = arguments;
    FOR_BLOCKS(begin, end) {
        block weight = {0}, bias = {0};
        for (ptrdiff_t first = 0; first < call->rows; first += PARTIAL_ROWS) {
            add_parameter_rows(call, first, at, count, &weight, &bias);
        }
        bool added = call->accumulate_parameters;
        for (ptrdiff_t i = 0; call->weight_gradient != NULL && i < count; i++) {
            call->weight_gradient[at + i] = weight.values[i] + (added ? call->weight_gradient[at + i] : 0);
        }
        for (ptrdiff_t i = 0; call->bias_gradient != NULL && i < count; i++) {
            call->bias_gradient[at + i] = bias.values[i] + (added ? call->bias_gradient[at + i] : 0);
        }
    }
}
