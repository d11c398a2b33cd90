// libcuda: devices, memory with guards around it, one kind of stream, events, modules, launches.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <set>
#include <vector>

#include "CCUDAKernels.h"
#include "Host.h"

namespace {

enum { success = 0, invalid_value = 1, out_of_memory = 2, not_found = 500, invalid_handle = 400, launch_failed = 719, capture_broken = 900 };

struct Card {
    const char *name;
    const char *bus_address;
    int major, minor, shared_bytes;
    size_t byte_count;
    size_t allocated;
};

Card cards[] = {
    {"Emulated H100", "0000:01:00.0", 9, 0, 227 << 10, size_t(6) << 30, 0},
    {"Emulated T4", "0000:02:00.0", 7, 5, 64 << 10, size_t(96) << 20, 0},
    {"Emulated L4", "0000:03:00.0", 8, 9, 99 << 10, size_t(96) << 20, 0},
};
constexpr int card_count = sizeof cards / sizeof *cards;

struct Allocation {
    std::vector<unsigned char> bytes; // with a guard before and after
    size_t byte_count;
    int card;
};

constexpr size_t guard = 4096;
constexpr unsigned char guard_byte = 0xA5;

struct Graph {
    std::vector<std::function<void()>> work;
};

struct Stream {
    std::deque<std::function<void()>> work;
    int64_t given = 0, done = 0;
    Graph *captured = nullptr; // takes the work while it is recorded
};

struct Event {
    Stream *stream = nullptr;
    int64_t position = 0;
};

struct Function {
    std::string name;
    // What launches may ask for. Before it is set, 48 KiB with what the kernel has of its own, which is not known here.
    unsigned shared_bytes = 32 << 10;
};

struct Module {
    std::string program;
    std::map<std::string, Function> functions;
};

struct Machine {
    std::map<uint64_t, Allocation> allocations; // by the address that the program knows
    std::set<void *> pinned;
    std::set<Stream *> streams;
    std::set<Event *> events;
    std::set<Module *> modules;
    int64_t faults = 0;
    int64_t early_launches = 0;
    int sticky = success; // an error that later calls give too, as a broken context does
};

Machine &machine() {
    static Machine *value = new Machine; // never destroyed: streams may outlive `main`
    return *value;
}

thread_local int current_card = -1;

void run_until(Stream *stream, int64_t position) {
    while (stream->done < position && !stream->work.empty()) {
        std::function<void()> work = std::move(stream->work.front());
        stream->work.pop_front();
        stream->done++;
        work();
    }
}

// Waits as a device-wide call does.
void finish_all() {
    for (Stream *stream : machine().streams) run_until(stream, stream->given);
}

int status() { return machine().sticky; }

} // namespace

namespace emulator {

thread_local int64_t wait_count = 0;

std::map<std::string, void *> &symbols() {
    static std::map<std::string, void *> *table = new std::map<std::string, void *>;
    return *table;
}

std::recursive_mutex &machine_lock() {
    static std::recursive_mutex *lock = new std::recursive_mutex;
    return *lock;
}

void fault(const std::string &what) {
    machine().faults++;
    fprintf(stderr, "CUDA emulator: %s\n", what.c_str());
}

void enqueue(void *stream, std::function<void()> work) {
    Stream *queue = static_cast<Stream *>(stream);
    if (!machine().streams.count(queue)) return fault("work for a stream that is not one");
    if (queue->captured) return queue->captured->work.push_back(std::move(work));
    queue->work.push_back(std::move(work));
    queue->given++;
}

bool is_allocated(uint64_t address, size_t byte_count) {
    auto place = machine().allocations.upper_bound(address);
    if (place == machine().allocations.begin()) return false;
    --place;
    return address + byte_count <= place->first + place->second.byte_count;
}

} // namespace emulator

LIBRARY(cuInit, unsigned) { return success; }

LIBRARY(cuDriverGetVersion, int *version) { return *version = 12080, success; }

LIBRARY(brokenDriverVersion, int *version) { return *version = 11040, success; }

LIBRARY(cuGetErrorName, int number, const char **name) {
    *name = number == out_of_memory   ? "CUDA_ERROR_OUT_OF_MEMORY"
            : number == launch_failed ? "CUDA_ERROR_LAUNCH_FAILED"
            : number == not_found     ? "CUDA_ERROR_NOT_FOUND"
                                      : "CUDA_ERROR_INVALID_VALUE";
    return success;
}

