// What kernels need of the hardware and C++ does not say: the only file with inline PTX.
//
// The emulator of the tests puts its own version of these functions in place, by defining PALINOTE_DEVICE first.
#ifndef PALINOTE_DEVICE
#define PALINOTE_DEVICE

#include "CCUDAKernelsArguments.h"

// A kernel of at most `threads` threads a block, of which a number may follow that a processor has to have room for; its
// arguments are `p`. It may have started before the one in front of it was done, and waits for that first.
#define KERNEL(name, arguments, ...) WAITING_KERNEL(name, arguments, __VA_ARGS__)
#define WAITING_KERNEL(name, arguments, ...)                                \
    static __device__ __forceinline__ void name##_body(const arguments &p); \
    EARLY_KERNEL(name, arguments, __VA_ARGS__) {                            \
        wait_for_earlier();                                                 \
        name##_body(p);                                                     \
    }                                                                       \
    static __device__ __forceinline__ void name##_body(const arguments &p)

// A kernel that calls `wait_for_earlier` itself, in every thread; before, it reads what no kernel in front of it writes,
// and writes nothing.
#define EARLY_KERNEL(name, arguments, ...) \
    extern "C" __global__ void __launch_bounds__(__VA_ARGS__) name(const __grid_constant__ arguments p)

// The memory that a launch asks for, aligned for 16-byte accesses.
#define DYNAMIC_SHARED(name) extern __shared__ __align__(16) unsigned char name[]

// The same, aligned for swizzled tiles.
#define SWIZZLED_SHARED(name) extern __shared__ __align__(1024) unsigned char name[]

#define DEVICE static __device__ __forceinline__

#define INFINITE __int_as_float(0x7f800000)

// Sixteen bytes, moved at once.
typedef uint4 sixteen_bytes;

// ---- Order of launches ----
//
// A kernel that the host launched to overlap with the one in front of it starts when all blocks of that one have called
// `let_next_start` or ended. Called after `wait_for_earlier`, this keeps all but those two kernels apart: whatever is
// older is done, and its writes are seen.

// Waits until everything in front of this kernel is done and its writes are seen.
DEVICE void wait_for_earlier() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

DEVICE void let_next_start() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

// ---- Types ----

#if __CUDA_ARCH__ >= 800
#define HAS_BFLOAT16 1

DEVICE uint16_t bfloat16_bits(float value) {
    uint16_t bits;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}

DEVICE uint32_t bfloat16_pair(float low, float high) {
    uint32_t bits;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
    return bits;
}
#else
#define HAS_BFLOAT16 0
#endif

DEVICE float bfloat16_value(uint16_t bits) {
    return __uint_as_float((uint32_t)bits << 16);
}

DEVICE uint16_t float16_bits(float value) {
    uint16_t bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}

DEVICE float float16_value(uint16_t bits) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
}

DEVICE uint32_t float16_pair(float low, float high) {
    return float16_bits(low) | (uint32_t)float16_bits(high) << 16;
}

DEVICE float float_of_bits(uint32_t bits) {
    return __uint_as_float(bits);
}

// ---- Mathematics ----

// 2 to the x, with an error of about 2 units in the last place; 0 for minus infinity.
DEVICE float fast_power_of_two(float x) {
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

// 1 / x, with an error of about 1 unit in the last place.
DEVICE float fast_reciprocal(float x) {
    float result;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

// The square root, with an error of about 1 unit in the last place; 0 below the normal numbers.
DEVICE float fast_root(float x) {
    float result;
    asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

// ---- Warps ----

// The value of the lane whose number differs by `mask`; of lane `lane`. All 32 lanes take part.
DEVICE float shuffle_xor(float value, int mask) {
    return __shfl_xor_sync(0xffffffffu, value, mask);
}

DEVICE double shuffle_xor(double value, int mask) {
    return __shfl_xor_sync(0xffffffffu, value, mask);
}

DEVICE int32_t shuffle_xor(int32_t value, int mask) {
    return __shfl_xor_sync(0xffffffffu, value, mask);
}

// A bit for each lane: whether its `vote` holds.
DEVICE uint32_t ballot(bool vote) {
    return __ballot_sync(0xffffffffu, vote);
}

// How many bits are set.
DEVICE int32_t bits_of(uint32_t word) {
    return __popc(word);
}

// ---- Tensor cores ----
//
// c += a b, with a [16, 16], b [16, 8] and c [16, 8] spread over the warp. With g = lane / 4 and t = lane % 4, a lane
// holds
// - of a: rows g, g + 8, g, g + 8 in a[0...3]; columns 2t and 2t + 1 in the first two, 8 more in the others,
// - of b: column g; rows 2t, 2t + 1 in b0, 8 more in b1,
// - of c: row g in c[0], c[1], row g + 8 in c[2], c[3]; columns 2t and 2t + 1.

#if HAS_BFLOAT16
DEVICE void mma_bfloat16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
#endif

DEVICE void mma_float16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
#if __CUDA_ARCH__ >= 800
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else
    // sm_75 takes half the depth.
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(b0));
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[2]), "r"(a[3]), "r"(b1));
#endif
}

