// Soft-capped, masked, grouped attention from tiles.
//
// Keys and values of one example are packed once for each key head. Then each task takes some query rows of one key
// head,
// a row being one position of one query head, in order of position: it computes their scores against all keys that any
// of
// them sees, the softmax of each row over what it sees, and the product with the values. Keys count from the first
// visible
// one, and what a row does not see weighs zero, so a row's bits depend on nothing else.

#define QUERY_ROWS 48

typedef struct {
    ckernels_engine *engine;
    const ckernels_attention_call *call;
    bool pairs;
    ptrdiff_t example, first_key, keys; // the example's visible columns
    ptrdiff_t group, rows;              // query heads of a key head, and their rows
    ptrdiff_t key_panels, head_panels;
    uint32_t *packed_keys;   // [key head][key panel][unit of d][...]
    uint32_t *packed_values; // [key head][head panel][unit of keys][...]
} attention_context;

// The part of the keys that one row sees, from the first visible key; begin == end for nothing.
typedef struct {
    ptrdiff_t begin, end;
} seen_keys;

INLINE seen_keys keys_seen_by(const attention_context *context, ptrdiff_t row) {
    const ckernels_attention_call *call = context->call;
    const ckernels_visible *visible = &call->visible[context->example];
    ptrdiff_t column = call->query_offset + row / context->group;
    bool in_prefix = column < visible->prefix_end;
    ptrdiff_t end = in_prefix ? visible->prefix_end : column + 1;
    ptrdiff_t begin = call->window == 0 || (in_prefix && call->window_spares_prefix) ? 0 : column - call->window + 1;
    begin = larger(begin, visible->key_begin) - visible->key_begin;
    end = smaller(end, visible->key_end) - visible->key_begin;
    return (seen_keys){begin, larger(begin, end)};
}

// Elements of one head: rows of q, k, v or the output.
INLINE ptrdiff_t key_place(const attention_context *context, ptrdiff_t key, ptrdiff_t head) {
    const ckernels_attention_call *call = context->call;
    ptrdiff_t column = context->example * call->capacity + context->first_key + key;
    return (column * call->key_heads + head) * call->head_size;
}

INLINE ptrdiff_t query_place(const attention_context *context, ptrdiff_t row, ptrdiff_t key_head) {
    const ckernels_attention_call *call = context->call;
    ptrdiff_t position = context->example * call->queries + row / context->group;
    return (position * call->heads + key_head * context->group + row % context->group) * call->head_size;
}

INLINE ptrdiff_t sum_place(const attention_context *context, ptrdiff_t row, ptrdiff_t key_head) {
    const ckernels_attention_call *call = context->call;
    ptrdiff_t head = key_head * context->group + row % context->group;
    return (context->example * call->heads + head) * call->queries + row / context->group;
}

INLINE ptrdiff_t panels_of(ptrdiff_t columns) {
    return (columns + TILE_COLUMNS - 1) / TILE_COLUMNS;
}

// A packed matrix of `columns` columns, `depth` elements deep, in units.
INLINE ptrdiff_t packed_units(ptrdiff_t columns, ptrdiff_t depth, bool pairs) {
    return panels_of(columns) * TILE_COLUMNS * units_of(depth, pairs);
}

// Keys as columns, along their elements.
INLINE void pack_key_panel(
    const attention_context *context, ckernels_array keys, ptrdiff_t head, ptrdiff_t panel, uint32_t *packed
) {
    const ckernels_attention_call *call = context->call;
    ptrdiff_t key = panel * TILE_COLUMNS, units = units_of(call->head_size, context->pairs);
    packing_source from = {keys, key_place(context, key, head), 1, call->key_heads * call->head_size};
    pack_panel(from, call->head_size, smaller(TILE_COLUMNS, context->keys - key), TILE_COLUMNS, context->pairs,
               packed + panel * TILE_COLUMNS * units);
}

