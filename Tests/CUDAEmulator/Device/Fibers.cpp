#include "Fibers.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

// Saves the registers that calls must keep, and goes on where another fiber stopped.
extern "C" void cudaemulator_switch(void **saved_stack_pointer, void *stack_pointer);

#if defined(__x86_64__)
asm(R"(
.text
.globl cudaemulator_switch
.type cudaemulator_switch, @function
cudaemulator_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size cudaemulator_switch, . - cudaemulator_switch
)");
static const int saved_words = 7, return_word = 6;
#elif defined(__aarch64__)
asm(R"(
.text
.globl cudaemulator_switch
.type cudaemulator_switch, @function
cudaemulator_switch:
    sub sp, sp, #160
    stp x19, x20, [sp]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x2, sp
    str x2, [x0]
    mov sp, x1
    ldp x19, x20, [sp]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
.size cudaemulator_switch, . - cudaemulator_switch
)");
static const int saved_words = 20, return_word = 11;
#else
#error "fibers are written for x86-64 and arm64"
#endif

namespace emulator {

Running running;
NamedBarrier named_barriers[16];

namespace {

const uint32_t most_threads = 1024, lanes = 32;
const size_t stack_bytes = 64 << 10, guard_bytes = 256;
const unsigned char guard = 0xa5, unwritten = 0xff; // floats of the latter are NaN

struct Kernel {
    uint64_t argument_bytes;
    uint32_t threads;
    void (*run)(const void *);
};

std::map<std::string, Kernel> &registry() {
    static std::map<std::string, Kernel> kernels;
    return kernels;
}

std::unique_ptr<char[]> stacks;
Fiber fibers[most_threads];
Exchange exchanges[most_threads / lanes][2][lanes];
void *scheduler;
bool any_progress; // in this round over the warps of a block

void fiber_main() {
    running.kernel(running.arguments);
    wait_for(Waiting::forever);
    __builtin_trap(); // nobody resumes what waits for ever
}

void prepare(Fiber &fiber, uint32_t number) {
    const cudaemulator_shape &block = running.block;
    fiber.number = number;
    fiber.turn = 0;
    fiber.copies.clear();
    fiber.copy_group = 0;
    fiber.waiting = Waiting::nothing;
    fiber.index = {number % block.x, number / block.x % block.y, number / block.x / block.y};
    fiber.stack = stacks.get() + number * stack_bytes;
    auto top = reinterpret_cast<uintptr_t>(fiber.stack + stack_bytes) & ~uintptr_t(15);
    void **frame = reinterpret_cast<void **>(top) - saved_words - 1; // a call leaves the stack 8 off on x86-64
#if defined(__aarch64__)
    frame = reinterpret_cast<void **>(top) - saved_words;
#endif
    std::memset(frame, 0, saved_words * sizeof(void *));
    frame[return_word] = reinterpret_cast<void *>(fiber_main);
    fiber.stack_pointer = frame;
}

void resume(Fiber &fiber) {
    running.fiber = &fiber;
    cudaemulator_switch(&scheduler, fiber.stack_pointer);
}

// Runs one warp until none of its lanes can go on. False if lanes wait for different things.
bool run_warp(Fiber *first, uint32_t count) {
    for (;;) {
        uint32_t waiting[5] = {0};
        bool progress = false;
        for (uint32_t lane = 0; lane < count; lane++) {
            Fiber &fiber = first[lane];
            if (fiber.waiting == Waiting::nothing || fiber.waiting == Waiting::forOthers) {
                bool was_stuck = fiber.waiting == Waiting::forOthers;
                running.made_progress = false;
                fiber.waiting = Waiting::nothing;
                resume(fiber);
                progress = progress || !was_stuck || running.made_progress;
            }
            waiting[static_cast<int>(fiber.waiting)]++;
        }
        any_progress = any_progress || progress;
        uint32_t for_warp = waiting[static_cast<int>(Waiting::forWarp)];
        uint32_t for_others = waiting[static_cast<int>(Waiting::forOthers)];
        if (for_warp == count && count == lanes) {
            for (uint32_t lane = 0; lane < count; lane++) first[lane].waiting = Waiting::nothing;
        } else if (for_others == 0) {
            return for_warp == 0;
        } else if (!progress) {
            return true;
        }
    }
}

bool run_block(uint32_t threads, std::mt19937 &order) {
    for (uint32_t number = 0; number < threads; number++) prepare(fibers[number], number);
    std::memset(named_barriers, 0, sizeof named_barriers);
    std::vector<uint32_t> warps((threads + lanes - 1) / lanes);
    for (uint32_t i = 0; i < warps.size(); i++) warps[i] = i;
    for (;;) {
        any_progress = false;
        std::shuffle(warps.begin(), warps.end(), order);
        for (uint32_t warp : warps) {
            uint32_t first = warp * lanes;
            if (!run_warp(fibers + first, std::min(lanes, threads - first))) return false;
        }
        uint32_t at_barrier = 0, for_others = 0;
        for (uint32_t number = 0; number < threads; number++) {
            at_barrier += fibers[number].waiting == Waiting::forBlock;
            for_others += fibers[number].waiting == Waiting::forOthers;
        }
        if (for_others > 0) {
            if (!any_progress) return false; // they wait for each other
            continue;
        }
        if (at_barrier == 0) return true;
        if (at_barrier != threads) return false;
        for (uint32_t number = 0; number < threads; number++) fibers[number].waiting = Waiting::nothing;
    }
}

bool has_good_shape(const Kernel &kernel, cudaemulator_shape grid, cudaemulator_shape block) {
    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || block.x == 0 || block.y == 0 || block.z == 0) return false;
    if (grid.x > 0x7fffffff || grid.y > 65535 || grid.z > 65535) return false;
    if (block.x > most_threads || block.y > most_threads || block.z > 64) return false;
    return block.x * block.y * block.z <= kernel.threads;
}

} // namespace