DEVICE uint32_t shared_address(const void *place) {
    return (uint32_t)__cvta_generic_to_shared(place);
}

// Four matrices of 8 rows of 16 bytes: lane `i` names row `i % 8` of matrix `i / 8`, in shared memory. Of matrix `m`, a
// lane gets elements 2t and 2t + 1 of row g in r[m]; transposed, element g of rows 2t and 2t + 1.
DEVICE void load_matrices(uint32_t (&r)[4], const void *row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

DEVICE void load_matrices_transposed(uint32_t (&r)[4], const void *row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

// A matrix of 8 rows of 16 bytes over the warp, of which a lane holds elements 2t and 2t + 1 of row g, transposed: the
// lane gets element g of rows 2t and 2t + 1.
DEVICE uint32_t transposed_matrix(uint32_t pair) {
    uint32_t result;
    asm("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(result) : "r"(pair));
    return result;
}

// ---- Warpgroups ----
//
// Products that four warps compute together, 64 rows of them, with operands that the tensor cores read from shared
// memory themselves. A lane's part of `c` is that of its warp's 16 rows, in blocks of 8 columns, as with `mma` above; so are
// rows that registers hold.
//
// Tiles are swizzled: rows of 64 elements, 128 bytes, whose pieces of 16 bytes change places, so that neither rows nor
// columns meet in one bank. The place of a piece depends on its address, whose origin is at a multiple of 1024.
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define HAS_WARPGROUPS 1

// Where the piece of 16 bytes that belongs to an offset lies.
DEVICE uint32_t swizzled(uint32_t offset) {
    return offset ^ (offset >> 7 & 7) << 4;
}

// What ordinary writes and copies put into shared memory is seen by the products that follow: after a barrier, if others
// wrote it, or before one that they wait at.
DEVICE void show_to_products() {
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

// Before the first of some products; after the last; until all but the last `pending` groups are done.
DEVICE void begin_products() {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

DEVICE void commit_products() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

template <int pending> DEVICE void wait_for_products() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(pending) : "memory");
}

// A barrier for the warpgroup behind what `ready`, a sum of exponentials, is made from. The compiler else moves the
// wait for products in front of sums that need none of them; it does not know that these are not negative.
DEVICE void join_warpgroup_after(int32_t group, float ready) {
    asm volatile("bar.sync %0, 128;" ::"r"(3 + group + (ready < 0)) : "memory");
}

// Keeps accesses to results behind the wait above.
template <int blocks> DEVICE void receive(float (&c)[blocks][4]) {
#pragma unroll
    for (int i = 0; i < blocks * 4; i++) asm volatile("" : "+f"(c[i / 4][i % 4])::"memory");
}

// What the tensor cores are told of a swizzled tile: groups of 8 rows follow each other after 1024 bytes, and where
// columns go on behind 64, they do so `panel` bytes further. An offset in bytes, over 16, may be added.
DEVICE uint64_t described(const void *tile, uint32_t panel) {
    return (uint64_t)1 << 62 | (uint64_t)(1024 / 16) << 32 | (uint64_t)(panel / 16) << 16 |
           (shared_address(tile) & 0x3ffff) / 16;
}

// Which warpgroup of its block a thread belongs to, in a way that lets the compiler know that warps agree.
DEVICE int32_t warpgroup() {
    return __shfl_sync(0xffffffffu, threadIdx.x / 128, 0);
}

// The registers that each thread of this warpgroup may use from here on: fewer than before, or more, once others have
// given theirs back.
template <int count> DEVICE void give_back_registers() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(count));
}

template <int count> DEVICE void take_registers() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(count));
}

