// What CUDA kernels are asked: one struct for each kernel, filled by Swift, passed by value, read by the kernel.
//
// Rules:
// - Every kernel is `extern "C" __global__ void NAME(const ccudakernels_X_arguments p)`, one parameter. In names below,
//   T, U are `float32`, `bfloat16`, `float16`, D is a head size.
// - Arrays are dense and row major, at any multiple of their element size; kernels look for 16-byte alignment
//   themselves. "Optional" arrays have address 0. Real arrays without a comment are of type T.
// - A launch of no elements or rows must be left out: CUDA refuses an empty grid.
// - "elements": block 256, grid ceil(count / 2048), at most 65535 * 16; any grid does, since threads stride.
// - "rows": one block for each row; block `ccudakernels_row_threads(columns)`.
// - Dynamic shared memory is 0 unless said; above 48 KiB, `cuFuncSetAttribute(MAX_DYNAMIC_SHARED_SIZE_BYTES)` is needed
//   once for each function, and the device must have as much (`MAX_SHARED_MEMORY_PER_BLOCK_OPTIN`).
// - Compile with `--fmad=false`: kernels ask for fused sums where they want them, and the others keep the CPU's
//   rounding.
// - bfloat16 kernels exist from sm_80 on; where a kernel needs more, its comment says so.
//
// NVRTC compiles this file too, and has no standard headers.
#pragma once

#ifdef __CUDACC_RTC__
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
#define CCUDAKERNELS_FUNCTION static __device__ inline
#else
#include <stdint.h>
#define CCUDAKERNELS_FUNCTION static inline
#endif

// The address of memory on the device; 0 for an optional array that is not there.
typedef uint64_t ccudakernels_address;

// The types of real elements, where a kernel takes several.
typedef enum {
    CCUDAKERNELS_FLOAT32 = 0,
    CCUDAKERNELS_BFLOAT16 = 1,
    CCUDAKERNELS_FLOAT16 = 2,
} ccudakernels_type;

// The block of a kernel of rows: 8 elements a thread, whole warps, at most 512 threads.
CCUDAKERNELS_FUNCTION int32_t ccudakernels_row_threads(int64_t columns) {
    int64_t threads = (columns + 255) / 256 * 32;
    return threads < 32 ? 32 : threads > 512 ? 512 : (int32_t)threads;
}

// ---- Elements ----

// fill_T: elements.
typedef struct {
    ccudakernels_address output;
    int64_t count;
    float value;
} ccudakernels_fill_arguments;

// convert_T_U (input T, output U, all 9 pairs), scale_T, gelu_T, soft_cap_T (`factor` is the cap): elements.
// Outputs of scale and soft-cap may be the input.
typedef struct {
    ccudakernels_address input, output;
    int64_t count;
    float factor;
} ccudakernels_map_arguments;

// add_T_U: elements. a and output T, b U; U is T, or any where T is float32. `b` has `period` elements and repeats.
typedef struct {
    ccudakernels_address a, b, output;
    int64_t count, period;
    float scale;
} ccudakernels_add_arguments;

// dropout_T: elements. `kept_scale` is 1 / (1 - rate); the keys are the words of `RandomKey`.
typedef struct {
    ccudakernels_address input, output;
    int64_t count;
    float rate, kept_scale;
    uint32_t key_low, key_high;
} ccudakernels_dropout_arguments;

// gelu_backward_T: elements.
typedef struct {
    ccudakernels_address output_gradient, input, input_gradient;
    int64_t count;
    int32_t accumulate;
} ccudakernels_gelu_backward_arguments;

// gated_gelu_T: elements.
typedef struct {
    ccudakernels_address gate, up, output;
    int64_t count;
} ccudakernels_gated_gelu_arguments;

// gated_gelu_backward_T: elements. A gradient may be written over any input.
typedef struct {
    ccudakernels_address output_gradient, gate, up, gate_gradient, up_gradient;
    int64_t count;
} ccudakernels_gated_gelu_backward_arguments;

// One update by adamw_of_many. One kernel for all types, which are fields; factors as `ckernels_adamw_call` has them, and
// epsilon above 0.
typedef struct {
    ccudakernels_address parameter, gradient, first_moment, second_moment;
    ccudakernels_address rounded; // optional
    int64_t count;
    int32_t parameter_type, gradient_type, moment_type, rounded_type; // ccudakernels_type
    int32_t decay_last;                                               // transformers' order
    float gradient_scale, beta1, beta2, one_minus_beta1, one_minus_beta2;
    float step_size, second_correction, epsilon, decay;
} ccudakernels_adamw_arguments;

