// Kernels that treat elements, or rows, one by one.

static void fill(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_fill_call *call = arguments;
    block values;
    for (ptrdiff_t i = 0; i < BLOCK; i++) values.values[i] = call->value;
    FOR_BLOCKS(begin, end) write_block(call->output, at, count, values.values);
}

static void convert(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_map_call *call = arguments;
    block scratch;
    if (call->input.type == call->output.type) {
        size_t width = call->input.type == CKERNELS_FLOAT32 ? 4 : 2;
        memmove((char *)call->output.data + begin * (ptrdiff_t)width,
                (const char *)call->input.data + begin * (ptrdiff_t)width, (size_t)(end - begin) * width);
        return;
    }
    FOR_BLOCKS(begin, end) {
        write_block(call->output, at, count, read_block(call->input, at, count, &scratch));
    }
}

static void add(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_add_call *call = arguments;
    block a_scratch, b_scratch, scratch;
    for (ptrdiff_t at = begin, count; at < end; at += count) {
        ptrdiff_t place = at % call->period;
        count = smaller(smaller(end - at, BLOCK), call->period - place);
        const float *a = read_block(call->a, at, count, &a_scratch);
        const float *b = read_block(call->b, place, count, &b_scratch);
        float *output = result_block(call->output, at, &scratch);
        for (ptrdiff_t i = 0; i < count; i++) output[i] = a[i] + call->scale * b[i];
        write_block(call->output, at, count, output);
    }
}

static void scale(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_map_call *call = arguments;
    block in_scratch, scratch;
    FOR_BLOCKS(begin, end) {
        const float *input = read_block(call->input, at, count, &in_scratch);
        float *output = result_block(call->output, at, &scratch);
        for (ptrdiff_t i = 0; i < count; i++) output[i] = call->factor * input[i];
        write_block(call->output, at, count, output);
    }
}

// Word `index % 4` of block `index / 4` of Philox4x32-10: `RandomStream.words` in Swift says the same.
INLINE uint32_t philox_word(uint32_t low, uint32_t high, uint64_t index) {
    uint32_t state[4] = {(uint32_t)(index / 4), (uint32_t)(index / 4 >> 32), 0, 0};
    for (int round = 0; round < 10; round++) {
        uint64_t first = (uint64_t)state[0] * 0xD2511F53, second = (uint64_t)state[2] * 0xCD9E8D57;
        uint32_t next[4] = {(uint32_t)(second >> 32) ^ state[1] ^ low, (uint32_t)second,
                            (uint32_t)(first >> 32) ^ state[3] ^ high, (uint32_t)first};
        memcpy(state, next, sizeof state);
        low += 0x9E3779B9;
        high += 0xBB67AE85;
    }
    uint32_t selected = index & 2 ? state[2] : state[0], odd = index & 2 ? state[3] : state[1];
    return index & 1 ? odd : selected;
}

static void dropout(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_dropout_call *call = arguments;
    block in_scratch, scratch;
    FOR_BLOCKS(begin, end) {
        const float *input = read_block(call->input, at, count, &in_scratch);
        float *output = result_block(call->output, at, &scratch);
        for (ptrdiff_t i = 0; i < count; i++) {
            uint32_t word = philox_word(call->key_low, call->key_high, (uint64_t)(at + i));
            bool kept = (float)(int32_t)(word >> 8) * 0x1p-24f >= call->rate;
            output[i] = kept ? input[i] * call->kept_scale : 0.0f;
        }
        write_block(call->output, at, count, output);
    }
}

static void gather_rows(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_gather_call *call = arguments;
    block in_scratch, scratch;
    float scale = rounded_to(call->output.type, call->scale);
    for (ptrdiff_t row = begin; row < end; row++) {
        ptrdiff_t source = call->indices[row] * call->columns, target = row * call->columns;
        FOR_BLOCKS(0, call->columns) {
            const float *input = read_block(call->table, source + at, count, &in_scratch);
            float *output = result_block(call->output, target + at, &scratch);
            for (ptrdiff_t i = 0; i < count; i++) output[i] = scale * input[i];
            write_block(call->output, target + at, count, output);
        }
    }
}

static void scatter_rows(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_scatter_call *call = arguments;
    block in_scratch, old_scratch, scratch;
    for (ptrdiff_t row = 0; row < call->rows; row++) {
        ptrdiff_t source = row * call->columns, target = call->indices[row] * call->columns;
        FOR_BLOCKS(begin, end) {
            const float *input = read_block(call->source, source + at, count, &in_scratch);
            if (!call->accumulate) {
                write_block(call->output, target + at, count, input);
                continue;
            }
            const float *old = read_block(call->output, target + at, count, &old_scratch);
            float *output = result_block(call->output, target + at, &scratch);
            for (ptrdiff_t i = 0; i < count; i++) output[i] = old[i] + call->scale * input[i];
            write_block(call->output, target + at, count, output);
        }
    }
}

static void copy_blocks(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_copy_call *call = arguments;
    for (ptrdiff_t i = begin; i < end; i++) {
        memcpy(call->output + (size_t)i * call->output_stride, call->source + (size_t)i * call->source_stride,
               call->byte_count);
    }
}

static void extract_patches(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_patches_call *call = arguments;
    ptrdiff_t size = call->size, across = call->width / size, down = call->height / size;
    for (ptrdiff_t patch = begin; patch < end; patch++) {
        ptrdiff_t image = patch / (across * down), y0 = patch / across % down * size, x0 = patch % across * size;
        for (ptrdiff_t line = 0; line < call->channels * size; line++) {
            ptrdiff_t plane = image * call->channels + line / size, y = y0 + line % size;
            const float *source = call->images + (plane * call->height + y) * call->width + x0;
            write_block(call->output, (patch * call->channels * size + line) * size, size, source);
        }
    }
}

static void soft_cap(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
    const ckernels_map_call *call = arguments;
    block in_scratch, scratch;
    float cap = call->factor;
    FOR_BLOCKS(begin, end) {
        const float *input = read_block(call->input, at, count, &in_scratch);
        float *output = result_block(call->output, at, &scratch);
        for (ptrdiff_t i = 0; i < count; i++) output[i] = cap * hyperbolic_tangent(input[i] / cap);
        write_block(call->output, at, count, output);
    }
}
