// The device side of the emulator: the CUDA kernels, compiled for this processor, and launches of them.
//
// A launch runs all its threads before it returns. Threads of a block are fibers of the calling thread; blocks run one
// after another, in a shuffled order. Launches from several threads wait for each other.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// How a launch ended. Everything but the first is a mistake of the caller or of the kernel.
typedef enum {
    CUDAEMULATOR_DONE = 0,
    CUDAEMULATOR_UNKNOWN_KERNEL,
    // An empty grid, a grid or block beyond CUDA's limits, or a block beyond the kernel's launch bounds.
    CUDAEMULATOR_BAD_SHAPE,
    // Threads wait for others that went another way: lanes of a warp at different places, or some at no barrier.
    CUDAEMULATOR_DIVERGED,
    // Something was written beyond the dynamic shared memory that the launch asked for.
    CUDAEMULATOR_SHARED_OVERRUN,
} cudaemulator_outcome;

// Three sizes of a grid or a block.
typedef struct {
    uint32_t x, y, z;
} cudaemulator_shape;

// Whether there is a kernel of this name.
bool cudaemulator_has_kernel(const char *name);

// How many kernels there are, and their names, which live for ever.
int32_t cudaemulator_kernel_count(void);
const char *cudaemulator_kernel_name(int32_t index);

// The bytes of a kernel's arguments, or 0 for an unknown kernel.
uint64_t cudaemulator_argument_bytes(const char *name);

// Runs a kernel on arguments that lie at `arguments` for the time of the call.
cudaemulator_outcome cudaemulator_launch(
    const char *name, cudaemulator_shape grid, cudaemulator_shape block, uint32_t shared_bytes, const void *arguments);

#ifdef __cplusplus
}
#endif
