// What a foreign library has to offer: products of blocks of fixed extent, by one thread each.
#pragma once

#include "Engine.h"

// One block of the output: rows [row, row + rows) and columns [column, column + columns), to dense float32 `sums`.
typedef struct {
    const ckernels_matmul_call *call;
    const void *packed; // the block's own packed columns, or NULL
    ptrdiff_t row, rows, column, columns;
    float *sums;
    void *scratch; // of the size that `prepare` asked for
} library_block;

// How a call is cut: by its shape alone, so that bits do not depend on threads.
typedef struct {
    ptrdiff_t rows, columns; // of a whole block
    ptrdiff_t row_blocks, column_blocks;
} library_cut;

struct ckernels_library {
    void *handle;
    void *state; // the library's own
    // Makes what blocks of `rows` x `columns` of a call need; adds to `*scratch` so that it suffices for any of them.
    int (*prepare)(
        ckernels_library *, const ckernels_matmul_call *, ptrdiff_t rows, ptrdiff_t columns, bool packed,
        size_t *scratch);
    int (*multiply)(ckernels_library *, const library_block *);
    // NULL if nothing is ever packed. Also makes what packing so many columns needs; 0 if it cannot.
    size_t (*packed_columns_size)(ckernels_library *, const ckernels_matmul_call *, ptrdiff_t columns);
    int (*pack_columns)(
        ckernels_library *, const ckernels_matmul_call *, ptrdiff_t column, ptrdiff_t columns, void *packed);
    void (*close)(ckernels_library *);
};

// Fill in `library`; return NULL or the reason why the library cannot be used.
const char *ckernels_open_onednn(ckernels_library *library);
const char *ckernels_open_openblas(ckernels_library *library);