// ---- Many tensors at once ----

// Elements of a tensor that one block takes, here and in `sum_of_squares_T`.
#define CCUDAKERNELS_SQUARES_CHUNK 16384

// `parts` blocks take the chunks of all tensors, one tensor after another; `first_part` counts the chunks before.
typedef struct {
    ccudakernels_adamw_arguments update;
    int64_t first_part;
} ccudakernels_adamw_entry;

typedef struct {
    ccudakernels_address input, output; // output float32 [1]
    int64_t count, first_part, parts;
    int64_t type; // ccudakernels_type
} ccudakernels_squares_entry;

// adamw_of_many: entries `ccudakernels_adamw_entry`. Grid all parts, block 256.
// squares_of_many: entries `ccudakernels_squares_entry`. Grid all parts, block 256; then finish_squares_of_many: grid
// `count`, block 1024. The same bits as `sum_of_squares_T` and `finish_squares`.
typedef struct {
    ccudakernels_address entries, partials; // partials of squares: float64, one a part
    int64_t count;                          // of entries
} ccudakernels_many_arguments;

// descent_of_many: entries `ccudakernels_descent_entry`. Grid all parts, block 256.
typedef struct {
    ccudakernels_address parameter, gradient;
    ccudakernels_address rounded; // optional
    int64_t count, first_part;
    int32_t parameter_type, gradient_type, rounded_type; // ccudakernels_type
    float gradient_scale, rate, decay;
} ccudakernels_descent_entry;

// As `ccudakernels_adamw_arguments`; moments are codes, uint8, each times the scale of its 256 elements, float32.
typedef struct {
    ccudakernels_address parameter, gradient;
    ccudakernels_address rounded; // optional
    ccudakernels_address first_codes, second_codes, first_scales, second_scales;
    int64_t count, first_part;
    int32_t parameter_type, gradient_type, rounded_type; // ccudakernels_type
    float gradient_scale, beta1, beta2, one_minus_beta1, one_minus_beta2;
    float step_size, second_correction, epsilon, decay;
} ccudakernels_blockwise_entry;

// blockwise_adamw_of_many: entries `ccudakernels_blockwise_entry`. Grid all parts, block 256.
typedef struct {
    ccudakernels_address entries;
    ccudakernels_address values, codes; // float32 [2, 256], uint8 [2, 65536]: the maps of first and second moments
    int64_t count;                      // of entries
} ccudakernels_blockwise_arguments;

// A part of a matrix that one block takes.
#define CCUDAKERNELS_TILE_ROWS 128
#define CCUDAKERNELS_TILE_COLUMNS 256

// Adafactor, all with `ccudakernels_many_arguments` of these entries and block 256, one after another:
// - adafactor_squares: grid all tiles;
// - adafactor_means: grid all blocks that `first_means` counts; adafactor_row_means: grid the matrices of all entries;
//   neither takes vectors;
// - adafactor_changes: grid all tiles, with one of `partials` each; adafactor_divisors: grid the entries;
// - adafactor_update: grid all tiles.
// `first_X` counts those of the entries before.
typedef struct {
    ccudakernels_address parameter, gradient;
    ccudakernels_address rounded;        // optional
    ccudakernels_address row_squares;    // float32 [matrices, rows]; of a vector [columns]
    ccudakernels_address column_squares; // float32 [matrices, columns]; 0 for a vector, which is one row
    ccudakernels_address row_sums;       // float64 [column_tiles, matrices, rows], not of a vector
    ccudakernels_address column_sums;    // float64 [matrices, row_tiles, columns], likewise
    ccudakernels_address row_means;      // float32 [matrices], likewise
    ccudakernels_address divisor;        // float32 [1]
    int64_t matrices, rows, columns;     // rows and columns of one matrix
    int64_t row_tiles, column_tiles;     // of one matrix
    int64_t first_tile, first_matrix;
    int64_t first_means; // ceil(matrices * rows / 256) + ceil(matrices * columns / 256) blocks, none of a vector
    int32_t parameter_type, gradient_type, rounded_type; // ccudakernels_type
    float gradient_scale, kept, epsilon, clipping_threshold, rate;
    float decay; // learning rate * weight decay
} ccudakernels_adafactor_entry;

// ---- Rows ----

// gather_rows_T: rows. The kernel rounds `scale` to T.
typedef struct {
    ccudakernels_address table, indices, output; // indices int32 [rows]
    int64_t rows, columns;
    float scale;
} ccudakernels_gather_arguments;