LIBRARY(cuDeviceGetCount, int *count) { return *count = card_count, success; }

LIBRARY(brokenDeviceCount, int *count) { return *count = 0, success; }

LIBRARY(cuDeviceGet, int *device, int index) {
    if (index < 0 || index >= card_count) return 101;
    return *device = index, success;
}

LIBRARY(cuDeviceGetName, char *name, int size, int device) {
    return snprintf(name, static_cast<size_t>(size), "%s", cards[device].name), success;
}

LIBRARY(cuDeviceGetPCIBusId, char *name, int size, int device) {
    return snprintf(name, static_cast<size_t>(size), "%s", cards[device].bus_address), success;
}

LIBRARY(cuDeviceTotalMem_v2, size_t *bytes, int device) { return *bytes = cards[device].byte_count, success; }

LIBRARY(cuDeviceGetAttribute, int *value, int attribute, int device) {
    switch (attribute) {
    case 16: *value = 132; break;
    case 75: *value = cards[device].major; break;
    case 76: *value = cards[device].minor; break;
    case 97: *value = cards[device].shared_bytes; break;
    default: return invalid_value;
    }
    return success;
}

// Stands in for a card of the same kind with few processors, whose blocks have more to do.
LIBRARY(fewProcessors, int *value, int attribute, int device) {
    if (attribute != 16) return cuDeviceGetAttribute(value, attribute, device);
    return *value = 4, success;
}

LIBRARY(cuDevicePrimaryCtxRetain, void **context, int device) { return *context = &cards[device], success; }

LIBRARY(cuDevicePrimaryCtxRelease_v2, int) { return success; }

LIBRARY(cuCtxSetCurrent, void *context) {
    current_card = context ? static_cast<int>(static_cast<Card *>(context) - cards) : -1;
    return success;
}

LIBRARY(cuMemGetInfo_v2, size_t *free, size_t *total) {
    HOLD;
    *total = cards[current_card].byte_count;
    *free = *total - cards[current_card].allocated;
    return success;
}

LIBRARY(cuMemAlloc_v2, uint64_t *address, size_t byte_count) {
    HOLD;
    if (status() || current_card < 0) return status() ? status() : 201;
    Card &card = cards[current_card];
    if (byte_count == 0) return invalid_value;
    if (byte_count > card.byte_count - card.allocated) return out_of_memory;
    Allocation allocation;
    allocation.bytes.assign(byte_count + 2 * guard + 512, 0xFF); // NaN in every real type
    allocation.byte_count = byte_count;
    allocation.card = current_card;
    uint64_t start = reinterpret_cast<uint64_t>(allocation.bytes.data());
    // The guard takes what the alignment to 512 leaves.
    size_t shift = static_cast<size_t>((512 - (start + guard) % 512) % 512);
    memset(allocation.bytes.data(), guard_byte, guard + shift);
    memset(allocation.bytes.data() + guard + shift + byte_count, guard_byte, guard);
    card.allocated += byte_count;
    *address = start + guard + shift;
    machine().allocations.emplace(*address, std::move(allocation));
    return success;
}

LIBRARY(cuMemFree_v2, uint64_t address) {
    HOLD;
    finish_all(); // as the driver does
    auto place = machine().allocations.find(address);
    if (place == machine().allocations.end()) return emulator::fault("free of what is not allocated"), invalid_value;
    Allocation &allocation = place->second;
    const unsigned char *start = reinterpret_cast<const unsigned char *>(address);
    for (size_t i = 0; i < guard; i++) {
        if (start[-1 - static_cast<std::ptrdiff_t>(i)] == guard_byte && start[allocation.byte_count + i] == guard_byte)
            continue;
        emulator::fault("something wrote beside an allocation of " + std::to_string(allocation.byte_count) + " bytes");
        break;
    }
    cards[allocation.card].allocated -= allocation.byte_count;
    machine().allocations.erase(place);
    return success;
}

LIBRARY(cuMemHostAlloc, void **memory, size_t byte_count, unsigned) {
    HOLD;
    *memory = aligned_alloc(4096, (byte_count + 4095) / 4096 * 4096);
    machine().pinned.insert(*memory);
    return *memory ? success : out_of_memory;
}

