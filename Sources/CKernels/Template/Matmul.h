// Products of matrices from tiles: the output is cut into tasks of some panels of columns by some rows.
//
// How it is cut decides the speed only: each sum is taken in order of depth, whatever its task.

// Units of depth for which a panel stays in the second-level cache.
#define DEPTH_STEP 1024
// Rows of one pass: bounds the packed left operand.
#define PASS_ROWS 1536
// Rows times panels of one task: the left operand is read once for all its panels. Few, so that their sums stay near,
// unless
// the left operand is larger than a third-level cache.
#define TASK_ROWS 4608
#define TASK_ROWS_FAR 36864
#define NEAR_BYTES (12 << 20)
#define MOST_PANELS 32

typedef struct {
    ckernels_engine *engine;
    const ckernels_matmul_call *call;
    const void *packed_b; // NULL: each task packs what it needs
    uint32_t *packed_a;       // NULL: used as it lies
    bool pairs;
    ptrdiff_t units, first_row, rows; // of this pass
    ptrdiff_t panels, groups, rows_per_task; // groups: tasks along the columns
    void *target; // of packing B
} matmul_context;

INLINE bool multiplies_pairs(const ckernels_matmul_call *call) {
    return HAS_PAIRS && call->a.type == CKERNELS_BFLOAT16 && call->b.type == CKERNELS_BFLOAT16;
}

INLINE packing_source columns_of_b(const ckernels_matmul_call *call, ptrdiff_t panel, ptrdiff_t depth) {
    ptrdiff_t origin = panel * TILE_COLUMNS * call->b_column + depth * call->b_depth;
    return (packing_source){call->b, origin, call->b_depth, call->b_column};
}

// Whether a packed panel keeps bfloat16, [depth][TILE_COLUMNS], to be widened where it is used: half the memory of
// units.
INLINE bool packs_narrow(const ckernels_matmul_call *call) {
    return !HAS_PAIRS && call->b.type == CKERNELS_BFLOAT16;
}

static size_t packed_size(const ckernels_matmul_call *call) {
    ptrdiff_t columns = (call->n + TILE_COLUMNS - 1) / TILE_COLUMNS * TILE_COLUMNS;
    if (packs_narrow(call)) return (size_t)(columns * call->k) * 2;
    return (size_t)(columns * units_of(call->k, multiplies_pairs(call))) * 4;
}

// Packs one panel in steps of `own`, and keeps the upper halves.
INLINE void pack_narrow_panel(const ckernels_matmul_call *call, ptrdiff_t panel, uint32_t *own, uint16_t *target) {
    ptrdiff_t count = smaller(TILE_COLUMNS, call->n - panel * TILE_COLUMNS);
    for (ptrdiff_t depth = 0; depth < call->k; depth += DEPTH_STEP) {
        ptrdiff_t step = smaller(DEPTH_STEP, call->k - depth);
        pack_panel(columns_of_b(call, panel, depth), step, count, TILE_COLUMNS, false, own);
        uint16_t *part = target + (panel * call->k + depth) * TILE_COLUMNS;
        for (ptrdiff_t i = 0; i < step * TILE_COLUMNS; i++) part[i] = (uint16_t)(own[i] >> 16);
    }
}

static void pack_b_panel(void *pointer, ptrdiff_t panel, int worker) {
    const matmul_context *context = pointer;
    const ckernels_matmul_call *call = context->call;
    if (packs_narrow(call)) {
        pack_narrow_panel(call, panel, context->engine->workers[worker].memory, context->target);
        return;
    }
    ptrdiff_t count = smaller(TILE_COLUMNS, call->n - panel * TILE_COLUMNS);
    pack_panel(columns_of_b(call, panel, 0), call->k, count, TILE_COLUMNS, context->pairs,
               (uint32_t *)context->target + panel * TILE_COLUMNS * context->units);
}

static int pack_b(ckernels_engine *engine, const ckernels_matmul_call *call, void *packed) {
    bool pairs = multiplies_pairs(call);
    matmul_context context = {
        .engine = engine, .call = call, .pairs = pairs, .units = units_of(call->k, pairs), .target = packed};
    if (!ckernels_reserve_workers(engine, DEPTH_STEP * TILE_COLUMNS * 4)) return -1;
    ckernels_pool_run(engine->pool, pack_b_panel, &context, (call->n + TILE_COLUMNS - 1) / TILE_COLUMNS);
    return 0;
}

