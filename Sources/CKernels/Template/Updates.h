// Updates of weights, in float32.

// One block in float32; both variants differ in the place of the decay and in what the root is divided by.
INLINE void adamw_block(
    const ckernels_adamw_call *call, ptrdiff_t count, const float *gradient, float *restrict p, float *restrict m, float
    *restrict v
) {
    float first_decay = call->decay_last ? 1.0f : call->decay, last_decay = call->decay_last ? call->decay : 1.0f;
    for (ptrdiff_t i = 0; i < count; i++) {
        float g = call->gradient_scale * gradient[i];
        m[i] = call->beta1 * m[i] + call->one_minus_beta1 * g;
        v[i] = call->beta2 * v[i] + call->one_minus_beta2 * (g * g);
        float denominator = __builtin_elementwise_sqrt(v[i]) / call->second_correction + call->epsilon;
        p[i] = (p[i] * first_decay - call->step_size * (m[i] / denominator)) * last_decay;
    }
}

// Rounds new values of the parameter into it, and into its copy where there is one.
INLINE void write_parameter(
    ckernels_array parameter, ckernels_array rounded, ptrdiff_t begin, ptrdiff_t count, const float *values
) {
    write_block(parameter, begin, count, values);
    if (rounded.data != NULL) write_block(rounded, begin, count, values);
}

static void adamw(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_adamw_call *call = arguments;
    block g_scratch, p, m, v;
    FOR_BLOCKS(begin, end) {
        const float *gradient = read_block(call->gradient, at, count, &g_scratch);
        copy_block(call->parameter, at, count, p.values);
        copy_block(call->first_moment, at, count, m.values);
        copy_block(call->second_moment, at, count, v.values);
        adamw_block(call, count, gradient, p.values, m.values, v.values);
        write_parameter(call->parameter, call->rounded, at, count, p.values);
        write_block(call->first_moment, at, count, m.values);
        write_block(call->second_moment, at, count, v.values);
    }
}

static void gradient_descent(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
#pragma clang fp contract(off)
    const ckernels_descent_call *call = arguments;
    block g_scratch, p;
    FOR_BLOCKS(begin, end) {
        const float *gradient = read_block(call->gradient, at, count, &g_scratch);
        copy_block(call->parameter, at, count, p.values);
        for (ptrdiff_t i = 0; i < count; i++) {
            float g = call->gradient_scale * gradient[i];
            p.values[i] -= call->rate * (g + call->decay * p.values[i]);
        }
        write_parameter(call->parameter, call->rounded, at, count, p.values);
    }
}

// ---- Moments in 8 bits ----

// Codes of one block with the scale that goes with them: the largest magnitude, a NaN passed over.
static float quantize_moments(
    const float *values, ptrdiff_t count, const ckernels_dynamic_map *map, uint8_t *restrict codes
) {
#pragma clang fp contract(off)
    float largest = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        float magnitude = values[i] < 0 ? -values[i] : values[i];
        largest = magnitude > largest ? magnitude : largest;
    }
    if (largest == 0) {
        memset(codes, 0, (size_t)count);
        return 0;
    }
    float inverse = 1 / largest;
    for (ptrdiff_t i = 0; i < count; i++) {
        float value = values[i] * inverse;
        value = value > -1 ? (value < 1 ? value : 1) : -1;
        codes[i] = map->codes_of_steps[(int)__builtin_elementwise_fma((value + 1) * 0.5f, 65535.0f, 0.5f)];
    }
    return largest;
}

static void blockwise_adamw(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
#pragma clang fp contract(off)
    const ckernels_blockwise_adamw_call *call = arguments;
    block g_scratch, p, m, v;
    for (ptrdiff_t place = begin; place < end; place++) {
        ptrdiff_t at = place * CKERNELS_MOMENT_BLOCK, count = smaller(call->count - at, CKERNELS_MOMENT_BLOCK);
        const float *gradient = read_block(call->gradient, at, count, &g_scratch);
        copy_block(call->parameter, at, count, p.values);
        uint8_t *first_codes = call->first_codes + at, *second_codes = call->second_codes + at;
        float first_scale = call->first_scales[place], second_scale = call->second_scales[place];
        for (ptrdiff_t i = 0; i < count; i++) {
            m.values[i] = call->first_map.values[first_codes[i]] * first_scale;
            v.values[i] = call->second_map.values[second_codes[i]] * second_scale;
        }
        for (ptrdiff_t i = 0; i < count; i++) {
            float g = call->gradient_scale * gradient[i];
            m.values[i] = __builtin_elementwise_fma(call->one_minus_beta1, g, m.values[i] * call->beta1);
            v.values[i] = v.values[i] * call->beta2 + call->one_minus_beta2 * g * g;
            float denominator = __builtin_elementwise_sqrt(v.values[i]) / call->second_correction + call->epsilon;
            p.values[i] = p.values[i] * call->decay - call->step_size * m.values[i] / denominator;
        }
        write_parameter(call->parameter, call->rounded, at, count, p.values);
        call->first_scales[place] = quantize_moments(m.values, count, &call->first_map, first_codes);
        call->second_scales[place] = quantize_moments(v.values, count, &call->second_map, second_codes);
    }
}

// ---- Adafactor ----

