// The gradients of attention, one key head of one example at a time.
//
// First each task takes some query rows: it computes their scores P again and the scores' gradients dS, gives
// dQ = dS K, and leaves P and dS packed along the rows. Then each task takes some keys: dV = P' dO and dK = dS' Q.

// Tiles of keys that one task of the second half takes.
#define KEY_TILES 4

typedef struct {
    attention_context forward;
    const ckernels_attention_backward_call *call;
    ptrdiff_t key_head;
    ptrdiff_t row_units, key_tiles; // units along the query rows; tiles of TILE_ROWS keys
    uint32_t *keys, *values;        // along the elements: for scores and for dP
    uint32_t *key_columns;          // along the keys: for dQ
    uint32_t *queries, *gradients;  // along the query rows: for dK and dV
    uint32_t *weights, *slopes;     // P and dS: [tile of keys][unit of rows][TILE_ROWS]
    void *gathered;                 // query rows, then output gradients, dense
} backward_context;

// Gathers one row of q and of the output gradient.
static void gather_query_row(void *pointer, ptrdiff_t row, int worker) {
    (void)worker;
    const backward_context *context = pointer;
    const ckernels_attention_call *call = context->forward.call;
    size_t width = call->q.type == CKERNELS_FLOAT32 ? 4 : 2, bytes = (size_t)call->head_size * width;
    size_t place = (size_t)query_place(&context->forward, row, context->key_head) * width;
    char *target = (char *)context->gathered + (size_t)row * bytes;
    memcpy(target, (const char *)call->q.data + place, bytes);
    target += (size_t)context->forward.rows * bytes;
    memcpy(target, (const char *)context->call->output_gradient.data + place, bytes);
}

static void pack_backward(void *pointer, ptrdiff_t index, int worker) {
    (void)worker;
    const backward_context *context = pointer;
    const attention_context *forward = &context->forward;
    const ckernels_attention_call *call = forward->call;
    ptrdiff_t key_panels = forward->key_panels, head_panels = forward->head_panels, size = call->head_size;
    if (index < key_panels) {
        pack_key_panel(forward, call->k, context->key_head, index, context->keys);
    } else if (index < 2 * key_panels) {
        pack_key_panel(forward, call->v, context->key_head, index - key_panels, context->values);
    } else if (index < 2 * key_panels + head_panels) {
        pack_value_panel(forward, call->k, context->key_head, index - 2 * key_panels, context->key_columns);
    } else {
        ptrdiff_t panel = (index - 2 * key_panels) % head_panels;
        bool of_queries = index < 2 * key_panels + 2 * head_panels;
        packing_source from = {{context->gathered, call->q.type}, panel * TILE_COLUMNS, size, 1};
        if (!of_queries) from.origin += forward->rows * size;
        uint32_t *packed = of_queries ? context->queries : context->gradients;
        pack_panel(from, forward->rows, smaller(TILE_COLUMNS, size - panel * TILE_COLUMNS), TILE_COLUMNS,
                   forward->pairs, packed + panel * TILE_COLUMNS * context->row_units);
    }
}

// The sum of dO O over one row's elements, of float32 at least.
INLINE float gradient_of_sum(const backward_context *context, ptrdiff_t place) {
    block g_scratch, o_scratch;
    sum_vector sum = {0};
    ptrdiff_t size = context->forward.call->head_size;
    FOR_BLOCKS(place, place + size) {
        const float *g = read_block(context->call->output_gradient, at, count, &g_scratch);
        const float *output = read_block(context->forward.call->output, at, count, &o_scratch);
        for (ptrdiff_t i = 0; i < count; i += SUM_LANES) {
            sum += load_lanes(g + i, count - i) * load_lanes(output + i, count - i);
        }
    }
    return sum_of_lanes(sum);
}

// Turns scores into P and dP into dS, of one row.
INLINE void differentiate_row(
    const backward_context *context, const query_block *block, ptrdiff_t row, float *restrict scores, float *restrict
    slopes
) {
    const ckernels_attention_call *call = context->forward.call;
    seen_keys seen = block->seen[row];
    float log_sum = call->log_sum_exp[sum_place(&context->forward, block->first + row, block->key_head)];
    float of_sum = gradient_of_sum(context, query_place(&context->forward, block->first + row, block->key_head));
    float scale = call->scale, inverse_cap = call->soft_cap == 0 ? 0 : 1.0f / call->soft_cap;
    cap_scores(call, seen, scores);
    for (ptrdiff_t i = seen.begin; i < seen.end; i++) {
        float ratio = scores[i] * inverse_cap, weight = exponential(scores[i] - log_sum);
        slopes[i] = weight * (slopes[i] - of_sum) * (1.0f - ratio * ratio) * scale;
        scores[i] = weight;
    }
    clear_unseen(block, seen, scores);
    clear_unseen(block, seen, slopes);
}