// scatter_rows_T_U: a block for each index that is there. Source T, output U; U is T, or float32 where `accumulate`.
// `order` names the rows by their index, those of one index in order; those of block `i` begin at place `starts[i]` of
// it and end before `starts[i + 1]`. Both are null where no index is there twice: then block `i` takes row `i`.
typedef struct {
    ccudakernels_address source, indices, order, starts, output; // indices, order int32 [rows]
    int64_t columns;
    float scale;
    int32_t accumulate;
} ccudakernels_scatter_arguments;

// copy_blocks: grid (min(ceil(byte_count / 4096), 1024), blocks at most 65535), block 256; any grid does.
// Copies block `i` of `byte_count` bytes from `i * source_stride` to `i * output_stride`. Serves `writeColumns`.
typedef struct {
    ccudakernels_address source, output;
    int64_t blocks, byte_count, source_stride, output_stride;
} ccudakernels_copy_arguments;

// write_cache: grid (ceil(byte_count / 4096), tokens at most 65535), block 256. Copies token `i` of `byte_count` bytes
// to the row and column that place `i` names.
typedef struct {
    ccudakernels_address source, places, output; // places int32 [tokens, 3]: row, first column, column
    int64_t tokens, byte_count, capacity;
} ccudakernels_write_cache_arguments;

// extract_patches_T: elements (of the output, whose type T is; `count` of them).
typedef struct {
    ccudakernels_address images, output; // images float32 [B, channels, height, width]
    int64_t count;
    int32_t channels, height, width, size;
} ccudakernels_patches_arguments;

// extract_byte_patches_T: as extract_patches_T; a byte becomes scale * byte + offset.
typedef struct {
    ccudakernels_address images, output; // images uint8 [B, height, width, channels]
    int64_t count;
    int32_t channels, height, width, size;
    float scale, offset;
} ccudakernels_byte_patches_arguments;

// scale_columns_T: grid (min(ceil(columns / 2048), 65535), min(rows, 65535)), block 256; any grid does.
typedef struct {
    ccudakernels_address input, factors, output; // factors float32 [columns]
    int64_t rows, columns;
} ccudakernels_scale_columns_arguments;

// ---- Sums over rows, in two stages ----

// sum_columns_T, dot_columns_T (`b` used by the latter only): grid (ceil(columns / 256), parts), block 256, where
// parts = ceil(rows / part_rows). Partial sums of `part_rows` rows each; then `finish_columns`.
typedef struct {
    ccudakernels_address input, b, partials; // partials float32 [parts, columns]
    int64_t rows, columns, part_rows;
} ccudakernels_sum_columns_arguments;

// finish_columns: grid ceil(columns / 32), block 256. `output (+)= sum of partials`; with no parts, zeros.
typedef struct {
    ccudakernels_address partials, output; // float32
    int64_t parts, columns;
    int32_t accumulate;
} ccudakernels_finish_columns_arguments;

// sum_of_squares_T: grid parts = ceil(count / CCUDAKERNELS_SQUARES_CHUNK), block 256; then `finish_squares`.
typedef struct {
    ccudakernels_address input, partials; // partials float64 [parts]
    int64_t count;
} ccudakernels_squares_arguments;

// finish_squares: grid 1, block 1024. With no parts, zero.
typedef struct {
    ccudakernels_address partials, output; // output float32 [1]
    int64_t parts;
} ccudakernels_finish_squares_arguments;

// ---- Products of few rows ----

// Rows of `a` that one block takes. More rows than this are cut along the grid's y; a row's bits stay the same.
#define CCUDAKERNELS_FEW_ROWS 16

// Weights that one launch multiplies at most.
#define CCUDAKERNELS_FEW_PARTS 3
// Steps along the depth that are on their way to a block.
#define CCUDAKERNELS_FEW_AHEAD 4

// One weight: `output (+)= alpha * a b' + bias`, b [n, k].
typedef struct {
    ccudakernels_address b, bias, output; // bias optional [n]; output [m, n]
    int32_t n;
    int32_t first_block; // where its blocks begin along the grid's x: ceil(n / 16) of them
} ccudakernels_few_rows_part;

// few_rows_T_U: a, b, bias T; outputs U, which is T or float32. Grid (all parts' blocks, ceil(m /
// CCUDAKERNELS_FEW_ROWS)), block 256, shared bytes `ccudakernels_few_rows_shared(m)`, none for float32. Streams weights once; good up to
// m = 32 or so. A column's bits do not depend on the other parts.
// few_rows_gated_T, T not float32: `gelu(a gate') * (a up')`, both products rounded to T, with the gate in parts[0] and
// what it multiplies in parts[1]; only the first output is written, and `alpha`, `accumulate` and biases are not read.
// Grid (ceil(n / 8), ceil(m / CCUDAKERNELS_FEW_ROWS)), block and shared bytes as few_rows.
typedef struct {
    ccudakernels_address a;
    ccudakernels_few_rows_part parts[CCUDAKERNELS_FEW_PARTS];
    int32_t count; // of parts
    int32_t m, k;
    float alpha;
    int32_t accumulate;
} ccudakernels_few_rows_arguments;

