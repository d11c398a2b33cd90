// The emulator's version of Kernels/Device.cuh: the same names, in C++ for this processor.
#ifndef PALINOTE_DEVICE
#define PALINOTE_DEVICE

#include <cmath>
#include <cstdint>
#include <cstring>

#include "CCUDAKernelsArguments.h"
#include "Fibers.h"

#define __global__
#define __device__
#define __forceinline__ inline
#define __shared__ static
#define threadIdx (emulator::running.fiber->index)
#define blockIdx (emulator::running.block_index)
#define blockDim (emulator::running.block)
#define gridDim (emulator::running.grid)

// A kernel enters the registry before `main`.
#define KERNEL(name, arguments, ...) EMULATED_KERNEL(name, arguments, __VA_ARGS__, 1)
#define EARLY_KERNEL(name, arguments, ...) EMULATED_KERNEL(name, arguments, __VA_ARGS__, 1)
#define EMULATED_KERNEL(name, arguments, threads, ...)                                       \
    static void name(const arguments &p);                                                    \
    static const emulator::Registration registered_##name(                                   \
        #name, sizeof(arguments), threads, [](const void *given) {                           \
            name(*static_cast<const arguments *>(given));                                    \
        });                                                                                  \
    static void name(const arguments &p)

#define DYNAMIC_SHARED(name) unsigned char *name = emulator::running.shared
#define SWIZZLED_SHARED(name) unsigned char *name = emulator::running.shared

#define DEVICE [[maybe_unused]] static inline

#define INFINITE INFINITY

struct alignas(16) sixteen_bytes {
    uint32_t x, y, z, w;
};

struct alignas(16) float4 {
    float x, y, z, w;
};

struct alignas(8) float2 {
    float x, y;
};

// Launches follow one another.
DEVICE void wait_for_earlier() {}

DEVICE void let_next_start() {}

// ---- Types ----

#define HAS_BFLOAT16 1

DEVICE float float_of_bits(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
}

DEVICE uint32_t bits_of_float(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    return bits;
}