// One unit of `count` keys: a row's weights, or two rows' zipped in bfloat16. `high` is NULL for a row that is not
// there.
INLINE void zip_rows(const float *low, const float *high, ptrdiff_t count, bool pairs, uint32_t *restrict unit) {
    if (!pairs) {
        memcpy(unit, low, (size_t)count * 4);
    } else if (high == NULL) {
        for (ptrdiff_t i = 0; i < count; i++) unit[i] = round_bfloat16(low[i]);
    } else {
        for (ptrdiff_t i = 0; i < count; i++) {
            unit[i] = round_bfloat16(low[i]) | (uint32_t)round_bfloat16(high[i]) << 16;
        }
    }
}

// Leaves the block's rows of `matrix` packed along the rows, zeros where the block sees nothing.
INLINE void pack_block_rows(
    const backward_context *context, const query_block *block, const float *matrix, uint32_t *packed
) {
    bool pairs = context->forward.pairs;
    ptrdiff_t first = pairs ? block->first / 2 : block->first, units = units_of(block->count, pairs);
    for (ptrdiff_t tile = 0; tile < context->key_tiles; tile++) {
        ptrdiff_t begin = larger(tile * TILE_ROWS, block->all.begin);
        ptrdiff_t end = smaller((tile + 1) * TILE_ROWS, block->all.end);
        uint32_t *target = packed + (tile * context->row_units + first) * TILE_ROWS;
        if (end - begin < TILE_ROWS) memset(target, 0, (size_t)(units * TILE_ROWS) * 4);
        for (ptrdiff_t unit = 0; unit < units && begin < end; unit++, target += TILE_ROWS) {
            const float *low = matrix + (pairs ? 2 * unit : unit) * block->stride + begin;
            const float *high = pairs && 2 * unit + 1 < block->count ? low + block->stride : NULL;
            // A constant makes the common case fast.
            if (end - begin == TILE_ROWS && (high != NULL || !pairs)) zip_rows(low, high, TILE_ROWS, pairs, target);
            else zip_rows(low, high, end - begin, pairs, target + begin - tile * TILE_ROWS);
        }
    }
}

static void differentiate_block(void *pointer, ptrdiff_t index, int worker) {
    const backward_context *context = pointer;
    const attention_context *forward = &context->forward;
    const ckernels_attention_call *call = forward->call;
    query_block block = begin_block(forward, index);
    block.key_head = context->key_head;
    ptrdiff_t width = forward->head_panels * TILE_COLUMNS;
    float *scores = forward->engine->workers[worker].memory, *slopes = scores + QUERY_ROWS * block.stride;
    float *result = slopes + QUERY_ROWS * block.stride;
    uint32_t *tiles = (uint32_t *)(result + QUERY_ROWS * width);
    pack_query_rows(forward, call->q, block.key_head, block.first, block.count, result, tiles);
    multiply_keys(forward, &block, tiles, context->keys, scores);
    pack_query_rows(forward, context->call->output_gradient, block.key_head, block.first, block.count, result, tiles);
    multiply_keys(forward, &block, tiles, context->values, slopes);
    for (ptrdiff_t row = 0; row < block.count; row++) {
        differentiate_row(context, &block, row, scores + row * block.stride, slopes + row * block.stride);
    }
    pack_block_rows(context, &block, scores, context->weights);
    pack_block_rows(context, &block, slopes, context->slopes);
    narrow_weights(forward, &block, slopes);
    multiply_weights(forward, &block, slopes, context->key_columns, result);
    for (ptrdiff_t row = 0; row < block.count; row++) {
        ptrdiff_t place = query_place(forward, block.first + row, block.key_head);
        write_block(context->call->q_gradient, place, call->head_size, result + row * width);
    }
}

