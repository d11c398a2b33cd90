// What the kernels of every instruction set share: an engine's pool and scratch memory, and the table of their entries.
#pragma once

#include "Pool.h"
#include "include/CKernels.h"

// A kernel over items [begin, end).
typedef void (*ckernels_body)(const void *call, ptrdiff_t begin, ptrdiff_t end);

// The entries of one instruction set.
typedef struct {
    ckernels_body bodies[CKERNELS_KERNEL_COUNT];
    int (*matmul)(ckernels_engine *engine, const ckernels_matmul_call *call, const void *packed);
    size_t (*packed_size)(const ckernels_matmul_call *call);
    int (*pack)(ckernels_engine *engine, const ckernels_matmul_call *call, void *packed);
    // Scales the sums of one row, adds bias and what was there, rounds and stores them: the end of a product by others.
    void (*finish_row)(
        const ckernels_matmul_call *call, ptrdiff_t row, ptrdiff_t column, ptrdiff_t count, const float *sums);
    int (*attention)(ckernels_engine *engine, const ckernels_attention_call *call);
    int (*attention_backward)(ckernels_engine *engine, const ckernels_attention_backward_call *call);
} ckernels_table;

extern const ckernels_table ckernels_portable_table, ckernels_avx2_table, ckernels_avx512_table,
    ckernels_avx512_bf16_table;

typedef struct {
    void *memory;
    size_t byte_count;
} ckernels_scratch;

struct ckernels_engine {
    ckernels_pool *pool;
    const ckernels_table *table;
    int threads;
    ckernels_scratch shared;   // of the call that runs
    ckernels_scratch *workers; // one for each thread
    size_t refused;            // the bytes that could not be had last
};

// The engine's memory for one call, at least `byte_count` bytes, or NULL. Its contents are undefined.
void *ckernels_shared_scratch(ckernels_engine *engine, size_t byte_count);
// Makes each worker's memory at least `byte_count` bytes; false if it cannot be had.
bool ckernels_reserve_workers(ckernels_engine *engine, size_t byte_count);
