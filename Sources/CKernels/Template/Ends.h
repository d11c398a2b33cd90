// The ends of training and generation: cross-entropy, the choice of a token.

// One block of logits after the soft-cap.
INLINE const float *capped_block(
    const ckernels_cross_entropy_call *call, const float *logits, ptrdiff_t count, block *scratch
) {
    float cap = call->soft_cap;
    if (cap == 0) return logits;
    for (ptrdiff_t i = 0; i < count; i++) scratch->values[i] = cap * hyperbolic_tangent(logits[i] / cap);
    return scratch->values;
}

INLINE float largest_capped(const ckernels_cross_entropy_call *call, const float *logits) {
    float largest = largest_value(logits, call->columns);
    // The soft-cap rises everywhere, so the largest stays the largest.
    float cap = call->soft_cap;
    return cap == 0 ? largest : cap * hyperbolic_tangent(largest / cap);
}

// The sum of exp(capped - largest), lanes in float64 over blocks.
INLINE double exponential_sum(const ckernels_cross_entropy_call *call, const float *logits, float largest) {
    block scratch, powers;
    double total = 0;
    FOR_BLOCKS(0, call->columns) {
        const float *capped = capped_block(call, logits + at, count, &scratch);
        for (ptrdiff_t i = 0; i < count; i++) powers.values[i] = exponential(capped[i] - largest);
        sum_vector sum = {0};
        for (ptrdiff_t i = 0; i < count; i += SUM_LANES) sum += load_lanes(powers.values + i, count - i);
        total += (double)sum_of_lanes(sum);
    }
    return total;
}

// The sum of capped logits, lanes in float64 over blocks.
INLINE double capped_sum(const ckernels_cross_entropy_call *call, const float *logits) {
    block scratch;
    double total = 0;
    FOR_BLOCKS(0, call->columns) {
        const float *capped = capped_block(call, logits + at, count, &scratch);
        sum_vector sum = {0};
        for (ptrdiff_t i = 0; i < count; i += SUM_LANES) sum += load_lanes(capped + i, count - i);
        total += (double)sum_of_lanes(sum);
    }
    return total;
}

// The columns that a row's target is spread over, and what their shares sum up to before they are scaled to one.
typedef struct {
    ptrdiff_t begin, end, middle;
    double slope, total;
} bell;

INLINE double bell_share(bell b, ptrdiff_t column) {
    double distance = (double)(column - b.middle);
    return exp(b.slope * distance * distance);
}

// Empty where the target is one column.
INLINE bell target_bell(const ckernels_cross_entropy_call *call, ptrdiff_t target) {
    bell b = {0, 0, target, 0, 0};
    double deviation = (double)call->spread_deviation;
    if (deviation == 0 || target < call->spread_begin || target >= call->spread_end) return b;
    ptrdiff_t reach = (ptrdiff_t)(6 * deviation);
    b.begin = target - reach < call->spread_begin ? call->spread_begin : target - reach;
    b.end = target + reach + 1 > call->spread_end ? call->spread_end : target + reach + 1;
    b.slope = -0.5 / (deviation * deviation);
    for (ptrdiff_t column = b.begin; column < b.end; column++) b.total += bell_share(b, column);
    return b;
}

// The mean of capped logits under a bell.
INLINE double bell_mean(const ckernels_cross_entropy_call *call, const float *logits, bell b) {
    float cap = call->soft_cap;
    double sum = 0;
    for (ptrdiff_t column = b.begin; column < b.end; column++) {
        float value = cap == 0 ? logits[column] : cap * hyperbolic_tangent(logits[column] / cap);
        sum += bell_share(b, column) * (double)value;
    }
    return sum / b.total;
}

// weight (softmax - target) times the soft-cap's slope, 1 - (capped / cap)^2.
INLINE void cross_entropy_gradient(
    const ckernels_cross_entropy_call *call, const float *logits, ptrdiff_t row, float log_sum_exp, bell b
) {
    block scratch, result;
    float weight = call->weights[row], cap = call->soft_cap;
    ptrdiff_t target = call->targets[row];
    bool is_bell = b.begin < b.end;
    float spread = is_bell ? 0 : call->smoothing / (float)call->columns, hit = 1.0f - call->smoothing;
    FOR_BLOCKS(0, call->columns) {
        const float *capped = capped_block(call, logits + at, count, &scratch);
        for (ptrdiff_t i = 0; i < count; i++) result.values[i] = exponential(capped[i] - log_sum_exp);
        if (!is_bell && target >= at && target < at + count) result.values[target - at] -= hit;
        ptrdiff_t first = b.begin > at ? b.begin : at, end = b.end < at + count ? b.end : at + count;
        for (ptrdiff_t i = first; i < end; i++) result.values[i - at] -= (float)(bell_share(b, i) / b.total);
        for (ptrdiff_t i = 0; i < count; i++) {
            float ratio = cap == 0 ? 0 : capped[i] / cap;
            result.values[i] = weight * (result.values[i] - spread) * (1.0f - ratio * ratio);
        }
        write_block(call->gradient, row * call->columns + at, count, result.values);
    }
}

static void cross_entropy(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_cross_entropy_call *call = arguments;
    for (ptrdiff_t row = begin; row < end; row++) {
        const float *logits = call->logits + row * call->columns;
        float largest = largest_capped(call, logits);
        // float64, so that the C library's last bit does not show in float32.
        double log_sum_exp = (double)largest + log(exponential_sum(call, logits, largest));
        float target = logits[call->targets[row]], cap = call->soft_cap;
        if (cap != 0) target = cap * hyperbolic_tangent(target / cap);
        double expected = (double)target;
        bell b = target_bell(call, call->targets[row]);
        if (b.begin < b.end) {
            expected = bell_mean(call, logits, b);
        } else if (call->smoothing != 0) {
            double smoothing = (double)call->smoothing;
            expected = (1 - smoothing) * expected + smoothing * capped_sum(call, logits) / (double)call->columns;
        }
        call->losses[row] = (float)((double)call->weights[row] * (log_sum_exp - expected));
        if (call->gradient.data != NULL) cross_entropy_gradient(call, logits, row, (float)log_sum_exp, b);
    }
}

// The largest element first, then its first place: both are simple loops.
static void argmax_rows(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_argmax_call *call = arguments;
    for (ptrdiff_t row = begin; row < end; row++) {
        const float *values = call->input + row * call->columns;
        float largest = largest_value(values, call->columns);
        ptrdiff_t place = 0;
        while (place < call->columns && values[place] != largest) place++;
        call->output[row] = (int32_t)(place < call->columns ? place : 0);
    }
}