// Elements as columns, along the keys.
INLINE void pack_value_panel(
    const attention_context *context, ckernels_array values, ptrdiff_t head, ptrdiff_t panel, uint32_t *packed
) {
    const ckernels_attention_call *call = context->call;
    ptrdiff_t element = panel * TILE_COLUMNS, units = units_of(context->keys, context->pairs);
    packing_source from = {values, key_place(context, 0, head) + element, call->key_heads * call->head_size, 1};
    pack_panel(from, context->keys, smaller(TILE_COLUMNS, call->head_size - element), TILE_COLUMNS, context->pairs,
               packed + panel * TILE_COLUMNS * units);
}

INLINE attention_context context_of(ckernels_engine *engine, const ckernels_attention_call *call, ptrdiff_t example) {
    const ckernels_visible *visible = &call->visible[example];
    ptrdiff_t keys = visible->key_end - visible->key_begin, group = call->heads / call->key_heads;
    return (attention_context){
        .engine = engine, .call = call, .pairs = HAS_PAIRS && call->q.type == CKERNELS_BFLOAT16, .example = example,
        .first_key = visible->key_begin, .keys = keys, .group = group, .rows = call->queries * group,
        .key_panels = panels_of(keys), .head_panels = panels_of(call->head_size)};
}

static void pack_attention(void *pointer, ptrdiff_t index, int worker) {
    (void)worker;
    const attention_context *context = pointer;
    const ckernels_attention_call *call = context->call;
    ptrdiff_t panels = context->key_panels + context->head_panels, head = index / panels, panel = index % panels;
    if (panel < context->key_panels) {
        ptrdiff_t size = packed_units(context->keys, call->head_size, context->pairs);
        pack_key_panel(context, call->k, head, panel, context->packed_keys + head * size);
    } else {
        ptrdiff_t size = packed_units(call->head_size, context->keys, context->pairs);
        pack_value_panel(context, call->v, head, panel - context->key_panels, context->packed_values + head * size);
    }
}

// Packs `count` query rows, from `array`, as tiles: [tile][unit][TILE_ROWS].
INLINE void pack_query_rows(
    const attention_context *context, ckernels_array array, ptrdiff_t key_head, ptrdiff_t first, ptrdiff_t count, float
    *gathered,
    uint32_t *tiles
) {
    ptrdiff_t size = context->call->head_size, units = units_of(size, context->pairs);
    size_t width = array.type == CKERNELS_FLOAT32 ? 4 : 2;
    for (ptrdiff_t row = 0; row < count; row++) {
        const char *from = (const char *)array.data + (size_t)query_place(context, first + row, key_head) * width;
        memcpy((char *)gathered + (size_t)(row * size) * width, from, (size_t)size * width);
    }
    ckernels_array rows = {gathered, array.type};
    for (ptrdiff_t row = 0; row < count; row += TILE_ROWS) {
        packing_source from = {rows, row * size, 1, size};
        pack_panel(from, size, smaller(TILE_ROWS, count - row), TILE_ROWS, context->pairs, tiles + row * units);
    }
}

// What one worker holds for a block of query rows. `stride` is the padded count of keys.
typedef struct {
    ptrdiff_t first, count, key_head, stride;
    seen_keys seen[QUERY_ROWS], all; // `all` starts and ends at a panel's edge
    float *gathered, *sums;
    uint32_t *tiles;
} query_block;

INLINE query_block begin_block(const attention_context *context, ptrdiff_t index) {
    ptrdiff_t blocks = (context->rows + QUERY_ROWS - 1) / QUERY_ROWS;
    query_block block = {.first = index % blocks * QUERY_ROWS, .key_head = index / blocks};
    block.count = smaller(QUERY_ROWS, context->rows - block.first);
    block.stride = context->key_panels * TILE_COLUMNS;
    block.all = (seen_keys){block.stride, 0};
    for (ptrdiff_t row = 0; row < block.count; row++) {
        seen_keys seen = keys_seen_by(context, block.first + row);
        block.seen[row] = seen;
        if (seen.begin == seen.end) continue;
        block.all.begin = smaller(block.all.begin, seen.begin / TILE_COLUMNS * TILE_COLUMNS);
        block.all.end = larger(block.all.end, panels_of(seen.end) * TILE_COLUMNS);
    }
    if (block.all.begin >= block.all.end) block.all = (seen_keys){0, 0};
    return block;
}

