// What the parts of the host side share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "CUDAEmulatorDevice.h"
#include "CUDAEmulatorHost.h"

namespace emulator {

// Functions by name: each part adds its own before `main`.
std::map<std::string, void *> &symbols();

struct Symbol {
    Symbol(const char *name, void *address) { symbols()[name] = address; }
};

// Everything below is touched with this lock held.
std::recursive_mutex &machine_lock();

// Counts a mistake and says what it was.
void fault(const std::string &what);

// Gives work to the stream, to be done when somebody waits.
void enqueue(void *stream, std::function<void()> work);

// Whether `byte_count` bytes from `address` lie in one allocation.
bool is_allocated(uint64_t address, size_t byte_count);

extern thread_local int64_t wait_count;

} // namespace emulator

// Defines a function of a library, in the table under its name.
#define LIBRARY(name, ...)                                                                        \
    static int name(__VA_ARGS__);                                                                  \
    static const emulator::Symbol symbol_##name(#name, reinterpret_cast<void *>(&name));           \
    static int name(__VA_ARGS__)
#define HOLD const std::lock_guard<std::recursive_mutex> hold(emulator::machine_lock())
