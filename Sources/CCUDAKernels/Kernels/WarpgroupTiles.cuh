// Tiles of attention for warpgroups: their products, and how they take turns.
//
// Two warpgroups of four warps compute, and a third one brings them tiles. A warpgroup takes 64 rows at once, a warp 16
// of them; a lane holds rows g and g + 8 of these, whole. Sums stay in registers, and where a warpgroup needs no more
// than its own weights, these are the left operand of the next product as they are. All arrays begin at multiples of 16
// bytes.
#pragma once

#include "AttentionTiles.cuh"

#if HAS_WARPGROUPS

#define WARPGROUP 128
// Keys of a tile.
#define KEYS CCUDAKERNELS_WARPGROUPS_KEYS(HEAD_SIZE)
// Tiles are panels of 64 columns, swizzled, that follow each other; of the last one, columns behind DEPTH are not used.
#define PANELS ((HEAD_SIZE + 63) / 64)
#define PANEL (KEYS * 64)
#define TILE_ELEMENTS (PANELS * PANEL)
// Of tiles of 64 rows.
#define ROW_PANEL (TILE * 64)
#define ROW_TILE_ELEMENTS (PANELS * ROW_PANEL)

template <int rows = TILE> struct swizzled_rows {
    static __device__ __forceinline__ uint32_t place(uint32_t row, uint32_t element) {
        return element / 64 * (rows * 64) + swizzled(row * 128 + element % 64 * 2) / 2;
    }
};

DEVICE uint16_t *warpgroup_memory() {
    SWIZZLED_SHARED(memory);
    return (uint16_t *)memory;
}

// ---- Products ----

// c = the 64 rows of one tile times those of a tile of keys, all or half of them from `right` on; not there before the
// group of products is done.
template <typename T, int blocks>
DEVICE void multiply_by_rows(float (&c)[blocks][4], const uint16_t *left, const uint16_t *right) {
    uint64_t a = described(left, 0), b = described(right, 0);
    begin_products();
#pragma unroll
    for (int step = 0; step < STEPS; step++) {
        uint32_t panel = step / 4, column = step % 4 * 16;
        tensor_cores<T>::product(
            c, a + (panel * ROW_PANEL + column) * sizeof(uint16_t) / 16,
            b + (panel * PANEL + column) * sizeof(uint16_t) / 16, step > 0);
    }
    commit_products();
}

// The same with the left rows in registers, a step's columns after the other, and all keys of the tile.
template <typename T>
DEVICE void multiply_by_rows(float (&c)[KEYS / 8][4], const uint32_t (&left)[STEPS][4], const uint16_t *right) {
    uint64_t b = described(right, 0);
    begin_products();
#pragma unroll
    for (int step = 0; step < STEPS; step++) {
        tensor_cores<T>::product(
            c, left[step], b + (step / 4 * PANEL + step % 4 * 16) * sizeof(uint16_t) / 16, step > 0);
    }
    commit_products();
}

// sums += weights times the rows of a tile of keys; likewise.
template <typename T>
DEVICE void add_rows(
    float (&sums)[HEAD_SIZE / 8][4], const uint32_t (&weights)[KEYS / 16][4], const uint16_t *right
) {
    uint64_t b = described(right, PANEL * sizeof(uint16_t));
    begin_products();
#pragma unroll
    for (int block = 0; block < KEYS / 16; block++) {
        tensor_cores<T>::product(sums, weights[block], b + block * 16 * 128 / 16);
    }
    commit_products();
}

template <int blocks> DEVICE void clear(float (&sums)[blocks][4]) {
#pragma unroll
    for (int i = 0; i < blocks * 4; i++) sums[i / 4][i % 4] = 0;
}

// Rounds a warp's 16 rows into a tile, from `row` and `column` on.
template <typename T, int blocks>
DEVICE void hand_over(uint16_t *tile, int row, int column, const float (&c)[blocks][4]) {
    int32_t lane = threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < blocks * 2; i++) {
        const float *pair = &c[i / 2][i % 2 * 2];
        uint32_t place = swizzled_rows<>::place(row + lane / 4 + i % 2 * 8, column + i / 2 * 8 + lane % 4 * 2);
        *(uint32_t *)(tile + place) = tensor_cores<T>::pair(pair[0], pair[1]);
    }
}

// Writes a warpgroup's sums, rounded: by way of a tile, or panels of one, that only the warpgroup still uses, so that
// rows are written in large pieces. `row_of(i)` is where row `i` of the 64 begins, or null.
template <typename T, int blocks, typename RowOf>
DEVICE void write_rows(const float (&sums)[blocks][4], uint16_t *tile, int32_t group, RowOf row_of) {
    int32_t lane = threadIdx.x % 32, strip = threadIdx.x % WARPGROUP / 32 * 16;
    join_warpgroup(group); // everybody is done with the tile
    hand_over<T>(tile, strip, 0, sums);
    join_warpgroup(group);
#pragma unroll 1
    for (int i = lane; i < 16 * blocks; i += 32) { // pieces of 16 bytes
        int own = strip + i / blocks, element = i % blocks * 8;
        T *row = row_of(own);
        if (row == nullptr) continue;
        *(sixteen_bytes *)(row + element) = *(const sixteen_bytes *)(tile + swizzled_rows<>::place(own, element));
    }
}

// ---- Tiles that take turns ----

// Places for tiles, which the third warpgroup fills in turn and the others empty in the same order. The barriers say
// when those that stay are there; then, for each place, when it is full and when it is empty.
template <int count> struct tile_ring {
    uint16_t *tiles;
    uint64_t *barriers;

    __device__ __forceinline__ uint16_t *tile(int slot) const { return tiles + slot * TILE_ELEMENTS; }
    __device__ __forceinline__ uint64_t *full(int slot) const { return barriers + 1 + slot; }
    __device__ __forceinline__ uint64_t *empty(int slot) const { return barriers + 1 + count + slot; }

    // By all threads of the block.
    __device__ __forceinline__ void make() const {
        if (threadIdx.x == 0) {
            make_barrier(barriers, WARPGROUP);
            for (int slot = 0; slot < count; slot++) {
                make_barrier(full(slot), WARPGROUP);
                make_barrier(empty(slot), 2 * WARPGROUP / 32);
            }
        }
        __syncthreads();
    }
};

// Whose turn it is.
template <int count> struct ring_turn {
    int slot;
    uint32_t parity;

    __device__ __forceinline__ void pass() {
        slot++;
        if (slot == count) {
            slot = 0;
            parity ^= 1;
        }
    }
};

// The side of the third warpgroup.
template <int count> struct tile_source {
    tile_ring<count> ring;
    ring_turn<count> turn;

    // Where the next tile may be written, once it is free.
    __device__ __forceinline__ uint16_t *next() const {
        wait_at(ring.empty(turn.slot), turn.parity ^ 1);
        return ring.tile(turn.slot);
    }

    // All of the tile was asked for.
    __device__ __forceinline__ void pass() {
        arrive_with_copies(ring.full(turn.slot));
        turn.pass();
    }
};

// The side of the others.
template <int count> struct tile_sink {
    tile_ring<count> ring;
    ring_turn<count> turn;

    // The next tile, once it is there. It stays until `release` of its slot.
    __device__ __forceinline__ int next() {
        int slot = turn.slot;
        wait_at(ring.full(slot), turn.parity);
        show_to_products();
        turn.pass();
        return slot;
    }

    // By whole warps, when all that read the tile is done.
    __device__ __forceinline__ void release(int slot) const {
        if (threadIdx.x % 32 == 0) arrive_at(ring.empty(slot));
    }
};

#endif
