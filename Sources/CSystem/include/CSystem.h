#pragma once

/// What Swift cannot ask of Linux without varargs, signal handlers or atomics: interrupts, terminals, memory; and digests.
/// Functions return 0 on success and an errno value otherwise, unless said otherwise; none prints or exits.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// A counter of interrupts that a signal handler may raise and any thread may read.
typedef struct csystem_interrupt csystem_interrupt;

/// Makes a counter at zero, or returns NULL without memory. The caller owns it; csystem_interrupt_free gives it back.
csystem_interrupt *csystem_interrupt_make(void);
/// Gives the counter back; if SIGINT raised it, SIGINT is ignored from then on.
void csystem_interrupt_free(csystem_interrupt *interrupt);
/// How many interrupts came since the last clear.
int csystem_interrupt_count(const csystem_interrupt *interrupt);
/// Counts one interrupt.
void csystem_interrupt_raise(csystem_interrupt *interrupt);
/// Sets the count to zero.
void csystem_interrupt_clear(csystem_interrupt *interrupt);
/// Lets SIGINT raise this counter, without restarting system calls; the third signal in a row ends the process with 130.
int csystem_interrupt_on_sigint(csystem_interrupt *interrupt);

/// Lets SIGWINCH be noted, without restarting system calls.
int csystem_watch_resize(void);
/// Whether the window was resized since the last call.
bool csystem_take_resize(void);
/// Lets writes to a closed pipe fail with EPIPE instead of ending the process.
int csystem_ignore_broken_pipe(void);

/// Columns of the terminal behind a descriptor, 0 when it is none or does not say.
int csystem_terminal_columns(int descriptor);
/// Rows of the terminal behind a descriptor, 0 when it is none or does not say.
int csystem_terminal_rows(int descriptor);
/// Opens a pseudo terminal of a size; both descriptors belong to the caller and are closed on exec.
int csystem_open_terminal(int columns, int rows, int *controller, int *terminal);
/// Changes a pseudo terminal's size; the programs in it get SIGWINCH.
int csystem_resize_terminal(int controller, int columns, int rows);
/// Starts a program whose standard streams and controlling terminal are the given terminal.
/// arguments and environment end in NULL; the process id belongs to the caller, who must wait for it.
int csystem_spawn_on_terminal(
    const char *path, char *const arguments[], char *const environment[], const char *folder, int terminal,
    pid_t *process);

/// Memory of this process and this machine, in bytes; a figure the kernel does not give is 0.
typedef struct {
    uint64_t resident;
    uint64_t peak_resident;
    uint64_t machine_total;
    uint64_t machine_available;
} csystem_memory;

/// Reads the memory figures.
int csystem_read_memory(csystem_memory *memory);
/// Seconds of processor time this process has used, user and system together.
double csystem_processor_seconds(void);
/// Processors this process may run on, at least 1.
int csystem_processor_count(void);
/// Seconds of a clock that never goes back.
double csystem_monotonic_seconds(void);
/// Seconds since 1970-01-01 UTC.
double csystem_wall_seconds(void);
/// The environment's entries, `NAME=value`, ending in NULL; they belong to the process.
char *const *csystem_environment(void);

/// SHA-256 of bytes that come in pieces (FIPS 180-4, section 6.2); here because a loop over bytes in Swift is many times
/// slower in builds without optimisation.
typedef struct {
    uint32_t state[8];
    uint8_t block[64];
    size_t filled;
    uint64_t total;
} csystem_sha256;

/// Begins a digest.
void csystem_sha256_begin(csystem_sha256 *h);
/// Adds bytes.
void csystem_sha256_add(csystem_sha256 *h, const uint8_t *bytes, size_t count);
/// Writes the 64 hexadecimal digits over everything added, and a NUL, to digits[65]; more can be added afterwards.
void csystem_sha256_end(const csystem_sha256 *h, char *digits);