// What a block has on its way: of each step, 16 bytes a thread of two rows of weights, and of one or two of activations.
CCUDAKERNELS_FUNCTION int32_t ccudakernels_few_rows_shared(int32_t m) {
    return CCUDAKERNELS_FEW_AHEAD * (m > 8 ? 4 : 3) * 256 * 16;
}

// few_rows_plain_T_U: the same struct with one part, b [k, n] (no transpose). Grid (ceil(n / 64), m), block 256.

// ---- Products with a narrow side ----

// The most columns of a narrow matrix.
#define CCUDAKERNELS_NARROW 32
// Rows that a block of `shallow_rows` takes.
#define CCUDAKERNELS_SHALLOW_ROWS 64

// Products that one launch computes at most.
#define CCUDAKERNELS_NARROW_PARTS 3
// Rows that a block of `narrow_rows` takes: few, so that all processors have some, or twice as many where rows abound.
#define CCUDAKERNELS_NARROW_ROWS 8
#define CCUDAKERNELS_NARROW_MANY_ROWS 4096
// Eights of depth that a block of `shallow_rows` adds up at most.
#define CCUDAKERNELS_SHALLOW_EIGHTS 6

// One product: `output (+)= alpha * a b`.
typedef struct {
    ccudakernels_address a, b, output; // a [m, k]; b [k, n], or [n, k] if `transpose_b`
    int32_t n, k;
    float alpha;
    int32_t accumulate;
} ccudakernels_narrow_part;

// Rows of the products' results that one block takes.
CCUDAKERNELS_FUNCTION int32_t ccudakernels_narrow_rows(int32_t m) {
    return m < CCUDAKERNELS_NARROW_MANY_ROWS ? CCUDAKERNELS_NARROW_ROWS : 2 * CCUDAKERNELS_NARROW_ROWS;
}

// Products of as many rows, T bfloat16 or float16, U that or float32; every matrix 16-byte aligned.
// - narrow_rows_T_U: n up to 8, narrow_rows_wide_T_U: n up to CCUDAKERNELS_NARROW; k a multiple of 8. Grid count * ceil(m / ccudakernels_narrow_rows(m)),
//   block 256.
// - shallow_rows_T_U: depth up to 16, shallow_rows_deep_T_U: more; n a multiple of 8. Grid (ceil(largest n / 256),
//   ceil(m / CCUDAKERNELS_SHALLOW_ROWS), count), block 256. With `sums` all parts are added up: alpha, n and output are
//   those of parts[0], the parts' depths have CCUDAKERNELS_SHALLOW_EIGHTS eights at most, and the grid's z is 1.
// A row's bits do not depend on the other rows, nor on other parts that are not added to it.
typedef struct {
    ccudakernels_narrow_part parts[CCUDAKERNELS_NARROW_PARTS];
    int32_t count; // of parts
    int32_t m;
    int32_t transpose_b;
    int32_t sums;
} ccudakernels_narrow_arguments;

// One sum over rows: `output (+)= alpha * wide^T narrow`.
typedef struct {
    ccudakernels_address wide, narrow, output; // wide [rows, columns], narrow [rows, width]
    int32_t columns, width;
    int32_t turned; // the output is [width, columns] instead of [columns, width]
    float alpha;
    int32_t accumulate;
} ccudakernels_narrow_gradient_part;

// narrow_gradient_T_U: width up to 8, narrow_gradient_wide_T_U: up to CCUDAKERNELS_NARROW; types and alignment as above,
// columns a multiple of 8. Grid (ceil(largest columns / 64), count); block 512, or 256 where these are many blocks.
typedef struct {
    ccudakernels_narrow_gradient_part parts[CCUDAKERNELS_NARROW_PARTS];
    int32_t rows;
} ccudakernels_narrow_gradient_arguments;

// ---- Feed-forward layers with adapters ----

// `matrix + scaling * reduced b^T`, rounded: matrix [m, n], reduced [m, rank], b [n, rank].
typedef struct {
    ccudakernels_address matrix, reduced, b;
    int32_t rank;
    float scaling;
} ccudakernels_adapted_matrix;

// Rows of sums over columns that a block keeps until its warps' shares are added up.
#define CCUDAKERNELS_KEPT_ROWS 32