// `sums[row][key]` of packed tiles of rows and the packed keys that the block sees.
INLINE void multiply_keys(
    const attention_context *context, const query_block *block, const uint32_t *tiles, const uint32_t *keys, float *sums
) {
    ptrdiff_t units = units_of(context->call->head_size, context->pairs);
    for (ptrdiff_t key = block->all.begin; key < block->all.end; key += TILE_COLUMNS) {
        for (ptrdiff_t row = 0; row < block->count; row += TILE_ROWS) {
            tile_rows a = {tiles + row * units, 1, TILE_ROWS};
            run_tile(smaller(TILE_ROWS, block->count - row), context->pairs, units, a, keys + key * units,
                     sums + row * block->stride + key, block->stride, false);
        }
    }
}

// Rows of weights times packed columns along the keys: `result[row][column]`, rows `head_panels * TILE_COLUMNS` apart.
INLINE void multiply_weights(
    const attention_context *context, const query_block *block, const float *weights, const uint32_t *columns, float
    *result
) {
    ptrdiff_t units = units_of(context->keys, context->pairs), width = context->head_panels * TILE_COLUMNS;
    ptrdiff_t per_unit = context->pairs ? 2 : 1, begin = block->all.begin / per_unit;
    ptrdiff_t end = smaller(block->all.end / per_unit, units), stride = block->stride / per_unit;
    for (ptrdiff_t panel = 0; panel < context->head_panels; panel++) {
        for (ptrdiff_t row = 0; row < block->count; row += TILE_ROWS) {
            tile_rows a = {(const uint32_t *)weights + row * stride + begin, stride, 1};
            run_tile(smaller(TILE_ROWS, block->count - row), context->pairs, larger(end - begin, 0), a,
                     columns + (panel * units + begin) * TILE_COLUMNS, result + row * width + panel * TILE_COLUMNS,
                     width, false);
        }
    }
}

// Rounds rows of float32 weights to pairs of bfloat16, in place and dense: row i then starts at half the stride.
INLINE void narrow_weights(const attention_context *context, const query_block *block, float *weights) {
    if (!context->pairs) return;
    for (ptrdiff_t row = 0; row < block->count; row++) {
        const float *from = weights + row * block->stride;
        uint16_t *to = (uint16_t *)weights + row * block->stride;
        for (ptrdiff_t at = block->all.begin; at < block->all.end; at += TILE_COLUMNS) {
            uint16_t part[TILE_COLUMNS];
            for (ptrdiff_t i = 0; i < TILE_COLUMNS; i++) part[i] = round_bfloat16(from[at + i]);
            memcpy(to + at, part, sizeof part);
        }
    }
}

// Scores of one row after scale and soft-cap, in place, over what it sees.
INLINE void cap_scores(const ckernels_attention_call *call, seen_keys seen, float *scores) {
    float scale = call->scale, cap = call->soft_cap;
    for (ptrdiff_t i = seen.begin; i < seen.end; i++) scores[i] *= scale;
    if (cap == 0) return;
    for (ptrdiff_t i = seen.begin; i < seen.end; i++) scores[i] = cap * hyperbolic_tangent(scores[i] / cap);
}

INLINE void clear_unseen(const query_block *block, seen_keys seen, float *row) {
    if (seen.begin == seen.end) seen = (seen_keys){block->all.end, block->all.end};
    for (ptrdiff_t i = block->all.begin; i < seen.begin; i++) row[i] = 0;
    for (ptrdiff_t i = seen.end; i < block->all.end; i++) row[i] = 0;
}

typedef struct {
    float largest, sum;
} softmax_sums;