// As the hardware does: to nearest, ties to even, one NaN.
DEVICE uint16_t bfloat16_bits(float value) {
    uint32_t bits = bits_of_float(value);
    if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fff;
    return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

DEVICE uint32_t bfloat16_pair(float low, float high) {
    return bfloat16_bits(low) | static_cast<uint32_t>(bfloat16_bits(high)) << 16;
}

DEVICE float bfloat16_value(uint16_t bits) {
    return float_of_bits(static_cast<uint32_t>(bits) << 16);
}

DEVICE uint16_t float16_bits(float value) {
    uint32_t bits = bits_of_float(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return 0x7fff;
    if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);
    if (magnitude < 0x38800000) { // adding 0.5 leaves the subnormal's bits, rounded, at the low end
        return static_cast<uint16_t>(sign | (bits_of_float(float_of_bits(magnitude) + 0.5f) - 0x3f000000));
    }
    return static_cast<uint16_t>(sign | ((magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13));
}

DEVICE float float16_value(uint16_t bits) {
    uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16, magnitude = static_cast<uint32_t>(bits & 0x7fff) << 13;
    float value = float_of_bits(magnitude) * 0x1p112f;
    uint32_t result = (bits & 0x7c00) == 0x7c00 ? magnitude | 0x7f800000 : bits_of_float(value);
    return float_of_bits(sign | result);
}

DEVICE uint32_t float16_pair(float low, float high) {
    return float16_bits(low) | static_cast<uint32_t>(float16_bits(high)) << 16;
}

// ---- Mathematics ----

DEVICE float fast_power_of_two(float x) {
    return exp2f(x);
}

DEVICE float fast_reciprocal(float x) {
    return 1.0f / x;
}

DEVICE float fast_root(float x) {
    return sqrtf(x);
}

// ---- Warps and blocks ----

DEVICE void __syncthreads() {
    emulator::wait_for(emulator::Waiting::forBlock);
}

DEVICE bool __syncthreads_or(bool vote) {
    // Votes are cleared two barriers later, when everybody has read them.
    static uint32_t votes;
    if (emulator::running.fiber->number == 0) votes = 0;
    __syncthreads();
    votes += vote;
    __syncthreads();
    bool any = votes != 0;
    __syncthreads();
    return any;
}

// Puts something into this lane's place and waits for the other lanes; then theirs can be read until the turn after
// next.
template <typename Put> void exchange(Put put) {
    emulator::running.fiber->turn++;
    put(emulator::exchange_of(emulator::running.fiber->number % 32));
    emulator::wait_for(emulator::Waiting::forWarp);
}

template <typename A> A shuffle_xor(A value, int mask) {
    exchange([&](emulator::Exchange &mine) { std::memcpy(&mine.long_word, &value, sizeof value); });
    A other;
    std::memcpy(&other, &emulator::exchange_of((emulator::running.fiber->number % 32) ^ mask).long_word, sizeof other);
    return other;
}

DEVICE uint32_t ballot(bool vote) {
    exchange([&](emulator::Exchange &mine) { mine.words[0] = vote; });
    uint32_t votes = 0;
    for (uint32_t lane = 0; lane < 32; lane++) votes |= emulator::exchange_of(lane).words[0] << lane;
    return votes;
}

DEVICE int32_t bits_of(uint32_t word) {
    return __builtin_popcount(word);
}

// ---- Tensor cores ----

template <float (*widen)(uint16_t)>
void multiply_fragments(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    exchange([&](emulator::Exchange &mine) {
        std::memcpy(mine.words, a, sizeof a);
        mine.words[4] = b0;
        mine.words[5] = b1;
    });
    uint32_t lane = emulator::running.fiber->number % 32, group = lane / 4, column = lane % 4 * 2;
    for (uint32_t half = 0; half < 2; half++) {         // depth 0...7, then 8...15
        for (uint32_t quarter = 0; quarter < 4; quarter++) {
            const emulator::Exchange &rows = emulator::exchange_of(group * 4 + quarter);
            for (uint32_t j = 0; j < 2; j++) {
                uint32_t b = emulator::exchange_of((column + j) * 4 + quarter).words[4 + half];
                for (uint32_t i = 0; i < 2; i++) {
                    uint32_t pair = rows.words[2 * half + i];
                    c[2 * i + j] += widen(pair & 0xffff) * widen(b & 0xffff);
                    c[2 * i + j] += widen(pair >> 16) * widen(b >> 16);
                }
            }
        }
    }
}

DEVICE void mma_bfloat16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    multiply_fragments<bfloat16_value>(c, a, b0, b1);
}

DEVICE void mma_float16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    multiply_fragments<float16_value>(c, a, b0, b1);
}

DEVICE void load_matrices(uint32_t (&r)[4], const void *row) {
    exchange([&](emulator::Exchange &mine) { mine.long_word = reinterpret_cast<uint64_t>(row); });
    uint32_t lane = emulator::running.fiber->number % 32;
    for (uint32_t matrix = 0; matrix < 4; matrix++) {
        auto *from = reinterpret_cast<const uint32_t *>(emulator::exchange_of(matrix * 8 + lane / 4).long_word);
        std::memcpy(&r[matrix], from + lane % 4, 4);
    }
}

DEVICE void load_matrices_transposed(uint32_t (&r)[4], const void *row) {
    exchange([&](emulator::Exchange &mine) { mine.long_word = reinterpret_cast<uint64_t>(row); });
    uint32_t lane = emulator::running.fiber->number % 32;
    for (uint32_t matrix = 0; matrix < 4; matrix++) {
        uint16_t pair[2];
        for (uint32_t i = 0; i < 2; i++) {
            uint64_t address = emulator::exchange_of(matrix * 8 + lane % 4 * 2 + i).long_word;
            std::memcpy(&pair[i], reinterpret_cast<const uint16_t *>(address) + lane / 4, 2);
        }
        r[matrix] = pair[0] | static_cast<uint32_t>(pair[1]) << 16;
    }
}

DEVICE uint32_t transposed_matrix(uint32_t pair) {
    exchange([&](emulator::Exchange &mine) { mine.words[0] = pair; });
    uint32_t lane = emulator::running.fiber->number % 32, group = lane / 4, result = 0;
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t row = lane % 4 * 2 + i, word = emulator::exchange_of(row * 4 + group / 2).words[0];
        result |= (word >> group % 2 * 16 & 0xffff) << 16 * i;
    }
    return result;
}

// ---- Warpgroups ----

#define HAS_WARPGROUPS 1