// adapted_gelu_T: ranks and width even, up to 8, adapted_gelu_wide_T: up to 16; T bfloat16 or float16, matrices 16-byte
// aligned, n a multiple of 8. Output gelu(gate) * up; of its product with a^T, a [width, n], what each block of columns
// adds: partials [ceil(n / 256)][m][8 or 16]. Grid (ceil(n / 256), ceil(m / rows)), block 256.
typedef struct {
    ccudakernels_adapted_matrix gate, up;
    ccudakernels_address a, output, partials;
    int32_t m, n, width;
    int32_t rows; // of a block, a multiple of 16
} ccudakernels_adapted_gelu_arguments;

// The shared memory of a block of the backward kernels, whose sums have a width of 8 or 16: what its eight warps keep of
// two, and three matrices on their way, twice.
CCUDAKERNELS_FUNCTION int32_t ccudakernels_adapted_gelu_shared(int32_t width) {
    return 2 * 8 * CCUDAKERNELS_KEPT_ROWS * width * 4 + 3 * 2 * 2 * 256 * 16;
}

// adapted_gelu_backward_T, .._wide_T: the same, where the output's gradient is
// output_gradient + narrowed_gradient a, rounded. Of the products of gate's and up's gradients with their b: row_partials [2][ceil(n / 256)][m][8 or 16]; of the
// turned gradients with reduced, and of the turned output with narrowed_gradient: column_partials [3][grid's y][n][8 or 16].
typedef struct {
    ccudakernels_adapted_matrix gate, up;
    ccudakernels_address a, output_gradient, narrowed_gradient, gate_gradient, up_gradient;
    ccudakernels_address row_partials, column_partials;
    int32_t m, n, width, rows;
} ccudakernels_adapted_gelu_backward_arguments;

// Sums of partials [count][rows][width of all], times alpha.
typedef struct {
    ccudakernels_address partials, output; // output [rows, columns], or [columns, rows] if `turned`
    int32_t rows, columns, count, turned;
    float alpha;
    int32_t accumulate, is_single; // the output is of float32, not of T
} ccudakernels_join_part;

#define CCUDAKERNELS_JOIN_PARTS 5

// join_partials_T: grid (ceil(most rows * width / 256), parts), block 256.
typedef struct {
    ccudakernels_join_part parts[CCUDAKERNELS_JOIN_PARTS];
    int32_t width;
} ccudakernels_join_arguments;

// A matrix in 4-bit NormalFloat; `Tensors/Quantization/NF4Matrix.swift` has the words.
typedef struct {
    ccudakernels_address codes;                        // two elements a byte, the first in the upper half
    ccudakernels_address scales;                       // float32, one for each 64 elements; 0 where they are nested
    ccudakernels_address scale_codes;                  // nested: one byte for each 64 elements
    ccudakernels_address scale_map, outer_scales;      // nested: float32 [256], and one for each 256 scales
    float offset;
    int32_t type; // ccudakernels_type: what elements are rounded to
} ccudakernels_nf4;

// dequantize_T: elements (of the output, of type T: rounded to the matrix's type first, then to T).
typedef struct {
    ccudakernels_nf4 input;
    ccudakernels_address output;
    int64_t count;
} ccudakernels_dequantize_arguments;

// few_rows_nf4_T_U: as few_rows_T_U with b [n, k] in NF4 (elements rounded to its type, then to T). Same grid and
// block.
typedef struct {
    ccudakernels_address a, bias, output;
    ccudakernels_nf4 b;
    int32_t m, n, k;
    int32_t accumulate;
} ccudakernels_few_rows_nf4_arguments;

// ---- Norms ----

// rms_norm_T (no bias, no mean), layer_norm_T (no residual): rows. In rms_norm_T_U the input is of T, residual and
// output of U, and the weight of the narrower.
typedef struct {
    ccudakernels_address input, weight, bias, residual, output; // residual optional
    ccudakernels_address mean, inverse;                         // optional, float32 [rows]
    int64_t rows, columns;
    float epsilon;
} ccudakernels_norm_arguments;

// rms_norm_pair_T: rows. `next.input` is `first.output`, and both have the same rows and columns. In rms_norm_pair_T_S
// `first.residual` and `first.output` are of S, all else of T.
typedef struct {
    ccudakernels_norm_arguments first, next;
} ccudakernels_norm_pair_arguments;

// Columns of a row that one warp takes alone.
#define CCUDAKERNELS_WARP_COLUMNS 256
// Such rows that a block takes.
#define CCUDAKERNELS_WARP_ROWS 8