// Turns a row of scores into exp(score - largest), zero where it does not see.
INLINE softmax_sums soften_row(
    const attention_context *context, const query_block *block, ptrdiff_t row, float *scores
) {
    seen_keys seen = block->seen[row];
    cap_scores(context->call, seen, scores);
    float largest = largest_value(scores + seen.begin, seen.end - seen.begin);
    for (ptrdiff_t i = seen.begin; i < seen.end; i++) scores[i] = exponential(scores[i] - largest);
    clear_unseen(block, seen, scores);
    sum_vector lanes = {0};
    for (ptrdiff_t i = block->all.begin; i < block->all.end; i += SUM_LANES) {
        lanes += load_lanes(scores + i, block->all.end - i);
    }
    return (softmax_sums){largest, sum_of_lanes(lanes)};
}

static void attend_block(void *pointer, ptrdiff_t index, int worker) {
    const attention_context *context = pointer;
    const ckernels_attention_call *call = context->call;
    query_block block = begin_block(context, index);
    ptrdiff_t size = call->head_size, width = context->head_panels * TILE_COLUMNS;
    float *scores = context->engine->workers[worker].memory, *result = scores + QUERY_ROWS * block.stride;
    uint32_t *tiles = (uint32_t *)(result + QUERY_ROWS * width);
    ptrdiff_t keys_size = packed_units(context->keys, size, context->pairs);
    ptrdiff_t values_size = packed_units(size, context->keys, context->pairs);
    const uint32_t *keys = context->packed_keys + block.key_head * keys_size;
    const uint32_t *values = context->packed_values + block.key_head * values_size;
    pack_query_rows(context, call->q, block.key_head, block.first, block.count, result, tiles);
    multiply_keys(context, &block, tiles, keys, scores);
    softmax_sums sums[QUERY_ROWS];
    for (ptrdiff_t row = 0; row < block.count; row++) {
        sums[row] = soften_row(context, &block, row, scores + row * block.stride);
    }
    narrow_weights(context, &block, scores);
    multiply_weights(context, &block, scores, values, result);
    for (ptrdiff_t row = 0; row < block.count; row++) {
        bool sees = block.seen[row].begin < block.seen[row].end;
        float *mixed = result + row * width;
        for (ptrdiff_t i = 0; i < size; i++) mixed[i] = sees ? mixed[i] / sums[row].sum : 0;
        write_block(call->output, query_place(context, block.first + row, block.key_head), size, mixed);
        if (call->log_sum_exp == NULL) continue;
        // float64, so that the C library's last bit does not show in float32.
        double logarithm = (double)sums[row].largest + log((double)sums[row].sum);
        call->log_sum_exp[sum_place(context, block.first + row, block.key_head)] = sees ? (float)logarithm : -INFINITY;
    }
}

// Bytes of a worker's memory: score matrices of a block, results, and packed rows.
INLINE size_t block_bytes(const attention_context *context, ptrdiff_t matrices) {
    ptrdiff_t stride = context->key_panels * TILE_COLUMNS, width = context->head_panels * TILE_COLUMNS;
    return (size_t)(QUERY_ROWS * (matrices * stride + width) + (QUERY_ROWS + TILE_ROWS) * 2 * (width + 1)) * 4;
}

static int attention(ckernels_engine *engine, const ckernels_attention_call *call) {
    for (ptrdiff_t example = 0; example < call->batch; example++) {
        attention_context context = context_of(engine, call, example);
        ptrdiff_t key_units = packed_units(context.keys, call->head_size, context.pairs) * call->key_heads;
        ptrdiff_t value_units = packed_units(call->head_size, context.keys, context.pairs) * call->key_heads;
        context.packed_keys = ckernels_shared_scratch(engine, (size_t)(key_units + value_units) * 4);
        if (context.packed_keys == NULL || !ckernels_reserve_workers(engine, block_bytes(&context, 1))) return -1;
        context.packed_values = context.packed_keys + key_units;
        ptrdiff_t panels = context.key_panels + context.head_panels;
        ckernels_pool_run(engine->pool, pack_attention, &context, call->key_heads * panels);
        ptrdiff_t blocks = (context.rows + QUERY_ROWS - 1) / QUERY_ROWS;
        ckernels_pool_run(engine->pool, attend_block, &context, call->key_heads * blocks);
    }
    return 0;
}