DEVICE uint32_t swizzled(uint32_t offset) {
    return offset ^ (offset >> 7 & 7) << 4;
}

DEVICE void show_to_products() {}
DEVICE void begin_products() {}
DEVICE void commit_products() {}

// Products are made when they are asked for; a warp goes on when all its lanes have made theirs.
template <int pending> void wait_for_products() {
    exchange([](emulator::Exchange &) {});
}

template <int blocks> void receive(float (&)[blocks][4]) {}
template <int count> void give_back_registers() {}
template <int count> void take_registers() {}

// The place in shared memory, and the bytes between panels, both in sixteens.
DEVICE uint64_t described(const void *tile, uint32_t panel) {
    auto offset = static_cast<uint64_t>(static_cast<const unsigned char *>(tile) - emulator::running.shared);
    return offset / 16 | static_cast<uint64_t>(panel / 16) << 32;
}

DEVICE int32_t warpgroup() {
    return static_cast<int32_t>(emulator::running.fiber->number / 128);
}

DEVICE void arrive_at_named(int32_t number, uint32_t threads, bool waits) {
    emulator::NamedBarrier &barrier = emulator::named_barriers[number];
    uint32_t before = barrier.passed;
    if (++barrier.arrived == threads) barrier = {0, before + 1};
    if (waits) emulator::wait_until([&] { return barrier.passed != before; });
}

DEVICE void wait_for_turn(int32_t group) {
    arrive_at_named(1 + group, 256, true);
}

DEVICE void give_turn(int32_t group) {
    arrive_at_named(1 + group, 256, false);
}

DEVICE void join_warpgroups() {
    arrive_at_named(1, 256, true);
}

DEVICE void join_warpgroup(int32_t group) {
    arrive_at_named(3 + group, 128, true);
}

DEVICE void join_warpgroup_after(int32_t group, float) {
    join_warpgroup(group);
}

struct emulated_barrier {
    uint16_t expected, missing;
    uint32_t passed;
};
static_assert(sizeof(emulated_barrier) == sizeof(uint64_t), "it lies where the real one does");

DEVICE emulated_barrier &emulated(uint64_t *barrier) {
    return *reinterpret_cast<emulated_barrier *>(barrier);
}

DEVICE void make_barrier(uint64_t *barrier, uint32_t arrivals) {
    emulated(barrier) = {static_cast<uint16_t>(arrivals), static_cast<uint16_t>(arrivals), 0};
}

DEVICE void arrive_at(uint64_t *barrier) {
    emulated_barrier &own = emulated(barrier);
    if (--own.missing == 0) own = {own.expected, own.expected, own.passed + 1};
}

DEVICE void wait_at(uint64_t *barrier, uint32_t parity) {
    emulator::wait_until([&] { return (emulated(barrier).passed & 1) != parity; });
}

// 16 of depth. A lane computes its part from what lies in shared memory: of the left operand rows, of the right one rows
// or, where it is turned, columns.
template <float (*widen)(uint16_t)> float tile_value(uint64_t tile, uint32_t row, uint32_t column) {
    auto offset = static_cast<uint32_t>(tile) * 16 + row * 128 + column / 64 * static_cast<uint32_t>(tile >> 32) * 16;
    uint16_t bits;
    std::memcpy(&bits, emulator::running.shared + swizzled(offset + column % 64 * 2), 2);
    return widen(bits);
}

template <float (*widen)(uint16_t), bool turned, int blocks, typename LeftOf>
void multiply_warpgroup(float (&c)[blocks][4], LeftOf left_of, uint64_t right, bool adds) {
    uint32_t lane = emulator::running.fiber->number % 32;
    for (uint32_t i = 0; i < blocks * 4; i++) {
        uint32_t half = i % 4 / 2, column = i / 4 * 8 + lane % 4 * 2 + i % 2;
        float sum = adds ? c[i / 4][i % 4] : 0;
        for (uint32_t k = 0; k < 16; k++) {
            sum += left_of(half, k) * (turned ? tile_value<widen>(right, k, column) : tile_value<widen>(right, column, k));
        }
        c[i / 4][i % 4] = sum;
    }
}