// Writes dK or dV of some tiles of keys: packed P or dS times packed rows. Each panel of rows is read once for all
// tiles.
INLINE void multiply_rows(
    const backward_context *context, ptrdiff_t first, ptrdiff_t last, const uint32_t *left, const uint32_t *right,
    ckernels_array gradient, float *result
) {
    const attention_context *forward = &context->forward;
    ptrdiff_t width = forward->head_panels * TILE_COLUMNS, tile_size = context->row_units * TILE_ROWS;
    for (ptrdiff_t panel = 0; panel < forward->head_panels; panel++) {
        for (ptrdiff_t tile = first; tile < last; tile++) {
            run_tile(TILE_ROWS, forward->pairs, context->row_units, (tile_rows){left + tile * tile_size, 1, TILE_ROWS},
                     right + panel * TILE_COLUMNS * context->row_units,
                     result + (tile - first) * TILE_ROWS * width + panel * TILE_COLUMNS, width, false);
        }
    }
    for (ptrdiff_t key = first * TILE_ROWS; key < smaller(last * TILE_ROWS, forward->keys); key++) {
        ptrdiff_t place = key_place(forward, key, context->key_head);
        write_block(gradient, place, forward->call->head_size, result + (key - first * TILE_ROWS) * width);
    }
}

static void differentiate_keys(void *pointer, ptrdiff_t index, int worker) {
    const backward_context *context = pointer;
    float *result = context->forward.engine->workers[worker].memory;
    ptrdiff_t first = index * KEY_TILES, last = smaller(first + KEY_TILES, context->key_tiles);
    multiply_rows(context, first, last, context->weights, context->gradients, context->call->v_gradient, result);
    multiply_rows(context, first, last, context->slopes, context->queries, context->call->k_gradient, result);
}

// Cuts one block of shared memory into the context's parts; returns the units it takes.
INLINE ptrdiff_t lay_out(backward_context *context, uint32_t *memory) {
    const attention_context *forward = &context->forward;
    ptrdiff_t size = forward->call->head_size, taken = 0;
    ptrdiff_t by_elements = packed_units(forward->keys, size, forward->pairs);
    ptrdiff_t by_keys = packed_units(size, forward->keys, forward->pairs);
    ptrdiff_t by_rows = packed_units(size, forward->rows, forward->pairs);
    ptrdiff_t matrix = context->key_tiles * TILE_ROWS * context->row_units;
    struct { uint32_t **place; ptrdiff_t units; } parts[] = {
        {&context->keys, by_elements}, {&context->values, by_elements}, {&context->key_columns, by_keys},
        {&context->queries, by_rows}, {&context->gradients, by_rows}, {&context->weights, matrix},
        {&context->slopes, matrix},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        *parts[i].place = memory == NULL ? NULL : memory + taken;
        taken += (parts[i].units + 15) / 16 * 16; // 64 bytes
    }
    context->gathered = memory == NULL ? NULL : memory + taken;
    return taken + 2 * forward->rows * size;
}

static void differentiate_head(backward_context *context, ptrdiff_t key_head) {
    const attention_context *forward = &context->forward;
    ckernels_engine *engine = forward->engine;
    context->key_head = key_head;
    ckernels_pool_run(engine->pool, gather_query_row, context, forward->rows);
    ckernels_pool_run(engine->pool, pack_backward, context, 2 * forward->key_panels + 3 * forward->head_panels);
    ckernels_pool_run(engine->pool, differentiate_block, context, (forward->rows + QUERY_ROWS - 1) / QUERY_ROWS);
    ckernels_pool_run(engine->pool, differentiate_keys, context, (context->key_tiles + KEY_TILES - 1) / KEY_TILES);
}

static int attention_backward(ckernels_engine *engine, const ckernels_attention_backward_call *call) {
    for (ptrdiff_t example = 0; example < call->forward.batch; example++) {
        backward_context context = {.forward = context_of(engine, &call->forward, example), .call = call};
        context.row_units = units_of(context.forward.rows, context.forward.pairs);
        context.key_tiles = (context.forward.keys + TILE_ROWS - 1) / TILE_ROWS;
        uint32_t *memory = ckernels_shared_scratch(engine, (size_t)lay_out(&context, NULL) * 4);
        if (memory == NULL || !ckernels_reserve_workers(engine, block_bytes(&context.forward, 2))) return -1;
        lay_out(&context, memory);
        for (ptrdiff_t head = 0; head < call->forward.key_heads; head++) differentiate_head(&context, head);
    }
    return 0;
}
