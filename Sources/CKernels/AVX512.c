// The kernels for machines with AVX-512.
#include "Engine.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define TABLE ckernels_avx512_table
#define LANES 16
#define TILE_ROWS 12
#define TILE_VECTORS 2
#define HAS_PAIRS false
#define TILE_CASES                                                               \
    TILE_CASE(1) TILE_CASE(2) TILE_CASE(3) TILE_CASE(4) TILE_CASE(5) TILE_CASE(6) \
    TILE_CASE(7) TILE_CASE(8) TILE_CASE(9) TILE_CASE(10) TILE_CASE(11) TILE_CASE(12)
#define SUM_OF_PAIRS(sum, a, b) (sum)

#define INSTRUCTIONS "avx2,fma,avx512f,avx512bw,avx512vl,avx512dq"
#pragma clang attribute push(__attribute__((target(INSTRUCTIONS))), apply_to = function)
#include "Template/Table.h"
#pragma clang attribute pop
