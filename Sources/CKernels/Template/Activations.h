// GELU in its tanh form, plain and as Gemma's gate, forward and backward.
//
// 0.5 (1 + tanh(u)) is the logistic function of 2u, which loses no digits where tanh(u) is near -1.

// 2 sqrt(2 / pi), and that times 0.044715.
#define GELU_LINEAR 1.59576912160573071f
#define GELU_CUBIC 0.0713548162726009f

INLINE float gelu_value(float x) {
    return x * logistic(x * (GELU_LINEAR + GELU_CUBIC * x * x));
}

// The derivative, which is 0 or 1 to the last bit beyond 10.
INLINE float gelu_slope(float x) {
    float bounded = x > 10.0f ? 10.0f : x;
    bounded = bounded < -10.0f ? -10.0f : bounded;
    float square = bounded * bounded;
    float share = logistic(bounded * (GELU_LINEAR + GELU_CUBIC * square));
    return share + bounded * share * (1.0f - share) * (GELU_LINEAR + 3 * GELU_CUBIC * square);
}

static void gelu(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_map_call *call = arguments;
    block in_scratch, scratch;
    FOR_BLOCKS(begin, end) {
        const float *input = read_block(call->input, at, count, &in_scratch);
        float *output = result_block(call->output, at, &scratch);
        for (ptrdiff_t i = 0; i < count; i++) output[i] = gelu_value(input[i]);
        write_block(call->output, at, count, output);
    }
}

static void gelu_backward(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_gelu_backward_call *call = arguments;
    block g_scratch, in_scratch, old_scratch, scratch;
    FOR_BLOCKS(begin, end) {
        const float *g = read_block(call->output_gradient, at, count, &g_scratch);
        const float *input = read_block(call->input, at, count, &in_scratch);
        const float *old = call->accumulate ? read_block(call->input_gradient, at, count, &old_scratch) : NULL;
        for (ptrdiff_t i = 0; i < count; i++) scratch.values[i] = g[i] * gelu_slope(input[i]);
        if (old != NULL) {
            for (ptrdiff_t i = 0; i < count; i++) scratch.values[i] += old[i];
        }
        write_block(call->input_gradient, at, count, scratch.values);
    }
}

static void gated_gelu(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_gated_gelu_call *call = arguments;
    block gate_scratch, up_scratch, scratch;
    FOR_BLOCKS(begin, end) {
        const float *gate = read_block(call->gate, at, count, &gate_scratch);
        const float *up = read_block(call->up, at, count, &up_scratch);
        float *output = result_block(call->output, at, &scratch);
        for (ptrdiff_t i = 0; i < count; i++) output[i] = gelu_value(gate[i]) * up[i];
        write_block(call->output, at, count, output);
    }
}

static void gated_gelu_backward(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_gated_gelu_backward_call *call = arguments;
    block g_scratch, gate_scratch, up_scratch, gate_result, up_result;
    FOR_BLOCKS(begin, end) {
        const float *g = read_block(call->output_gradient, at, count, &g_scratch);
        const float *gate = read_block(call->gate, at, count, &gate_scratch);
        const float *up = read_block(call->up, at, count, &up_scratch);
        for (ptrdiff_t i = 0; i < count; i++) {
            gate_result.values[i] = g[i] * up[i] * gelu_slope(gate[i]);
            up_result.values[i] = g[i] * gelu_value(gate[i]);
        }
        write_block(call->gate_gradient, at, count, gate_result.values);
        write_block(call->up_gradient, at, count, up_result.values);
    }
}