// norm_input_T: rows, but grid ceil(rows / CCUDAKERNELS_WARP_ROWS), block 256 for up to CCUDAKERNELS_WARP_COLUMNS columns.
// Both norms' gradient for the input; `mean` is 0 for RMS norm, whose factor is `1 + weight`. In norm_input_G_T the
// output's gradient is of G, input, addend and result of T, and the weight of the narrower.
typedef struct {
    ccudakernels_address output_gradient, input, weight, input_gradient;
    ccudakernels_address addend;        // optional; added to the gradient, and may be where that is written
    ccudakernels_address mean, inverse; // float32 [rows]
    int64_t rows, columns;
} ccudakernels_norm_input_arguments;

// norm_parameters_T: grid and block as sum_columns_T. Partial sums for the gradients of weight and bias, each to be
// finished by `finish_columns`. In norm_parameters_G_T the output's gradient is of G and the input of T.
typedef struct {
    ccudakernels_address output_gradient, input;
    ccudakernels_address mean, inverse;                   // float32 [rows]; mean optional
    ccudakernels_address weight_partials, bias_partials;  // optional, float32 [parts, columns]
    int64_t rows, columns, part_rows;                     // parts = ceil(rows / part_rows)
} ccudakernels_norm_parameters_arguments;

// ---- Attention ----

// The largest head size that rotary takes.
#define CCUDAKERNELS_LARGEST_HEAD 256

// rotary_T: grid rows, any block; head_size even and at most CCUDAKERNELS_LARGEST_HEAD.
typedef struct {
    ccudakernels_address input, output;             // [rows, heads, head_size]
    ccudakernels_address other_input, other_output; // optional: [rows, other_heads, head_size]
    ccudakernels_address positions;                 // int32 [rows]
    int64_t rows;
    int32_t heads, other_heads, head_size, inverse; // other_heads is 0 where there is no other input
    float frequencies[CCUDAKERNELS_LARGEST_HEAD / 2]; // theta^(-2i/d), computed by the host
} ccudakernels_rotary_arguments;

// rotary_cache_T: grid rows, block 256. Turns q into `output`, and k into the cache, where v is copied to.
typedef struct {
    ccudakernels_address q, k, v, output; // [rows, heads, head_size] and [rows, key_heads, head_size]
    ccudakernels_address keys, values;    // [B, capacity, key_heads, head_size]
    ccudakernels_address positions, places; // int32 [rows]; int32 [rows, 3]: row, first column, column
    int64_t rows, capacity;
    int32_t heads, key_heads, head_size;
    float frequencies[CCUDAKERNELS_LARGEST_HEAD / 2]; // as in rotary
} ccudakernels_rotary_cache_arguments;

// Examples that one launch of an attention kernel takes. Larger batches are cut: the arrays' addresses move on.
#define CCUDAKERNELS_EXAMPLES 64
// Keys of one tile: tiles count from an example's first visible key.
#define CCUDAKERNELS_KEY_TILE 64
// Rows of one block; a row is one position of one query head, `group = heads / key_heads` rows a position.
#define CCUDAKERNELS_QUERY_TILE 64
#define CCUDAKERNELS_DECODE_ROWS 16
// Heads of keys of all examples that one launch of attention_decode takes.
#define CCUDAKERNELS_DECODE_HEADS (1 << 16)
#define CCUDAKERNELS_PLAIN_ROWS 16

// Which columns a query may see in one example; `Tensors/Backend/AttentionCalls.swift` has the words.
typedef struct {
    int32_t key_begin, key_end, prefix_end;
} ccudakernels_visible;

// The shapes and the mask of attention, forward and backward.
typedef struct {
    ccudakernels_address q, k, v, output; // [B, queries, heads, d], [B, capacity, key_heads, d]
    ccudakernels_address log_sum_exp;     // optional in the forward, float32 [B, heads, queries]
    int32_t batch, queries, capacity, heads, key_heads, head_size;
    int32_t query_offset, window; // window 0: none
    int32_t window_spares_prefix;
    float scale, soft_cap; // soft_cap 0: none
    // Optional, int32 [batch, 3]: each example is one token behind a cache: the row of k and v, the first column that
    // it sees, its own column. Then `queries` is 1, `visible` and `query_offset` are not read, and there may be more
    // examples.
    ccudakernels_address places;
    ccudakernels_visible visible[CCUDAKERNELS_EXAMPLES];
} ccudakernels_attention;

