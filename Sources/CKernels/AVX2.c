// The kernels for machines with AVX2 and fused products.
#include "Engine.h"

#include <math.h>
#include <string.h>

#define TABLE ckernels_avx2_table
#define LANES 8
#define TILE_ROWS 6
#define TILE_VECTORS 2
#define HAS_PAIRS false
#define TILE_CASES TILE_CASE(1) TILE_CASE(2) TILE_CASE(3) TILE_CASE(4) TILE_CASE(5) TILE_CASE(6)
#define SUM_OF_PAIRS(sum, a, b) (sum)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "Template/Table.h"
#pragma clang attribute pop
