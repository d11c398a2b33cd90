// Numeric kernels for CPUs: one source, compiled for several instruction sets, run by one pool of threads.
//
// Rules of every function here:
// - Memory belongs to the caller. Nothing is kept after a call, except by an engine until it is destroyed.
// - An engine is used by one thread at a time.
// - Results do not depend on the number of threads: work is cut by output, and a sum always has the same shape.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "CKernelsCalls.h"
#include "CKernelsLibraries.h"

// The instruction sets that kernels are compiled for, from least to most.
typedef enum {
    CKERNELS_PORTABLE = 0,
    CKERNELS_AVX2 = 1,
    CKERNELS_AVX512 = 2,
    CKERNELS_AVX512_BF16 = 3,
} ckernels_isa;

// Whether this machine has an instruction set.
bool ckernels_isa_present(ckernels_isa isa);

// The cores that this process may use: its affinity, bounded by the quota of its control group.
int ckernels_usable_cores(void);

// The product name of the processor, at most `capacity - 1` bytes, or an empty string.
void ckernels_processor_name(char *name, size_t capacity);

// Memory of `byte_count` bytes, aligned to 64 bytes, or NULL. Blocks of 2 MiB and more ask for huge pages.
void *ckernels_allocate(size_t byte_count);
// Gives back a block with the size it was asked for.
void ckernels_free(void *block, size_t byte_count);
// Lets the system drop the pages that lie wholly in a mapped file's range; they are read again when touched.
void ckernels_drop_mapped_pages(const void *start, size_t byte_count);

// Threads and an instruction set. NULL if memory or threads cannot be had.
typedef struct ckernels_engine ckernels_engine;
ckernels_engine *ckernels_engine_create(ckernels_isa isa, int threads);
void ckernels_engine_destroy(ckernels_engine *engine);
// The bytes of working memory that an engine keeps between calls.
size_t ckernels_engine_scratch_size(const ckernels_engine *engine);
// The bytes that could not be had when a call last returned -1.
size_t ckernels_engine_refused_size(const ckernels_engine *engine);

// Runs `kernel` over `count` items (elements, rows, columns or chunks, as its call struct says), cut into parts of
// `grain`.
void ckernels_run(ckernels_engine *engine, ckernels_kernel kernel, const void *call, ptrdiff_t count, ptrdiff_t grain);

// Products by our own kernels; `packed` is NULL or what `ckernels_pack` made of the same `b`, `n` and `k`.
// Returns 0, or -1 if scratch memory cannot be had.
int ckernels_matmul(ckernels_engine *engine, const ckernels_matmul_call *call, const void *packed);
// The bytes that a packed `b` takes.
size_t ckernels_packed_size(const ckernels_engine *engine, const ckernels_matmul_call *call);
int ckernels_pack(ckernels_engine *engine, const ckernels_matmul_call *call, void *packed);

// Attention of one call. Returns 0, or -1 if scratch memory cannot be had.
int ckernels_attention(ckernels_engine *engine, const ckernels_attention_call *call);
int ckernels_attention_backward(ckernels_engine *engine, const ckernels_attention_backward_call *call);
