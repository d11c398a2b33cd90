#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct csystem_interrupt {
    atomic_int count;
};

/// Lock-free atomics are what a signal handler may touch.
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_POINTER_LOCK_FREE == 2, "signal handlers need lock-free atomics");

static _Atomic(csystem_interrupt *) csystem_on_sigint;
static atomic_bool csystem_resized;

csystem_interrupt *csystem_interrupt_make(void) { return calloc(1, sizeof(csystem_interrupt)); }

void csystem_interrupt_free(csystem_interrupt *interrupt) {
    csystem_interrupt *expected = interrupt;
    atomic_compare_exchange_strong(&csystem_on_sigint, &expected, NULL);
    free(interrupt);
}

int csystem_interrupt_count(const csystem_interrupt *interrupt) {
    return atomic_load_explicit(&((csystem_interrupt *)interrupt)->count, memory_order_relaxed);
}

void csystem_interrupt_raise(csystem_interrupt *interrupt) { atomic_fetch_add(&interrupt->count, 1); }

void csystem_interrupt_clear(csystem_interrupt *interrupt) { atomic_store(&interrupt->count, 0); }

static void csystem_handle_sigint(int signal) {
    (void)signal;
    csystem_interrupt *interrupt = atomic_load(&csystem_on_sigint);
    if (interrupt && atomic_fetch_add(&interrupt->count, 1) >= 2) _exit(130);
}

static void csystem_handle_sigwinch(int signal) {
    (void)signal;
    atomic_store(&csystem_resized, true);
}

static int csystem_set_handler(int signal, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    return sigaction(signal, &action, NULL) == 0 ? 0 : errno;
}

int csystem_interrupt_on_sigint(csystem_interrupt *interrupt) {
    atomic_store(&csystem_on_sigint, interrupt);
    return csystem_set_handler(SIGINT, csystem_handle_sigint);
}

int csystem_watch_resize(void) { return csystem_set_handler(SIGWINCH, csystem_handle_sigwinch); }

bool csystem_take_resize(void) { return atomic_exchange(&csystem_resized, false); }

int csystem_ignore_broken_pipe(void) { return csystem_set_handler(SIGPIPE, SIG_IGN); }
