#include "Pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

// How long an idle thread looks for work before it sleeps: longer than the serial gaps between kernels of a step.
#define SPIN_NANOSECONDS 1000000
#define PAUSES_PER_LOOK 32
#define SPINS_BEFORE_YIELD 2000

struct ckernels_pool {
    // The region's number in the high half, its unclaimed tasks in the low half: a claim names the region it belongs
    // to,
    // so a thread that comes late cannot touch the next one.
    _Alignas(64) _Atomic uint64_t unclaimed;
    _Alignas(64) _Atomic int64_t finished;
    _Alignas(64) _Atomic int sleepers;
    _Atomic bool stopping;
    ckernels_task task;
    void *context;
    int64_t count;
    int threads;
    int64_t spin_nanoseconds; // none where threads outnumber the cores
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    pthread_t *handles;
};

typedef struct {
    ckernels_pool *pool;
    int worker;
} worker_start;

static inline void pause_briefly(void) {
    __builtin_ia32_pause();
}

static int64_t now_in_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static bool has_work(ckernels_pool *pool) {
    return (uint32_t)atomic_load(&pool->unclaimed) != 0;
}

// Claims and runs tasks until none is left.
static void run_tasks(ckernels_pool *pool, int worker) {
    uint64_t state = atomic_load(&pool->unclaimed);
    while ((uint32_t)state != 0) {
        if (!atomic_compare_exchange_weak(&pool->unclaimed, &state, state - 1)) continue;
        // The claimed task holds the region open, so its fields stand still.
        pool->task(pool->context, (ptrdiff_t)(pool->count - (int64_t)(uint32_t)state), worker);
        atomic_fetch_add(&pool->finished, 1);
        state = atomic_load(&pool->unclaimed);
    }
}

// Waits for work: awake for a while, then asleep.
static void await_work(ckernels_pool *pool) {
    int64_t limit = now_in_nanoseconds() + pool->spin_nanoseconds;
    do {
        for (int i = 0; i < PAUSES_PER_LOOK; i++) {
            if (has_work(pool) || atomic_load(&pool->stopping)) return;
            pause_briefly();
        }
    } while (now_in_nanoseconds() < limit);
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (!has_work(pool) && !atomic_load(&pool->stopping)) pthread_cond_wait(&pool->wake, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
}

static void *worker_main(void *argument) {
    worker_start start = *(worker_start *)argument;
    free(argument);
    while (!atomic_load(&start.pool->stopping)) {
        await_work(start.pool);
        run_tasks(start.pool, start.worker);
    }
    return NULL;
}

static bool start_worker(ckernels_pool *pool, int worker) {
    worker_start *start = malloc(sizeof *start);
    if (start == NULL) return false;
    *start = (worker_start){pool, worker};
    if (pthread_create(&pool->handles[worker - 1], NULL, worker_main, start) == 0) return true;
    free(start);
    return false;
}

ckernels_pool *ckernels_pool_create(int threads) {
    ckernels_pool *pool = aligned_alloc(64, sizeof *pool);
    if (pool == NULL) return NULL;
    bool crowded = threads > sysconf(_SC_NPROCESSORS_ONLN);
    *pool = (ckernels_pool){.threads = 1, .spin_nanoseconds = crowded ? 0 : SPIN_NANOSECONDS};
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->handles = calloc((size_t)threads, sizeof(pthread_t));
    for (int worker = 1; pool->handles != NULL && worker < threads; worker++) {
        if (!start_worker(pool, worker)) break;
        pool->threads++;
    }
    if (pool->threads == threads && pool->handles != NULL) return pool;
    ckernels_pool_destroy(pool);
    return NULL;
}

void ckernels_pool_destroy(ckernels_pool *pool) {
    if (pool == NULL) return;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->stopping, true);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (int worker = 1; worker < pool->threads; worker++) pthread_join(pool->handles[worker - 1], NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->handles);
    free(pool);
}

int ckernels_pool_threads(const ckernels_pool *pool) {
    return pool->threads;
}

// Opens a region for the other threads.
static void open_region(ckernels_pool *pool, ckernels_task task, void *context, ptrdiff_t count) {
    pool->task = task;
    pool->context = context;
    pool->count = count;
    atomic_store(&pool->finished, 0);
    uint64_t region = (atomic_load(&pool->unclaimed) >> 32) + 1;
    atomic_store(&pool->unclaimed, region << 32 | (uint32_t)count);
    if (atomic_load(&pool->sleepers) == 0) return;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
}

void ckernels_pool_run(ckernels_pool *pool, ckernels_task task, void *context, ptrdiff_t count) {
    if (count <= 1 || pool->threads == 1) {
        for (ptrdiff_t i = 0; i < count; i++) task(context, i, 0);
        return;
    }
    open_region(pool, task, context, count);
    run_tasks(pool, 0);
    for (int spins = 0; atomic_load(&pool->finished) != count; spins++) {
        if (spins < SPINS_BEFORE_YIELD) pause_briefly(); else sched_yield();
    }
}