// Squares of `count` elements of the gradient, with what is added to them.
INLINE void adafactor_squares(
    const ckernels_adafactor_call *call, ptrdiff_t begin, ptrdiff_t count, float *restrict squares
) {
#pragma clang fp contract(off)
    block scratch;
    const float *gradient = read_block(call->gradient, begin, count, &scratch);
    for (ptrdiff_t i = 0; i < count; i++) {
        float g = call->gradient_scale * gradient[i];
        squares[i] = g * g + call->epsilon;
    }
}

INLINE float adafactor_mean(const ckernels_adafactor_call *call, float old, float mean) {
#pragma clang fp contract(off)
    return call->kept * old + (1 - call->kept) * mean;
}

static void adafactor_elements(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_adafactor_call *call = arguments;
    block squares;
    FOR_BLOCKS(begin, end) {
        adafactor_squares(call, at, count, squares.values);
        float *means = call->row_squares + at;
        for (ptrdiff_t i = 0; i < count; i++) means[i] = adafactor_mean(call, means[i], squares.values[i]);
    }
}

static void adafactor_rows(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_adafactor_call *call = arguments;
    block squares;
    for (ptrdiff_t row = begin; row < end; row++) {
        double sum = 0;
        FOR_BLOCKS(0, call->columns) {
            adafactor_squares(call, row * call->columns + at, count, squares.values);
            for (ptrdiff_t i = 0; i < count; i++) sum += (double)squares.values[i];
        }
        float mean = (float)(sum / (double)call->columns);
        call->row_squares[row] = adafactor_mean(call, call->row_squares[row], mean);
    }
}

static void adafactor_columns(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_adafactor_call *call = arguments;
    block squares;
    double sums[BLOCK];
    for (ptrdiff_t at = begin, count; at < end; at += count) {
        ptrdiff_t matrix = at / call->columns, column = at % call->columns;
        count = smaller(smaller(end - at, BLOCK), call->columns - column);
        memset(sums, 0, (size_t)count * sizeof *sums);
        for (ptrdiff_t row = 0; row < call->rows; row++) {
            ptrdiff_t place = (matrix * call->rows + row) * call->columns + column;
            adafactor_squares(call, place, count, squares.values);
            for (ptrdiff_t i = 0; i < count; i++) sums[i] += (double)squares.values[i];
        }
        float *means = call->column_squares + at;
        for (ptrdiff_t i = 0; i < count; i++) {
            means[i] = adafactor_mean(call, means[i], (float)(sums[i] / (double)call->rows));
        }
    }
}

// What a change is multiplied by for its row and for its column.
static void adafactor_factors(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_adafactor_call *call = arguments;
    for (ptrdiff_t matrix = begin; matrix < end; matrix++) {
        const float *rows = call->row_squares + matrix * call->rows;
        const float *columns = call->column_squares + matrix * call->columns;
        float *row_factors = call->row_factors + matrix * call->rows;
        float *column_factors = call->column_factors + matrix * call->columns;
        double sum = 0;
        for (ptrdiff_t i = 0; i < call->rows; i++) sum += (double)rows[i];
        float mean = (float)(sum / (double)call->rows);
        for (ptrdiff_t i = 0; i < call->rows; i++) row_factors[i] = 1 / __builtin_elementwise_sqrt(rows[i] / mean);
        for (ptrdiff_t i = 0; i < call->columns; i++) column_factors[i] = 1 / __builtin_elementwise_sqrt(columns[i]);
    }
}

// Changes of `count` elements before they are scaled down.
static void adafactor_changes(
    const ckernels_adafactor_call *call, ptrdiff_t begin, ptrdiff_t count, float *restrict changes
) {
    block scratch;
    const float *gradient = read_block(call->gradient, begin, count, &scratch);
    for (ptrdiff_t i = 0; i < count; i++) changes[i] = call->gradient_scale * gradient[i];
    if (call->column_squares == NULL) {
        const float *squares = call->row_squares + begin;
        for (ptrdiff_t i = 0; i < count; i++) changes[i] /= __builtin_elementwise_sqrt(squares[i]);
        return;
    }
    for (ptrdiff_t i = 0, length; i < count; i += length) {
        ptrdiff_t row = (begin + i) / call->columns, column = (begin + i) % call->columns;
        length = smaller(count - i, call->columns - column);
        const float *factors = call->column_factors + row / call->rows * call->columns + column;
        float factor = call->row_factors[row];
        for (ptrdiff_t j = 0; j < length; j++) changes[i + j] *= factor * factors[j];
    }
}

// One after another in float64: the shape of the sum is that of the elements alone.
static void adafactor_sum_of_squares(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
#pragma clang fp contract(off)
    const ckernels_adafactor_call *call = arguments;
    block changes;
    double sum = 0;
    (void)begin, (void)end;
    FOR_BLOCKS(0, call->matrices * call->rows * call->columns) {
        adafactor_changes(call, at, count, changes.values);
        for (ptrdiff_t i = 0; i < count; i++) sum += (double)changes.values[i] * (double)changes.values[i];
    }
    *call->sum_of_squares = sum;
}

static void adafactor_update(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
#pragma clang fp contract(off)
    const ckernels_adafactor_call *call = arguments;
    block p, changes;
    FOR_BLOCKS(begin, end) {
        adafactor_changes(call, at, count, changes.values);
        copy_block(call->parameter, at, count, p.values);
        for (ptrdiff_t i = 0; i < count; i++) {
            float change = changes.values[i] / call->divisor * call->rate;
            p.values[i] = p.values[i] - call->decay * p.values[i] - change;
        }
        write_parameter(call->parameter, call->rounded, at, count, p.values);
    }
}