// The forward, by rows = queries * group:
// - attention_T_D: T bfloat16 (sm_80) or float16, D in 64, 72, 80, 128, 256; on tensor cores. Grid
//   (ceil(rows / CCUDAKERNELS_QUERY_TILE), key_heads, batch), block `ccudakernels_attention_threads(D)`, shared bytes
//   `ccudakernels_attention_shared(D, has_room)`; the scale must be above 0, and so must a soft cap.
// - attention_warpgroups_T_D: the same on sm_90a, D 72 or 256, arrays at multiples of 16 bytes. Grid (ceil(rows /
//   CCUDAKERNELS_WARPGROUPS_ROWS), key_heads, batch), block CCUDAKERNELS_WARPGROUPS_THREADS, shared bytes
//   `ccudakernels_warpgroups_shared(D)`.
// - attention_decode_T_D: the bits of attention_T_D, for rows <= CCUDAKERNELS_DECODE_ROWS and batch * key_heads <=
//   CCUDAKERNELS_DECODE_HEADS; needs partials. Grid (parts, key_heads, batch), block 128, shared bytes
//   `ccudakernels_decode_shared(D)`, where parts = max(1, ceil(max over examples of (key_end - key_begin) /
//   CCUDAKERNELS_KEY_TILE)). With `places` it reads keys and values of earlier columns than the launch's tokens have
//   before the kernel in front of it is done, and so that must not write them.
// - attention_plain_T: any T and any d up to 256. Grid (ceil(rows / CCUDAKERNELS_PLAIN_ROWS), key_heads, batch), block
//   256, shared bytes `ccudakernels_plain_shared(d)`.
// A row's bits depend on T, d and the kernel; attention_T_D and attention_decode_T_D give the same.
typedef struct {
    ccudakernels_attention shape;
    ccudakernels_address partial_outputs; // decode: float32 [B, key_heads, parts, rows, d]
    ccudakernels_address partial_sums;    // decode: float32 [B, key_heads, parts, rows, 2], largest and sum
    int32_t parts;
    int32_t has_room; // of attention_T_D: whether it has the shared memory that lets more overlap
} ccudakernels_attention_arguments;

// The backward: attention_delta_T, then one of
// - attention_gradients_T_D: grid (tiles * parts + ceil(rows / CCUDAKERNELS_QUERY_TILE), key_heads, batch) with tiles =
//   ceil(capacity / CCUDAKERNELS_KEY_TILE), block `ccudakernels_attention_threads(D)`, shared bytes
//   `ccudakernels_attention_backward_shared(D, has_room)`; T, D as in the forward; parts is 1 for small heads. Then, if
//   there is more than one part, attention_join_gradients_T: elements of a gradient, but grid y 2.
// - attention_gradients_warpgroups_T_D: the same on sm_90a, D 256, parts 1, arrays as above, but grid x tiles + ceil(rows /
//   CCUDAKERNELS_WARPGROUPS_ROWS), block CCUDAKERNELS_WARPGROUPS_THREADS, shared bytes
//   `ccudakernels_warpgroups_backward_shared(D)`.
// - attention_plain_key_gradient_T: grid (ceil(capacity / CCUDAKERNELS_PLAIN_ROWS), key_heads, batch),
//   attention_plain_query_gradient_T: grid (ceil(rows / CCUDAKERNELS_PLAIN_ROWS), key_heads, batch); both block 256,
//   shared bytes `ccudakernels_plain_backward_shared(d)`; any T, any d up to 256.
// attention_delta_T: grid (ceil(rows / 8), key_heads, batch), block 256.
// All gradients are written whole, zeros where nothing is seen: no fill is needed.
typedef struct {
    ccudakernels_attention shape; // with output and log_sum_exp as the forward left them
    ccudakernels_address output_gradient, q_gradient, k_gradient, v_gradient;
    ccudakernels_address delta; // float32 [B, heads, queries]: each row's sum of output times its gradient
    ccudakernels_address partial_keys, partial_values; // for parts > 1: float32 [parts, B, capacity, key_heads, d]
    int32_t parts;                                     // blocks that share the rows of a tile of keys, at least 1
    int32_t has_room; // of attention_gradients_T_D: whether it has the shared memory that lets more overlap
} ccudakernels_attention_backward_arguments;

// Bytes of a tile of 64 rows in shared memory, padded so that no two rows of eight share a bank.
CCUDAKERNELS_FUNCTION int32_t ccudakernels_tile_bytes(int32_t head_size) {
    return 64 * ((head_size + 15) / 16 * 16 + 8) * 2;
}

// Heads from this size on take two warps for what one warp does for smaller ones.
#define CCUDAKERNELS_LARGE_HEAD 128

CCUDAKERNELS_FUNCTION int32_t ccudakernels_attention_threads(int32_t head_size) {
    return head_size < CCUDAKERNELS_LARGE_HEAD ? 128 : 256;
}