LIBRARY(cuMemFreeHost, void *memory) {
    HOLD;
    finish_all();
    if (!machine().pinned.erase(memory)) return emulator::fault("free of host memory that is not pinned"), invalid_value;
    free(memory);
    return success;
}

LIBRARY(cuMemcpyHtoDAsync_v2, uint64_t target, const void *source, size_t byte_count, void *stream) {
    HOLD;
    if (status()) return status();
    if (!emulator::is_allocated(target, byte_count)) return emulator::fault("copy beyond an allocation"), invalid_value;
    // Read when the copy is done, whatever memory it is: stricter than the driver, which reads pageable memory at once.
    emulator::enqueue(stream, [=] { memcpy(reinterpret_cast<void *>(target), source, byte_count); });
    return success;
}

LIBRARY(cuMemcpyDtoHAsync_v2, void *target, uint64_t source, size_t byte_count, void *stream) {
    HOLD;
    if (status()) return status();
    if (!emulator::is_allocated(source, byte_count)) return emulator::fault("copy beyond an allocation"), invalid_value;
    emulator::wait_count++;
    emulator::enqueue(stream, [=] { memcpy(target, reinterpret_cast<const void *>(source), byte_count); });
    return success;
}

LIBRARY(cuStreamCreate, void **stream, unsigned) {
    HOLD;
    Stream *made = new Stream;
    machine().streams.insert(made);
    return *stream = made, success;
}

LIBRARY(cuStreamDestroy_v2, void *stream) {
    HOLD;
    Stream *known = static_cast<Stream *>(stream);
    if (!machine().streams.count(known)) return emulator::fault("destruction of a stream that is not one"), invalid_handle;
    run_until(known, known->given);
    machine().streams.erase(known);
    delete known;
    return success;
}

LIBRARY(cuStreamSynchronize, void *stream) {
    HOLD;
    Stream *known = static_cast<Stream *>(stream);
    if (!machine().streams.count(known)) return emulator::fault("wait for a stream that is not one"), invalid_handle;
    if (known->captured) return capture_broken;
    emulator::wait_count++;
    run_until(known, known->given);
    return status();
}

LIBRARY(cuStreamBeginCapture_v2, void *stream, int) {
    HOLD;
    Stream *known = static_cast<Stream *>(stream);
    if (!machine().streams.count(known) || known->captured) return invalid_handle;
    known->captured = new Graph;
    return status();
}

LIBRARY(cuStreamEndCapture, void *stream, void **graph) {
    HOLD;
    Stream *known = static_cast<Stream *>(stream);
    if (!machine().streams.count(known) || !known->captured) return invalid_handle;
    *graph = known->captured;
    known->captured = nullptr;
    return status();
}

LIBRARY(cuGraphInstantiateWithFlags, void **instance, void *graph, unsigned long long) {
    return *instance = new Graph(*static_cast<Graph *>(graph)), success;
}

LIBRARY(cuGraphDestroy, void *graph) { return delete static_cast<Graph *>(graph), success; }

LIBRARY(cuGraphExecDestroy, void *instance) {
    HOLD;
    finish_all();
    return delete static_cast<Graph *>(instance), success;
}

LIBRARY(cuGraphLaunch, void *instance, void *stream) {
    HOLD;
    if (status()) return status();
    for (const std::function<void()> &work : static_cast<Graph *>(instance)->work) emulator::enqueue(stream, work);
    return success;
}

LIBRARY(cuEventCreate, void **event, unsigned) {
    HOLD;
    Event *made = new Event;
    machine().events.insert(made);
    return *event = made, success;
}

LIBRARY(cuEventDestroy_v2, void *event) {
    HOLD;
    Event *known = static_cast<Event *>(event);
    if (!machine().events.erase(known)) return emulator::fault("destruction of an event that is not one"), invalid_handle;
    delete known;
    return success;
}

LIBRARY(cuEventRecord, void *event, void *stream) {
    HOLD;
    Event *known = static_cast<Event *>(event);
    known->stream = static_cast<Stream *>(stream);
    known->position = known->stream->given;
    return status();
}

LIBRARY(cuEventSynchronize, void *event) {
    HOLD;
    Event *known = static_cast<Event *>(event);
    if (known->stream && machine().streams.count(known->stream)) run_until(known->stream, known->position);
    return status();
}