template <float (*widen)(uint16_t), bool turned, int blocks>
void multiply_tiles(float (&c)[blocks][4], uint64_t left, uint64_t right, bool adds) {
    uint32_t first = emulator::running.fiber->number % 128 / 32 * 16 + emulator::running.fiber->number % 32 / 4;
    multiply_warpgroup<widen, turned>(
        c, [&](uint32_t half, uint32_t k) { return tile_value<widen>(left, first + half * 8, k); }, right, adds);
}

template <float (*widen)(uint16_t), bool columns, int blocks>
void multiply_held(float (&c)[blocks][4], const uint32_t (&a)[4], uint64_t right, bool adds) {
    exchange([&](emulator::Exchange &mine) { std::memcpy(mine.words, a, sizeof a); });
    float rows[2][16];
    for (uint32_t i = 0; i < 32; i++) {
        uint32_t half = i / 16, k = i % 16, quad = emulator::running.fiber->number % 32 / 4 * 4;
        uint32_t word = emulator::exchange_of(quad + k % 8 / 2).words[k / 8 * 2 + half];
        rows[half][k] = widen(static_cast<uint16_t>(word >> k % 2 * 16));
    }
    multiply_warpgroup<widen, columns>(c, [&](uint32_t half, uint32_t k) { return rows[half][k]; }, right, adds);
}

#define EMULATED_PRODUCTS(type, widen)                                                                               \
    template <int blocks> void product_##type(float (&c)[blocks][4], uint64_t left, uint64_t right, bool adds) {     \
        multiply_tiles<widen, false>(c, left, right, adds);                                                          \
    }                                                                                                                \
    template <int blocks>                                                                                            \
    void product_of_columns_##type(float (&c)[blocks][4], uint64_t left, uint64_t right, bool adds) {                \
        multiply_tiles<widen, true>(c, left, right, adds);                                                           \
    }                                                                                                                \
    template <int blocks> void product_##type(float (&c)[blocks][4], const uint32_t (&a)[4], uint64_t right) {       \
        multiply_held<widen, true>(c, a, right, true);                                                               \
    }                                                                                                                \
    template <int blocks>                                                                                            \
    void product_##type(float (&c)[blocks][4], const uint32_t (&a)[4], uint64_t right, bool adds) {                  \
        multiply_held<widen, false>(c, a, right, adds);                                                              \
    }
EMULATED_PRODUCTS(bfloat16, bfloat16_value)
EMULATED_PRODUCTS(float16, float16_value)

// ---- Copies to shared memory ----

// Copies arrive as late as they may, and leave NaN until then: a wait that is missing shows.
DEVICE void copy_sixteen(void *shared, const void *global, bool there) {
    emulator::Fiber *fiber = emulator::running.fiber;
    std::memset(shared, 0xff, 16);
    fiber->copies.push_back({shared, there ? global : nullptr, fiber->copy_group});
}

DEVICE void copy_sixteen_kept(void *shared, const void *global, bool there) {
    copy_sixteen(shared, global, there);
}

DEVICE void commit_copies() {
    emulator::running.fiber->copy_group++;
}

template <int pending> void wait_for_copies() {
    emulator::Fiber *fiber = emulator::running.fiber;
    size_t done = 0;
    for (; done < fiber->copies.size() && fiber->copies[done].group < fiber->copy_group - pending; done++) {
        const emulator::PendingCopy &copy = fiber->copies[done];
        if (copy.global != nullptr) std::memcpy(copy.shared, copy.global, 16);
        else std::memset(copy.shared, 0, 16);
    }
    fiber->copies.erase(fiber->copies.begin(), fiber->copies.begin() + static_cast<std::ptrdiff_t>(done));
}

DEVICE void arrive_with_copies(uint64_t *barrier) {
    commit_copies();
    wait_for_copies<0>();
    arrive_at(barrier);
}

// ---- Blocks that wait for none ----

DEVICE bool is_last_of(uint32_t *done, uint32_t count) {
    bool is_last = *done == count - 1;
    *done = is_last ? 0 : *done + 1;
    return is_last;
}

template <typename A> A read_fresh(const A *place) {
    return *place;
}

DEVICE void write_sixteen(void *place, sixteen_bytes bytes) {
    *static_cast<sixteen_bytes *>(place) = bytes;
}

DEVICE sixteen_bytes read_once(const void *place) {
    return *static_cast<const sixteen_bytes *>(place);
}

#endif
