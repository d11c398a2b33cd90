#include "Library.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>

// Extents of blocks: wide enough for a library's own tiles, small enough for some tasks at the models' shapes.
#define COLUMN_STEP 64
#define MOST_COLUMNS 2048
#define NARROW_COLUMNS 256
#define NARROW_ROWS 256

static ptrdiff_t at_most(ptrdiff_t value, ptrdiff_t limit) {
    return value < limit ? value : limit;
}

static library_cut cut_of(const ckernels_matmul_call *call) {
    ptrdiff_t columns = (call->n / 8 + COLUMN_STEP - 1) / COLUMN_STEP * COLUMN_STEP;
    columns = call->n <= NARROW_COLUMNS ? call->n : at_most(columns, MOST_COLUMNS);
    ptrdiff_t rows = call->n <= NARROW_COLUMNS ? at_most(call->m, NARROW_ROWS) : call->m;
    return (library_cut){rows, columns, (call->m + rows - 1) / rows, (call->n + columns - 1) / columns};
}

typedef struct {
    ckernels_engine *engine;
    ckernels_library *library;
    const ckernels_matmul_call *call;
    library_cut cut;
    char *packed;
    size_t packed_stride; // bytes of a whole block's packed columns
    _Atomic int status;   // the first that is not 0
} library_context;

static void keep_status(library_context *context, int status) {
    int none = 0;
    if (status != 0) atomic_compare_exchange_strong(&context->status, &none, status);
}

static void multiply_block(void *pointer, ptrdiff_t index, int worker) {
    library_context *context = pointer;
    const ckernels_matmul_call *call = context->call;
    ptrdiff_t across = index % context->cut.column_blocks, row = index / context->cut.column_blocks * context->cut.rows;
    ptrdiff_t column = across * context->cut.columns;
    float *sums = context->engine->workers[worker].memory;
    library_block block = {
        .call = call, .row = row, .rows = at_most(context->cut.rows, call->m - row), .column = column,
        .columns = at_most(context->cut.columns, call->n - column), .sums = sums,
        .scratch = (char *)sums + (size_t)(context->cut.rows * context->cut.columns + 16) / 16 * 64,
        .packed = context->packed == NULL ? NULL : context->packed + (size_t)across * context->packed_stride};
    keep_status(context, context->library->multiply(context->library, &block));
    for (ptrdiff_t i = 0; i < block.rows; i++) {
        context->engine->table->finish_row(call, row + i, column, block.columns, sums + i * block.columns);
    }
}

// Prepares the four kinds of block that a cut has: whole ones and those at the edges.
static int prepare_blocks(const library_context *context, size_t *scratch) {
    const ckernels_matmul_call *call = context->call;
    ptrdiff_t last_rows = call->m - (context->cut.row_blocks - 1) * context->cut.rows;
    ptrdiff_t last_columns = call->n - (context->cut.column_blocks - 1) * context->cut.columns;
    ptrdiff_t rows[] = {context->cut.rows, last_rows}, columns[] = {context->cut.columns, last_columns};
    for (int i = 0; i < 4; i++) {
        int status = context->library->prepare(
            context->library, call, rows[i / 2], columns[i % 2], context->packed != NULL, scratch);
        if (status != 0) return status;
    }
    return 0;
}

int ckernels_library_matmul(
    ckernels_engine *engine, ckernels_library *library, const ckernels_matmul_call *call, const void *packed
) {
    if (call->k == 0) return ckernels_matmul(engine, call, NULL);
    library_context context = {
        .engine = engine, .library = library, .call = call, .cut = cut_of(call), .packed = (char *)packed};
    if (packed != NULL) context.packed_stride = library->packed_columns_size(library, call, context.cut.columns);
    size_t scratch = 0, sums = (size_t)(context.cut.rows * context.cut.columns + 16) / 16 * 64;
    int status = prepare_blocks(&context, &scratch);
    if (status != 0) return status;
    if (!ckernels_reserve_workers(engine, sums + scratch)) return -1;
    ckernels_pool_run(engine->pool, multiply_block, &context, context.cut.row_blocks * context.cut.column_blocks);
    return context.status;
}

size_t ckernels_library_packed_size(ckernels_library *library, const ckernels_matmul_call *call) {
    if (library->packed_columns_size == NULL || call->k == 0) return 0;
    library_cut cut = cut_of(call);
    return (size_t)cut.column_blocks * library->packed_columns_size(library, call, cut.columns);
}

static void pack_block(void *pointer, ptrdiff_t across, int worker) {
    (void)worker;
    library_context *context = pointer;
    ptrdiff_t column = across * context->cut.columns;
    keep_status(context, context->library->pack_columns(
        context->library, context->call, column, at_most(context->cut.columns, context->call->n - column),
        context->packed + (size_t)across * context->packed_stride));
}

int ckernels_library_pack(
    ckernels_engine *engine, ckernels_library *library, const ckernels_matmul_call *call, void *packed
) {
    library_context context = {
        .engine = engine, .library = library, .call = call, .cut = cut_of(call), .packed = packed};
    context.packed_stride = library->packed_columns_size(library, call, context.cut.columns);
    ptrdiff_t last = call->n - (context.cut.column_blocks - 1) * context.cut.columns;
    if (context.packed_stride == 0 || library->packed_columns_size(library, call, last) == 0) return -1;
    ckernels_pool_run(engine->pool, pack_block, &context, context.cut.column_blocks);
    return context.status;
}

ckernels_library *ckernels_library_open(ckernels_library_kind kind, const char **reason) {
    ckernels_library *library = calloc(1, sizeof *library);
    *reason = "no memory";
    if (library == NULL) return NULL;
    const char *name = kind == CKERNELS_ONEDNN ? "libdnnl.so.2" : "libopenblas.so.0";
    library->handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library->handle == NULL) {
        *reason = dlerror();
    } else {
        *reason = kind == CKERNELS_ONEDNN ? ckernels_open_onednn(library) : ckernels_open_openblas(library);
        if (*reason == NULL) return library;
    }
    ckernels_library_close(library);
    return NULL;
}

void ckernels_library_close(ckernels_library *library) {
    if (library == NULL) return;
    if (library->close != NULL) library->close(library);
    // The code stays mapped: threads of the library may still be in it.
    free(library);
}
