// The threads of a block, as fibers.
#pragma once

#include <cstdint>
#include <vector>

#include "CUDAEmulatorDevice.h"

namespace emulator {

// Why a fiber does not run.
enum class Waiting { nothing, forWarp, forBlock, forOthers, forever };

// What lanes hand to each other; wide enough for the operands of one tensor core product.
struct Exchange {
    uint32_t words[6];
    uint64_t long_word;
};

// Sixteen bytes on their way to shared memory; zeros if `global` is null.
struct PendingCopy {
    void *shared;
    const void *global;
    int group;
};

struct Fiber {
    void *stack_pointer;
    char *stack;
    cudaemulator_shape index;
    uint32_t number, turn; // in the block; counts the warp's exchanges
    Waiting waiting;
    std::vector<PendingCopy> copies;
    int copy_group; // that new copies join
};

// What is running. One launch runs at a time, so plain globals do.
struct Running {
    Fiber *fiber;
    cudaemulator_shape grid, block, block_index;
    unsigned char *shared;
    void (*kernel)(const void *arguments);
    const void *arguments;
    bool made_progress; // whether a thread got past `wait_until` lately
};

extern Running running;

// Hands the processor on until all lanes of the warp, or all threads of the block, are here.
void wait_for(Waiting waiting);

// Hands the processor on until a condition holds, which other threads of the block bring about.
template <typename Holds> void wait_until(Holds holds) {
    while (!holds()) wait_for(Waiting::forOthers);
    running.made_progress = true;
}

// A barrier of a block, by its number: how many have arrived, and how often it was passed.
struct NamedBarrier {
    uint32_t arrived, passed;
};

extern NamedBarrier named_barriers[16];

// What lane `lane` of this warp put into its place at this turn. Two turns are kept, so that nobody overwrites what
// another has still to read.
Exchange &exchange_of(uint32_t lane);

// Adds a kernel to the registry.
struct Registration {
    Registration(const char *name, uint64_t argument_bytes, uint32_t threads, void (*kernel)(const void *));
};

} // namespace emulator
