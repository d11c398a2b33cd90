// A fixed set of threads that run the tasks of one region at a time.
#pragma once

#include <stddef.h>

typedef struct ckernels_pool ckernels_pool;

// Runs task `index` of a region; `worker` is 0 for the caller and below the pool's thread count.
typedef void (*ckernels_task)(void *context, ptrdiff_t index, int worker);

// A pool of `threads` threads, the caller among them, or NULL.
ckernels_pool *ckernels_pool_create(int threads);
void ckernels_pool_destroy(ckernels_pool *pool);
int ckernels_pool_threads(const ckernels_pool *pool);

// Runs tasks 0..<count and returns when all are done.
void ckernels_pool_run(ckernels_pool *pool, ckernels_task task, void *context, ptrdiff_t count);