void wait_for(Waiting waiting) {
    Fiber *fiber = running.fiber;
    fiber->waiting = waiting;
    cudaemulator_switch(&fiber->stack_pointer, scheduler);
}

Exchange &exchange_of(uint32_t lane) {
    return exchanges[running.fiber->number / lanes][running.fiber->turn % 2][lane];
}

Registration::Registration(const char *name, uint64_t argument_bytes, uint32_t threads, void (*kernel)(const void *)) {
    registry()[name] = {argument_bytes, threads, kernel};
}

} // namespace emulator

using namespace emulator;

bool cudaemulator_has_kernel(const char *name) {
    return registry().count(name) != 0;
}

int32_t cudaemulator_kernel_count(void) {
    return static_cast<int32_t>(registry().size());
}

const char *cudaemulator_kernel_name(int32_t index) {
    if (index < 0 || index >= cudaemulator_kernel_count()) return nullptr;
    return std::next(registry().begin(), index)->first.c_str();
}

uint64_t cudaemulator_argument_bytes(const char *name) {
    auto found = registry().find(name);
    return found == registry().end() ? 0 : found->second.argument_bytes;
}

cudaemulator_outcome cudaemulator_launch(
    const char *name, cudaemulator_shape grid, cudaemulator_shape block, uint32_t shared_bytes, const void *arguments
) {
    static std::mutex one_at_a_time;
    static std::mt19937 order(7);
    std::lock_guard<std::mutex> lock(one_at_a_time);
    auto found = registry().find(name);
    if (found == registry().end()) return CUDAEMULATOR_UNKNOWN_KERNEL;
    if (!has_good_shape(found->second, grid, block)) return CUDAEMULATOR_BAD_SHAPE;
    if (!stacks) stacks.reset(new char[most_threads * stack_bytes]);
    std::vector<unsigned char> shared(shared_bytes + guard_bytes + 16);
    unsigned char *start = shared.data() + (16 - reinterpret_cast<uintptr_t>(shared.data()) % 16) % 16;
    std::vector<uint64_t> blocks(uint64_t(grid.x) * grid.y * grid.z);
    for (uint64_t i = 0; i < blocks.size(); i++) blocks[i] = i;
    std::shuffle(blocks.begin(), blocks.end(), order);
    running = {nullptr, grid, block, {0, 0, 0}, start, found->second.run, arguments, false};
    std::memset(start + shared_bytes, guard, guard_bytes);
    for (uint64_t index : blocks) {
        running.block_index = {
            uint32_t(index % grid.x), uint32_t(index / grid.x % grid.y), uint32_t(index / grid.x / grid.y)};
        std::memset(start, unwritten, shared_bytes);
        if (!run_block(block.x * block.y * block.z, order)) return CUDAEMULATOR_DIVERGED;
        for (size_t i = 0; i < guard_bytes; i++) {
            if (start[shared_bytes + i] != guard) return CUDAEMULATOR_SHARED_OVERRUN;
        }
    }
    return CUDAEMULATOR_DONE;
}
