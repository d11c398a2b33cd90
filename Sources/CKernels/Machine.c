#define _GNU_SOURCE
#include "include/CKernels.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE ((size_t)2 << 20)

bool ckernels_isa_present(ckernels_isa isa) {
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    switch (isa) {
    case CKERNELS_PORTABLE: return true;
    case CKERNELS_AVX2: return avx2;
    case CKERNELS_AVX512: return avx512;
    case CKERNELS_AVX512_BF16: return avx512 && __builtin_cpu_supports("avx512bf16");
    }
    return false;
}

// The whole cores of the control group's quota, or `limit` if there is none.
static int cores_of_quota(int limit) {
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
    if (file == NULL) return limit;
    long long quota = 0, period = 0;
    int fields = fscanf(file, "%lld %lld", &quota, &period);
    fclose(file);
    if (fields != 2 || quota <= 0 || period <= 0) return limit;
    long long cores = (quota + period - 1) / period;
    return cores < limit ? (int)cores : limit;
}

int ckernels_usable_cores(void) {
    cpu_set_t set;
    int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return cores_of_quota(cores);
}

void ckernels_processor_name(char *name, size_t capacity) {
    name[0] = 0;
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (file == NULL) return;
    char line[512];
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "model name", 10) != 0 || strchr(line, ':') == NULL) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(name, capacity, "%s", strchr(line, ':') + 2);
        break;
    }
    fclose(file);
}

// Large blocks come from mmap with a huge page to spare, of which the unaligned ends are given back.
static void *allocate_pages(size_t byte_count) {
    size_t rounded = (byte_count + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    char *pages = mmap(NULL, rounded + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return NULL;
    size_t head = (HUGE_PAGE - (uintptr_t)pages % HUGE_PAGE) % HUGE_PAGE;
    if (head > 0) munmap(pages, head);
    if (head < HUGE_PAGE) munmap(pages + head + rounded, HUGE_PAGE - head);
    madvise(pages + head, rounded, MADV_HUGEPAGE);
    return pages + head;
}

void *ckernels_allocate(size_t byte_count) {
    if (byte_count >= HUGE_PAGE) return allocate_pages(byte_count);
    void *block = NULL;
    return posix_memalign(&block, 64, byte_count == 0 ? 64 : byte_count) == 0 ? block : NULL;
}

void ckernels_free(void *block, size_t byte_count) {
    if (block == NULL) return;
    if (byte_count < HUGE_PAGE) {
        free(block);
        return;
    }
    munmap(block, (byte_count + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
}

void ckernels_drop_mapped_pages(const void *start, size_t byte_count) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)start + page - 1) / page * page, last = ((uintptr_t)start + byte_count) / page * page;
    if (last > first) madvise((void *)first, last - first, MADV_DONTNEED);
}
