#include "Engine.h"

#include <stdlib.h>

static const ckernels_table *table_of(ckernels_isa isa) {
    switch (isa) {
    case CKERNELS_AVX2: return &ckernels_avx2_table;
    case CKERNELS_AVX512: return &ckernels_avx512_table;
    case CKERNELS_AVX512_BF16: return &ckernels_avx512_bf16_table;
    default: return &ckernels_portable_table;
    }
}

ckernels_engine *ckernels_engine_create(ckernels_isa isa, int threads) {
    if (threads < 1 || !ckernels_isa_present(isa)) return NULL;
    ckernels_engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) return NULL;
    engine->table = table_of(isa);
    engine->threads = threads;
    engine->workers = calloc((size_t)threads, sizeof *engine->workers);
    engine->pool = ckernels_pool_create(threads);
    if (engine->workers != NULL && engine->pool != NULL) return engine;
    ckernels_engine_destroy(engine);
    return NULL;
}

void ckernels_engine_destroy(ckernels_engine *engine) {
    if (engine == NULL) return;
    ckernels_pool_destroy(engine->pool);
    for (int i = 0; engine->workers != NULL && i < engine->threads; i++) {
        ckernels_free(engine->workers[i].memory, engine->workers[i].byte_count);
    }
    ckernels_free(engine->shared.memory, engine->shared.byte_count);
    free(engine->workers);
    free(engine);
}

size_t ckernels_engine_scratch_size(const ckernels_engine *engine) {
    size_t size = engine->shared.byte_count;
    for (int i = 0; i < engine->threads; i++) size += engine->workers[i].byte_count;
    return size;
}

size_t ckernels_engine_refused_size(const ckernels_engine *engine) {
    return engine->refused;
}

static bool grow(ckernels_engine *engine, ckernels_scratch *scratch, size_t byte_count) {
    if (scratch->byte_count >= byte_count && scratch->memory != NULL) return true;
    ckernels_free(scratch->memory, scratch->byte_count);
    scratch->memory = ckernels_allocate(byte_count);
    scratch->byte_count = scratch->memory == NULL ? 0 : byte_count;
    if (scratch->memory == NULL) engine->refused = byte_count;
    return scratch->memory != NULL;
}

void *ckernels_shared_scratch(ckernels_engine *engine, size_t byte_count) {
    return grow(engine, &engine->shared, byte_count) ? engine->shared.memory : NULL;
}

bool ckernels_reserve_workers(ckernels_engine *engine, size_t byte_count) {
    for (int i = 0; i < engine->threads; i++) {
        if (!grow(engine, &engine->workers[i], byte_count)) return false;
    }
    return true;
}

typedef struct {
    ckernels_body body;
    const void *call;
    ptrdiff_t count, grain;
} part_context;

static void run_part(void *context, ptrdiff_t index, int worker) {
    (void)worker;
    const part_context *part = context;
    ptrdiff_t begin = index * part->grain, end = begin + part->grain;
    part->body(part->call, begin, end < part->count ? end : part->count);
}

void ckernels_run(ckernels_engine *engine, ckernels_kernel kernel, const void *call, ptrdiff_t count, ptrdiff_t grain) {
    part_context context = {engine->table->bodies[kernel], call, count, grain};
    ckernels_pool_run(engine->pool, run_part, &context, (count + grain - 1) / grain);
}

int ckernels_matmul(ckernels_engine *engine, const ckernels_matmul_call *call, const void *packed) {
    return engine->table->matmul(engine, call, packed);
}

size_t ckernels_packed_size(const ckernels_engine *engine, const ckernels_matmul_call *call) {
    return engine->table->packed_size(call);
}

int ckernels_pack(ckernels_engine *engine, const ckernels_matmul_call *call, void *packed) {
    return engine->table->pack(engine, call, packed);
}

int ckernels_attention(ckernels_engine *engine, const ckernels_attention_call *call) {
    return engine->table->attention(engine, call);
}

int ckernels_attention_backward(ckernels_engine *engine, const ckernels_attention_backward_call *call) {
    return engine->table->attention_backward(engine, call);
}