static void pack_a_tile(void *pointer, ptrdiff_t tile, int worker) {
    (void)worker;
    const matmul_context *context = pointer;
    const ckernels_matmul_call *call = context->call;
    ptrdiff_t row = tile * TILE_ROWS, count = smaller(TILE_ROWS, context->rows - row);
    packing_source from = {call->a, (context->first_row + row) * call->a_row, call->a_depth, call->a_row};
    pack_panel(from, call->k, count, TILE_ROWS, context->pairs, context->packed_a + row * context->units);
}

// Whether a tile can read A where it lies.
INLINE bool reads_a_in_place(const ckernels_matmul_call *call, bool pairs) {
    if (call->m > TILE_ROWS) return false;
    if (!pairs) return call->a.type == CKERNELS_FLOAT32;
    bool whole_units = call->k % 2 == 0 && (call->m == 1 || call->a_row % 2 == 0);
    return call->a_depth == 1 && whole_units && (uintptr_t)call->a.data % 4 == 0;
}

INLINE tile_rows tile_of_a(const matmul_context *context, ptrdiff_t row, ptrdiff_t unit) {
    if (context->packed_a != NULL) {
        return (tile_rows){context->packed_a + row * context->units + unit * TILE_ROWS, 1, TILE_ROWS};
    }
    const ckernels_matmul_call *call = context->call;
    if (context->pairs) return (tile_rows){(const uint32_t *)call->a.data + unit, call->a_row / 2, 1};
    return (tile_rows){(const uint32_t *)call->a.data + unit * call->a_depth, call->a_row, call->a_depth};
}

// Scales, adds the bias and what was there, rounds, and stores one row of a panel.
INLINE void finish_row(
    const ckernels_matmul_call *call, ptrdiff_t row, ptrdiff_t column, ptrdiff_t count, const float *sums
) {
    float bias[TILE_COLUMNS], old[TILE_COLUMNS], result[TILE_COLUMNS];
    ptrdiff_t place = row * call->n + column;
    for (ptrdiff_t j = 0; j < count; j++) result[j] = call->alpha * sums[j];
    if (call->bias.data != NULL) {
        copy_block(call->bias, column, count, bias);
        for (ptrdiff_t j = 0; j < count; j++) result[j] += bias[j];
    }
    if (call->accumulate) {
        copy_block(call->output, place, count, old);
        for (ptrdiff_t j = 0; j < count; j++) result[j] += old[j];
    }
    write_block(call->output, place, count, result);
}

// The same for any number of columns.
static void finish_wide_row(
    const ckernels_matmul_call *call, ptrdiff_t row, ptrdiff_t column, ptrdiff_t count, const float *sums
) {
    for (ptrdiff_t at = 0; at < count; at += TILE_COLUMNS) {
        finish_row(call, row, column + at, smaller(TILE_COLUMNS, count - at), sums + at);
    }
}

// One panel's part of the right operand, `step` units from `unit` on: as packed before, or widened or packed now into
// `own`.
INLINE const uint32_t *panel_of_b(
    const matmul_context *context, ptrdiff_t panel, ptrdiff_t unit, ptrdiff_t step, uint32_t *own
) {
    const ckernels_matmul_call *call = context->call;
    ptrdiff_t place = (panel * context->units + unit) * TILE_COLUMNS;
    if (context->packed_b != NULL && packs_narrow(call)) {
        const uint16_t *bits = (const uint16_t *)context->packed_b + place;
        for (ptrdiff_t i = 0; i < step * TILE_COLUMNS; i++) own[i] = (uint32_t)bits[i] << 16;
        return own;
    }
    if (context->packed_b != NULL) return (const uint32_t *)context->packed_b + place;
    ptrdiff_t per_unit = context->pairs ? 2 : 1, depth = unit * per_unit;
    ptrdiff_t deep = smaller(step * per_unit, call->k - depth), count = smaller(TILE_COLUMNS, call->n - panel * TILE_COLUMNS);
    packing_source from = columns_of_b(call, panel, depth);
    if (call->quantized_b != NULL) {
        pack_nf4_panel(call->quantized_b, from, deep, count, TILE_COLUMNS, context->pairs, own);
    } else {
        pack_panel(from, deep, count, TILE_COLUMNS, context->pairs, own);
    }
    return own;
}