// Two warpgroups take turns: each waits for its own, and gives the other its.
DEVICE void wait_for_turn(int32_t group) {
    asm volatile("bar.sync %0, 256;" ::"r"(1 + group) : "memory");
}

DEVICE void give_turn(int32_t group) {
    asm volatile("bar.arrive %0, 256;" ::"r"(1 + group) : "memory");
}

// A barrier for the four warps of one of two warpgroups.
DEVICE void join_warpgroup(int32_t group) {
    asm volatile("bar.sync %0, 128;" ::"r"(3 + group) : "memory");
}

// The same for both.
DEVICE void join_warpgroups() {
    asm volatile("bar.sync 1, 256;" ::: "memory");
}

// Barriers in shared memory, of a number of arrivals each. Their phases have the parities 0, 1, 0 and so on; a wait for
// parity 1 passes before the first phase is over.
DEVICE void make_barrier(uint64_t *barrier, uint32_t arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals) : "memory");
}

DEVICE void arrive_at(uint64_t *barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}

// Arrives when all copies that this thread asked for so far are there.
DEVICE void arrive_with_copies(uint64_t *barrier) {
    asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(shared_address(barrier)) : "memory");
}

DEVICE void wait_at(uint64_t *barrier, uint32_t parity) {
    asm volatile("{ .reg .pred done; "
                 "again_%=: mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1; "
                 "@!done bra again_%=; }" ::"r"(shared_address(barrier)),
                 "r"(parity)
                 : "memory");
}

#define FOUR_OF(c) "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])

// c = or += `left` [64, 16] times `right` [64, 16] turned, of two tiles as they are described.
#define PRODUCT_OF_ROWS(name, type)                                                                                \
    DEVICE void name(float (&c)[8][4], uint64_t left, uint64_t right, bool adds) {                                 \
        asm volatile("{ .reg .pred adds; setp.ne.b32 adds, %34, 0; "                                               \
                     "wgmma.mma_async.sync.aligned.m64n64k16.f32." type "." type " "                               \
                     "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, "                               \
                     "%14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, "                      \
                     "%28, %29, %30, %31}, "                                                                       \
                     "%32, %33, adds, 1, 1, 0, 0; }"                                                               \
                     : FOUR_OF(c[0]), FOUR_OF(c[1]), FOUR_OF(c[2]), FOUR_OF(c[3]), FOUR_OF(c[4]), FOUR_OF(c[5]),   \
                       FOUR_OF(c[6]), FOUR_OF(c[7])                                                                \
                     : "l"(left), "l"(right), "r"((int32_t)adds)                                                   \
                     : "memory");                                                                                  \
    }
PRODUCT_OF_ROWS(product_bfloat16, "bf16")
PRODUCT_OF_ROWS(product_float16, "f16")

// The same with `right` [32, 16].
#define PRODUCT_OF_FEW_ROWS(name, type)                                                                            \
    DEVICE void name(float (&c)[4][4], uint64_t left, uint64_t right, bool adds) {                                 \
        asm volatile("{ .reg .pred adds; setp.ne.b32 adds, %18, 0; "                                               \
                     "wgmma.mma_async.sync.aligned.m64n32k16.f32." type "." type " "                               \
                     "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, "                               \
                     "%14, %15}, "                                                                                 \
                     "%16, %17, adds, 1, 1, 0, 0; }"                                                               \
                     : FOUR_OF(c[0]), FOUR_OF(c[1]), FOUR_OF(c[2]), FOUR_OF(c[3])                                  \
                     : "l"(left), "l"(right), "r"((int32_t)adds)                                                   \
                     : "memory");                                                                                  \
    }
PRODUCT_OF_FEW_ROWS(product_bfloat16, "bf16")
PRODUCT_OF_FEW_ROWS(product_float16, "f16")