LIBRARY(cuEventElapsedTime, float *milliseconds, void *, void *) { return *milliseconds = 50, success; }

LIBRARY(cuModuleLoadData, void **module, const void *image) {
    HOLD;
    // What the emulator's compiler makes: a word, the program's name, a zero byte.
    const char *text = static_cast<const char *>(image);
    if (strncmp(text, "EMULATED ", 9) != 0) return 200;
    Module *made = new Module{text + 9};
    machine().modules.insert(made);
    return *module = made, success;
}

LIBRARY(cuModuleUnload, void *module) {
    HOLD;
    finish_all();
    Module *known = static_cast<Module *>(module);
    if (!machine().modules.erase(known)) return emulator::fault("unloading of a module that is not one"), invalid_handle;
    delete known;
    return success;
}

LIBRARY(cuModuleGetFunction, void **function, void *module, const char *name) {
    HOLD;
    Module *known = static_cast<Module *>(module);
    if (!machine().modules.count(known)) return invalid_handle;
    if (!cudaemulator_has_kernel(name)) return not_found;
    return *function = &known->functions.try_emplace(name, Function{name}).first->second, success;
}

LIBRARY(cuFuncSetAttribute, void *function, int attribute, int value) {
    HOLD;
    if (attribute != 8 || value < 0 || value > cards[current_card].shared_bytes) return invalid_value;
    return static_cast<Function *>(function)->shared_bytes = static_cast<unsigned>(value), success;
}

LIBRARY(cuLaunchKernel, void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
        unsigned shared_bytes, void *stream, void **parameters, void **) {
    HOLD;
    if (status()) return status();
    if (gx == 0 || gy == 0 || gz == 0 || bx == 0 || by == 0 || bz == 0) return invalid_value;
    if (gx > 0x7fffffff || gy > 65535 || gz > 65535) return invalid_value;
    if (bx > 1024 || by > 1024 || bz > 64 || bx * by * bz > 1024) return invalid_value;
    if (shared_bytes > static_cast<Function *>(function)->shared_bytes) return invalid_value;
    const std::string name = static_cast<Function *>(function)->name;
    // Arguments are copied at once, as the driver does.
    const unsigned char *given = static_cast<const unsigned char *>(parameters[0]);
    std::vector<unsigned char> arguments(given, given + cudaemulator_argument_bytes(name.c_str()));
    emulator::enqueue(stream, [=] {
        // Aligned as the structs ask.
        std::vector<uint64_t> aligned((arguments.size() + 7) / 8);
        memcpy(aligned.data(), arguments.data(), arguments.size());
        cudaemulator_outcome outcome = cudaemulator_launch(
            name.c_str(), {gx, gy, gz}, {bx, by, bz}, shared_bytes, aligned.data());
        if (outcome == CUDAEMULATOR_DONE) return;
        emulator::fault("launch of " + name + " ended with " + std::to_string(outcome));
        machine().sticky = launch_failed;
    });
    return success;
}

LIBRARY(cuLaunchKernelEx, const ccudakernels_launch_configuration *launch, void *function, void **parameters,
        void **extra) {
    for (unsigned i = 0; i < launch->attribute_count; i++) {
        if (launch->attributes[i].kind != CCUDAKERNELS_STARTS_EARLY) return invalid_value;
        machine().early_launches += launch->attributes[i].allowed;
    }
    return cuLaunchKernel(
        function, launch->grid[0], launch->grid[1], launch->grid[2], launch->block[0], launch->block[1],
        launch->block[2], launch->shared_bytes, launch->stream, parameters, extra);
}

extern "C" int64_t cudaemulator_early_launch_count(void) {
    HOLD;
    return machine().early_launches;
}

extern "C" void *cudaemulator_symbol(const char *name) {
    auto place = emulator::symbols().find(name);
    return place == emulator::symbols().end() ? nullptr : place->second;
}

extern "C" int64_t cudaemulator_fault_count(void) {
    HOLD;
    return machine().faults;
}

extern "C" int64_t cudaemulator_allocated_bytes(int32_t device) {
    HOLD;
    return static_cast<int64_t>(cards[device].allocated);
}

extern "C" int64_t cudaemulator_wait_count(void) {
    HOLD;
    return emulator::wait_count;
}
