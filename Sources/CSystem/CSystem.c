#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/// Bytes of a line such as "VmRSS:     1234 kB", or 0 when the line has another label.
static uint64_t csystem_kilobytes_of(const char *line, const char *label) {
    size_t length = strlen(label);
    if (strncmp(line, label, length) != 0) return 0;
    return strtoull(line + length, NULL, 10) * 1024;
}

/// Reads two labelled figures out of a file below /proc.
static int csystem_read_labels(
    const char *path, const char *first_label, uint64_t *first, const char *second_label, uint64_t *second) {
    FILE *file = fopen(path, "re");
    if (!file) return errno;
    char line[256];
    while (fgets(line, sizeof line, file)) {
        uint64_t value = csystem_kilobytes_of(line, first_label);
        if (value) *first = value;
        value = csystem_kilobytes_of(line, second_label);
        if (value) *second = value;
    }
    fclose(file);
    return 0;
}

int csystem_read_memory(csystem_memory *memory) {
    memset(memory, 0, sizeof *memory);
    int status =
        csystem_read_labels("/proc/self/status", "VmRSS:", &memory->resident, "VmHWM:", &memory->peak_resident);
    if (status) return status;
    return csystem_read_labels(
        "/proc/meminfo", "MemTotal:", &memory->machine_total, "MemAvailable:", &memory->machine_available);
}

double csystem_processor_seconds(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + 1e-6 * (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

int csystem_processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}

static double csystem_seconds_of(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time) != 0) return 0;
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double csystem_monotonic_seconds(void) { return csystem_seconds_of(CLOCK_MONOTONIC); }

double csystem_wall_seconds(void) { return csystem_seconds_of(CLOCK_REALTIME); }

char *const *csystem_environment(void) { return environ; }