// Two pairs of tiles for small heads; for large ones three tiles, and weights if there is room.
CCUDAKERNELS_FUNCTION int32_t ccudakernels_attention_shared(int32_t head_size, int32_t has_room) {
    if (head_size < CCUDAKERNELS_LARGE_HEAD) return 4 * ccudakernels_tile_bytes(head_size);
    return 3 * ccudakernels_tile_bytes(head_size) + (has_room ? ccudakernels_tile_bytes(64) : 0);
}

CCUDAKERNELS_FUNCTION int32_t ccudakernels_decode_shared(int32_t head_size) {
    return 2 * ccudakernels_tile_bytes(head_size) + ccudakernels_tile_bytes(head_size) / 4 + 16 * 64 * 4;
}

// Two pairs of tiles; for large heads weights and their gradients, and a third pair if there is room.
CCUDAKERNELS_FUNCTION int32_t ccudakernels_attention_backward_shared(int32_t head_size, int32_t has_room) {
    if (head_size < CCUDAKERNELS_LARGE_HEAD) return 4 * ccudakernels_tile_bytes(head_size);
    return (has_room ? 6 : 4) * ccudakernels_tile_bytes(head_size) + 2 * ccudakernels_tile_bytes(64);
}

// Kernels for warpgroups: tiles follow each other without padding, of rows that are whole panels of 64 columns, then
// come barriers.
#define CCUDAKERNELS_WARPGROUPS_ROWS 128
#define CCUDAKERNELS_WARPGROUPS_THREADS 384
// Keys of a tile: where heads are small, registers hold more scores.
#define CCUDAKERNELS_WARPGROUPS_KEYS(head_size) ((head_size) < CCUDAKERNELS_LARGE_HEAD ? 128 : 64)

CCUDAKERNELS_FUNCTION int32_t ccudakernels_warpgroups_shared(int32_t head_size) {
    int32_t rows = CCUDAKERNELS_WARPGROUPS_ROWS + 4 * CCUDAKERNELS_WARPGROUPS_KEYS(head_size);
    return rows * ((head_size + 63) / 64 * 64) * 2 + 128;
}

// And in front of the barriers what is known of two tiles of rows, 16 bytes each row.
CCUDAKERNELS_FUNCTION int32_t ccudakernels_warpgroups_backward_shared(int32_t head_size) {
    return 7 * 64 * head_size * 2 + 2 * 64 * 16 + 128;
}

CCUDAKERNELS_FUNCTION int32_t ccudakernels_plain_shared(int32_t head_size) {
    return (48 * (head_size + 1) + 16 * 33) * 4;
}

CCUDAKERNELS_FUNCTION int32_t ccudakernels_plain_backward_shared(int32_t head_size) {
    return (48 * (head_size + 1) + 2 * 16 * 9) * 4;
}

// ---- Ends ----

// cross_entropy_T: rows, but any block of whole warps up to 1024; T is the type of the gradient, float32 if there is none.
typedef struct {
    ccudakernels_address logits, targets, weights, losses; // float32 [rows, columns], int32 [rows], float32 [rows] twice
    ccudakernels_address gradient;                         // optional [rows, columns]
    int64_t rows, columns;
    float soft_cap;  // 0 for none
    float smoothing; // share of a target that is spread over all columns
    // Targets in spread_begin..<spread_end are bells of this deviation over these columns; deviation 0: none are.
    int32_t spread_begin, spread_end;
    float spread_deviation;
} ccudakernels_cross_entropy_arguments;

// absolute_error_T: grid ceil(rows / 256), block 256; T is the type of the prediction and of the gradient.
typedef struct {
    ccudakernels_address prediction, target, losses; // [rows, columns], float32 the same, float32 [rows]
    ccudakernels_address gradient;                   // optional [rows, columns]
    int64_t rows, columns;
    float weight;
} ccudakernels_absolute_error_arguments;

// Elements that one block takes where several share a row, and the most rows and blocks of a row that do so.
#define CCUDAKERNELS_ARGMAX_CHUNK 4096
#define CCUDAKERNELS_ARGMAX_ROWS 64
#define CCUDAKERNELS_ARGMAX_PARTS 64

// argmax_rows: grid (rows, parts), block 512, of which each takes `part_columns`, a multiple of 8.
typedef struct {
    ccudakernels_address input, output; // float32 [rows, columns], int32 [rows]
    ccudakernels_address partials;      // 8 bytes for each part of each row; optional where a row has one part
    int64_t rows, columns, part_columns;
} ccudakernels_argmax_arguments;