// c = or += `left` [64, 16] times `right` [16, 128], in panels.
#define PRODUCT_OF_COLUMNS(name, type)                                                                             \
    DEVICE void name(float (&c)[16][4], uint64_t left, uint64_t right, bool adds) {                                \
        asm volatile("{ .reg .pred adds; setp.ne.b32 adds, %66, 0; "                                               \
                     "wgmma.mma_async.sync.aligned.m64n128k16.f32." type "." type " "                              \
                     "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, "                               \
                     "%14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, "                      \
                     "%28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, "                      \
                     "%42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, "                      \
                     "%56, %57, %58, %59, %60, %61, %62, %63}, "                                                   \
                     "%64, %65, adds, 1, 1, 0, 1; }"                                                               \
                     : FOUR_OF(c[0]), FOUR_OF(c[1]), FOUR_OF(c[2]), FOUR_OF(c[3]), FOUR_OF(c[4]), FOUR_OF(c[5]),   \
                       FOUR_OF(c[6]), FOUR_OF(c[7]), FOUR_OF(c[8]), FOUR_OF(c[9]), FOUR_OF(c[10]), FOUR_OF(c[11]), \
                       FOUR_OF(c[12]), FOUR_OF(c[13]), FOUR_OF(c[14]), FOUR_OF(c[15])                              \
                     : "l"(left), "l"(right), "r"((int32_t)adds)                                                   \
                     : "memory");                                                                                  \
    }
PRODUCT_OF_COLUMNS(product_of_columns_bfloat16, "bf16")
PRODUCT_OF_COLUMNS(product_of_columns_float16, "f16")

// c = or += `a` [64, 16], which registers hold, times `right` [128, 16], in panels.
#define PRODUCT_WITH_ROWS(name, type)                                                                              \
    DEVICE void name(float (&c)[16][4], const uint32_t (&a)[4], uint64_t right, bool adds) {                       \
        asm volatile("{ .reg .pred adds; setp.ne.b32 adds, %69, 0; "                                               \
                     "wgmma.mma_async.sync.aligned.m64n128k16.f32." type "." type " "                              \
                     "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, "                               \
                     "%14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, "                      \
                     "%28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, "                      \
                     "%42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, "                      \
                     "%56, %57, %58, %59, %60, %61, %62, %63}, "                                                   \
                     "{%64, %65, %66, %67}, %68, adds, 1, 1, 0; }"                                                 \
                     : FOUR_OF(c[0]), FOUR_OF(c[1]), FOUR_OF(c[2]), FOUR_OF(c[3]), FOUR_OF(c[4]), FOUR_OF(c[5]),   \
                       FOUR_OF(c[6]), FOUR_OF(c[7]), FOUR_OF(c[8]), FOUR_OF(c[9]), FOUR_OF(c[10]), FOUR_OF(c[11]), \
                       FOUR_OF(c[12]), FOUR_OF(c[13]), FOUR_OF(c[14]), FOUR_OF(c[15])                              \
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(right), "r"((int32_t)adds)                  \
                     : "memory");                                                                                  \
    }
PRODUCT_WITH_ROWS(product_bfloat16, "bf16")
PRODUCT_WITH_ROWS(product_float16, "f16")

// c += `a` [64, 16], which registers hold, times `right` [16, 256], in panels.
#define PRODUCT_WITH_COLUMNS(name, type)                                                                           \
    DEVICE void name(float (&c)[32][4], const uint32_t (&a)[4], uint64_t right) {                                  \
        asm volatile("{ .reg .pred adds; setp.ne.b32 adds, 1, 0; "                                                 \
                     "wgmma.mma_async.sync.aligned.m64n256k16.f32." type "." type " "                              \
                     "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, "                               \
                     "%14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, "                      \
                     "%28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, "                      \
                     "%42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, "                      \
                     "%56, %57, %58, %59, %60, %61, %62, %63, %64, %65, %66, %67, %68, %69, "                      \
                     "%70, %71, %72, %73, %74, %75, %76, %77, %78, %79, %80, %81, %82, %83, "                      \
                     "%84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, %96, %97, "                      \
                     "%98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "          \
                     "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, "        \
                     "%126, %127}, "                                                                               \
                     "{%128, %129, %130, %131}, %132, adds, 1, 1, 1; }"                                            \
                     : FOUR_OF(c[0]), FOUR_OF(c[1]), FOUR_OF(c[2]), FOUR_OF(c[3]), FOUR_OF(c[4]), FOUR_OF(c[5]),   \
                       FOUR_OF(c[6]), FOUR_OF(c[7]), FOUR_OF(c[8]), FOUR_OF(c[9]), FOUR_OF(c[10]), FOUR_OF(c[11]), \
                       FOUR_OF(c[12]), FOUR_OF(c[13]), FOUR_OF(c[14]), FOUR_OF(c[15]), FOUR_OF(c[16]), FOUR_OF(c[17]),\
                       FOUR_OF(c[18]), FOUR_OF(c[19]), FOUR_OF(c[20]), FOUR_OF(c[21]), FOUR_OF(c[22]), FOUR_OF(c[23]),\
                       FOUR_OF(c[24]), FOUR_OF(c[25]), FOUR_OF(c[26]), FOUR_OF(c[27]), FOUR_OF(c[28]), FOUR_OF(c[29]),\
                       FOUR_OF(c[30]), FOUR_OF(c[31])                                                              \
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(right)                                      \
                     : "memory");                                                                                  \
    }
