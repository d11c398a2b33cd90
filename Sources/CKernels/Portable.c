// The kernels for any machine of this architecture.
#include "Engine.h"

#include <math.h>
#include <string.h>

#define TABLE ckernels_portable_table
#define LANES 4
#define TILE_ROWS 4
#define TILE_VECTORS 2
#define HAS_PAIRS false
#define TILE_CASES TILE_CASE(1) TILE_CASE(2) TILE_CASE(3) TILE_CASE(4)
#define SUM_OF_PAIRS(sum, a, b) (sum)

#include "Template/Table.h"