// A group of panels by `rows_per_task` rows; a panel's sums lie together.
static void multiply_task(void *pointer, ptrdiff_t index, int worker) {
    const matmul_context *context = pointer;
    ptrdiff_t group = index % context->groups, begin = index / context->groups * context->rows_per_task;
    ptrdiff_t end = smaller(begin + context->rows_per_task, context->rows);
    ptrdiff_t first = group * context->panels / context->groups, last = (group + 1) * context->panels / context->groups;
    uint32_t *own_panel = context->engine->workers[worker].memory;
    float *sums = (float *)own_panel + DEPTH_STEP * TILE_COLUMNS;
    ptrdiff_t panel_size = (end - begin) * TILE_COLUMNS;
    for (ptrdiff_t unit = 0; unit < larger(context->units, 1); unit += DEPTH_STEP) {
        ptrdiff_t step = smaller(DEPTH_STEP, context->units - unit);
        for (ptrdiff_t panel = first; panel < last; panel++) {
            const uint32_t *b = panel_of_b(context, panel, unit, step, own_panel);
            for (ptrdiff_t row = begin; row < end; row += TILE_ROWS) {
                run_tile(smaller(TILE_ROWS, end - row), context->pairs, step, tile_of_a(context, row, unit), b,
                         sums + (panel - first) * panel_size + (row - begin) * TILE_COLUMNS, TILE_COLUMNS, unit > 0);
            }
        }
    }
    for (ptrdiff_t panel = first; panel < last; panel++) {
        ptrdiff_t column = panel * TILE_COLUMNS, count = smaller(TILE_COLUMNS, context->call->n - column);
        for (ptrdiff_t row = begin; row < end; row++, sums += TILE_COLUMNS) {
            finish_row(context->call, context->first_row + row, column, count, sums);
        }
    }
}

// Cuts a pass so that each thread has some tasks of like size; returns how many there are.
INLINE ptrdiff_t cut_pass(matmul_context *context) {
    ptrdiff_t threads = context->engine->threads, panels = context->panels;
    bool near = context->rows * context->units * 4 <= NEAR_BYTES;
    ptrdiff_t wanted = (near ? 4 : 2) * threads, parts = (wanted + panels - 1) / panels;
    ptrdiff_t tiles = (context->rows + TILE_ROWS - 1) / TILE_ROWS;
    context->rows_per_task = (tiles + parts - 1) / parts * TILE_ROWS;
    ptrdiff_t most = larger(1, smaller((near ? TASK_ROWS : TASK_ROWS_FAR) / context->rows_per_task, MOST_PANELS));
    ptrdiff_t groups = larger((panels + most - 1) / most, wanted);
    context->groups = smaller(panels, (groups + threads - 1) / threads * threads);
    return (context->rows + context->rows_per_task - 1) / context->rows_per_task * context->groups;
}

static int matmul(ckernels_engine *engine, const ckernels_matmul_call *call, const void *packed) {
    bool pairs = multiplies_pairs(call), in_place = reads_a_in_place(call, pairs);
    matmul_context context = {
        .engine = engine, .call = call, .packed_b = packed, .pairs = pairs, .units = units_of(call->k, pairs),
        .panels = (call->n + TILE_COLUMNS - 1) / TILE_COLUMNS};
    size_t worker_bytes = (size_t)(DEPTH_STEP + TASK_ROWS_FAR + TILE_ROWS) * TILE_COLUMNS * 4;
    if (!ckernels_reserve_workers(engine, worker_bytes)) return -1;
    if (!in_place) {
        ptrdiff_t rows = smaller(call->m, PASS_ROWS) + TILE_ROWS;
        context.packed_a = ckernels_shared_scratch(engine, (size_t)(rows * larger(context.units, 1)) * 4);
        if (context.packed_a == NULL) return -1;
    }
    for (ptrdiff_t row = 0; row < call->m; row += PASS_ROWS) {
        context.first_row = row;
        context.rows = smaller(PASS_ROWS, call->m - row);
        ptrdiff_t tasks = cut_pass(&context);
        if (!in_place) {
            ckernels_pool_run(engine->pool, pack_a_tile, &context, (context.rows + TILE_ROWS - 1) / TILE_ROWS);
        }
        ckernels_pool_run(engine->pool, multiply_task, &context, tasks);
    }
    return 0;
}