PRODUCT_WITH_COLUMNS(product_bfloat16, "bf16")
PRODUCT_WITH_COLUMNS(product_float16, "f16")

// The same with `right` [16, 72].
#define PRODUCT_WITH_FEW_COLUMNS(name, type)                                                                       \
    DEVICE void name(float (&c)[9][4], const uint32_t (&a)[4], uint64_t right) {                                   \
        asm volatile("{ .reg .pred adds; setp.ne.b32 adds, 1, 0; "                                                 \
                     "wgmma.mma_async.sync.aligned.m64n72k16.f32." type "." type " "                               \
                     "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, "                               \
                     "%14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, "                      \
                     "%28, %29, %30, %31, %32, %33, %34, %35}, "                                                   \
                     "{%36, %37, %38, %39}, %40, adds, 1, 1, 1; }"                                                 \
                     : FOUR_OF(c[0]), FOUR_OF(c[1]), FOUR_OF(c[2]), FOUR_OF(c[3]), FOUR_OF(c[4]), FOUR_OF(c[5]),   \
                       FOUR_OF(c[6]), FOUR_OF(c[7]), FOUR_OF(c[8])                                                 \
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(right)                                      \
                     : "memory");                                                                                  \
    }
PRODUCT_WITH_FEW_COLUMNS(product_bfloat16, "bf16")
PRODUCT_WITH_FEW_COLUMNS(product_float16, "f16")
#else
#define HAS_WARPGROUPS 0
#endif

// Sixteen aligned bytes into global memory by one instruction: what is rounded by inline assembly, the compiler may
// else write in four.
DEVICE void write_sixteen(void *place, sixteen_bytes bytes) {
    asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(place)), "r"(bytes.x),
                 "r"(bytes.y), "r"(bytes.z), "r"(bytes.w)
                 : "memory");
}

// ---- Copies to shared memory ----

// Sixteen aligned bytes, on their way until `wait_for_copies`; zeros where they are not `there`, and then nothing is
// read.
DEVICE void copy_sixteen(void *shared, const void *global, bool there) {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                 :
                 : "r"(shared_address(shared)), "l"(__cvta_generic_to_global(global)), "r"(there ? 16 : 0)
                 : "memory");
#else
    *(sixteen_bytes *)shared = there ? *(const sixteen_bytes *)global : sixteen_bytes{0, 0, 0, 0};
#endif
}

// As `copy_sixteen`, through the first cache: for what the next blocks of this processor read too.
DEVICE void copy_sixteen_kept(void *shared, const void *global, bool there) {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.ca.shared.global [%0], [%1], 16, %2;"
                 :
                 : "r"(shared_address(shared)), "l"(__cvta_generic_to_global(global)), "r"(there ? 16 : 0)
                 : "memory");
#else
    copy_sixteen(shared, global, there);
#endif
}

// Ends a group of copies.
DEVICE void commit_copies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits for this thread's groups but the last `pending`. Others' copies need a barrier on top.
template <int pending> DEVICE void wait_for_copies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
#endif
}

// ---- Blocks that wait for none ----

// Counts one of `count` blocks that are done, by one of its threads; whether it is the last, which leaves 0 behind. Then
// it sees what the others wrote before barriers in front of this.
DEVICE bool is_last_of(uint32_t *done, uint32_t count) {
    __threadfence();
    bool is_last = atomicInc(done, count - 1) == count - 1;
    __threadfence();
    return is_last;
}

// What other blocks of this kernel wrote: past the first cache, which does not know of it.
DEVICE float4 read_fresh(const float4 *place) {
    return __ldcg(place);
}

DEVICE float2 read_fresh(const float2 *place) {
    return __ldcg(place);
}

// Sixteen bytes that are read once: past the first cache.
DEVICE sixteen_bytes read_once(const void *place) {
    return __ldcs((const uint4 *)place);
}

#endif
