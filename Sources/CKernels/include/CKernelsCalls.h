// What kernels are asked: one struct for each kernel, filled by Swift from the calls of `Tensors/Backend`.
//
// Arrays are dense and row major. "Optional" arrays have NULL data.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The types of real elements.
typedef enum {
    CKERNELS_FLOAT32 = 0,
    CKERNELS_BFLOAT16 = 1,
    CKERNELS_FLOAT16 = 2,
} ckernels_type;

// Elements of one type.
typedef struct {
    void *data;
    ckernels_type type;
} ckernels_array;

// The kernels of `ckernels_run`; the comment says what an item is.
typedef enum {
    CKERNELS_FILL,                // elements
    CKERNELS_CONVERT,             // elements
    CKERNELS_ADD,                 // elements
    CKERNELS_SCALE,               // elements
    CKERNELS_DROPOUT,             // elements
    CKERNELS_GATHER_ROWS,         // rows of the output
    CKERNELS_SCATTER_ROWS,        // columns
    CKERNELS_COPY_BLOCKS,         // blocks
    CKERNELS_EXTRACT_PATCHES,     // patches
    CKERNELS_SUM_COLUMNS,         // columns
    CKERNELS_SUM_OF_SQUARES,      // chunks of CKERNELS_SQUARES_CHUNK elements
    CKERNELS_RMS_NORM,            // rows
    CKERNELS_RMS_NORM_INPUT,      // rows
    CKERNELS_RMS_NORM_WEIGHT,     // columns
    CKERNELS_LAYER_NORM,          // rows
    CKERNELS_LAYER_NORM_INPUT,    // rows
    CKERNELS_LAYER_NORM_WEIGHT,   // columns
    CKERNELS_GELU,                // elements
    CKERNELS_GELU_BACKWARD,       // elements
    CKERNELS_GATED_GELU,          // elements
    CKERNELS_GATED_GELU_BACKWARD, // elements
    CKERNELS_ROTARY,              // rows
    CKERNELS_SOFT_CAP,            // elements
    CKERNELS_CROSS_ENTROPY,       // rows
    CKERNELS_ARGMAX_ROWS,         // rows
    CKERNELS_ADAMW,               // elements
    CKERNELS_BLOCKWISE_ADAMW,     // blocks of CKERNELS_MOMENT_BLOCK elements
    CKERNELS_GRADIENT_DESCENT,    // elements
    CKERNELS_ADAFACTOR_ELEMENTS,  // elements
    CKERNELS_ADAFACTOR_ROWS,      // rows of all matrices
    CKERNELS_ADAFACTOR_COLUMNS,   // columns of all matrices
    CKERNELS_ADAFACTOR_FACTORS,   // matrices
    CKERNELS_ADAFACTOR_SQUARES,   // one
    CKERNELS_ADAFACTOR_UPDATE,    // elements
    CKERNELS_DEQUANTIZE,          // elements
    CKERNELS_SCALE_COLUMNS,       // rows
    CKERNELS_DOT_COLUMNS,         // columns
    CKERNELS_KERNEL_COUNT,
} ckernels_kernel;

#define CKERNELS_SQUARES_CHUNK 4096

typedef struct {
    ckernels_array output;
    float value;
} ckernels_fill_call;

// Also of CKERNELS_SCALE (`factor`), CKERNELS_GELU and CKERNELS_SOFT_CAP (`factor` is the cap).
typedef struct {
    ckernels_array input, output;
    float factor;
} ckernels_map_call;

// `output = a + scale * b`, where `b` has `period` elements and repeats.
typedef struct {
    ckernels_array a, b, output;
    ptrdiff_t period;
    float scale;
} ckernels_add_call;

typedef struct {
    ckernels_array input, output;
    float rate, kept_scale;
    uint32_t key_low, key_high;
} ckernels_dropout_call;

typedef struct {
    ckernels_array table, output;
    const int32_t *indices;
    ptrdiff_t columns;
    float scale;
} ckernels_gather_call;

typedef struct {
    ckernels_array source, output;
    const int32_t *indices;
    ptrdiff_t rows, columns;
    float scale;
    bool accumulate;
} ckernels_scatter_call;

// Copies block `i` of `byte_count` bytes from `i * source_stride` to `i * output_stride`.
typedef struct {
    const char *source;
    char *output;
    size_t byte_count, source_stride, output_stride;
} ckernels_copy_call;

typedef struct {
    const float *images; // [B, channels, height, width]
    ckernels_array output;
    ptrdiff_t channels, height, width, size;
} ckernels_patches_call;

typedef struct {
    ckernels_array input;
    float *output;
    ptrdiff_t rows, columns;
    bool accumulate;
} ckernels_sum_columns_call;

typedef struct {
    ckernels_array input;
    ptrdiff_t count;
    double *partials; // one for each chunk
} ckernels_squares_call;

// RMS norm and layer norm; `bias` and `mean` are of layer norm only, `residual` of RMS norm only.
typedef struct {
    ckernels_array input, weight, bias, residual, output;
    float *mean, *inverse; // optional, [R]
    ptrdiff_t columns;
    float epsilon;
} ckernels_norm_call;

// The gradients of both norms; `mean` is NULL for RMS norm.
typedef struct {
    ckernels_array output_gradient, input, weight, input_gradient;
    const float *mean, *inverse;
    float *weight_gradient, *bias_gradient; // optional, [D]
    ptrdiff_t rows, columns;
    bool accumulate_input, accumulate_parameters;
} ckernels_norm_backward_call;

typedef struct {
    ckernels_array output_gradient, input, input_gradient;
    bool accumulate;
} ckernels_gelu_backward_call;

typedef struct {
    ckernels_array gate, up, output;
} ckernels_gated_gelu_call;

typedef struct {
    ckernels_array output_gradient, gate, up, gate_gradient, up_gradient;
} ckernels_gated_gelu_backward_call;

typedef struct {
    ckernels_array input, output; // [R, heads, head_size]
    const int32_t *positions;
    const float *frequencies; // [head_size / 2]
    ptrdiff_t heads, head_size;
    bool inverse;
} ckernels_rotary_call;

typedef struct {
    const float *logits; // [R, columns]
    const int32_t *targets;
    const float *weights;
    float *losses;
    ckernels_array gradient; // optional
    ptrdiff_t columns;
    float soft_cap; // 0 for none
    float smoothing; // share of a target that is spread over all columns
    // Targets in spread_begin..<spread_end are bells of this deviation over these columns; deviation 0: none are.
    ptrdiff_t spread_begin, spread_end;
    float spread_deviation;
} ckernels_cross_entropy_call;

typedef struct {
    const float *input; // [R, columns]
    int32_t *output;
    ptrdiff_t columns;
} ckernels_argmax_call;

// One AdamW update; factors that do not change over elements are computed by the caller in float64.
typedef struct {
    ckernels_array parameter, gradient, first_moment, second_moment;
    ckernels_array rounded; // optional
    bool decay_last;        // transformers' order
    float gradient_scale, beta1, beta2, one_minus_beta1, one_minus_beta2;
    // The learning rate over the first bias correction; for transformers times the root of the second.
    float step_size;
    float second_correction; // root of the second bias correction, 1 for transformers
    float epsilon, decay;    // decay: 1 - learning rate * weight decay
} ckernels_adamw_call;

// Elements that share a scale of a moment in 8 bits.
#define CKERNELS_MOMENT_BLOCK 256

// `Tensors/Quantization/DynamicMap.swift` has the words.
typedef struct {
    const float *values;           // [256]
    const uint8_t *codes_of_steps; // [65536], of numbers from -1 to 1
} ckernels_dynamic_map;

// As ckernels_adamw_call, PyTorch's order; moments are codes, each times the scale of its block.
typedef struct {
    ckernels_array parameter, gradient;
    ckernels_array rounded; // optional
    uint8_t *first_codes, *second_codes;
    float *first_scales, *second_scales; // [blocks]
    ckernels_dynamic_map first_map, second_map;
    ptrdiff_t count;
    float gradient_scale, beta1, beta2, one_minus_beta1, one_minus_beta2;
    float step_size, second_correction, epsilon, decay;
} ckernels_blockwise_adamw_call;

// `p -= rate * (gradient_scale * g + decay * p)`.
typedef struct {
    ckernels_array parameter, gradient;
    ckernels_array rounded; // optional
    float gradient_scale, rate, decay;
} ckernels_descent_call;

// Adafactor's steps: mean squares of rows and columns, or of elements; factors; squares of all changes; the update.
typedef struct {
    ckernels_array parameter, gradient;
    ckernels_array rounded;            // optional
    float *row_squares;                // [matrices, rows]; without column_squares [elements]
    float *column_squares;             // optional [matrices, columns]
    float *row_factors;                // [matrices, rows], from ADAFACTOR_FACTORS on
    float *column_factors;             // [matrices, columns], likewise
    double *sum_of_squares;            // [1], of ADAFACTOR_SQUARES
    ptrdiff_t matrices, rows, columns; // rows and columns of one matrix
    float gradient_scale, kept, epsilon;
    float divisor, rate, decay; // decay: learning rate * weight decay
} ckernels_adafactor_call;

// A matrix in 4-bit NormalFloat; `Tensors/Quantization/NF4Matrix.swift` has the words.
typedef struct {
    const uint8_t *codes;                   // two elements a byte, the first in the upper half
    const float *scales;                    // one for each 64 elements; NULL where they are nested
    const uint8_t *scale_codes;             // nested: one for each 64 elements
    const float *scale_map, *outer_scales;  // nested: [256], and one for each 256 scales
    float offset;
    ckernels_type type; // what elements are rounded to
} ckernels_nf4;

typedef struct {
    ckernels_nf4 input;
    ckernels_array output;
} ckernels_dequantize_call;

// `output[i, j] = a[i, j] * factors[j]`, or `output[j] = sum over i of a[i, j] b[i, j]` in float32.
typedef struct {
    ckernels_array a, b, output;
    const float *factors; // [columns]
    ptrdiff_t rows, columns;
} ckernels_columns_call;

// `output (+)= alpha * a b + bias`. Element (i, l) of `a` lies at `i * a_row + l * a_depth`, (l, j) of `b` at
// `l * b_depth + j * b_column`; the output is [m, n].
typedef struct {
    ckernels_array a, b, output;
    ckernels_array bias; // optional, [n]
    ptrdiff_t m, n, k;
    ptrdiff_t a_row, a_depth, b_depth, b_column;
    float alpha;
    bool accumulate;
    const ckernels_nf4 *quantized_b; // NULL, or `b` in place of `b.data`; `b.type` is its type
} ckernels_matmul_call;

// Which columns a query may see in one example; `Tensors/Backend/AttentionCalls.swift` has the words.
typedef struct {
    ptrdiff_t key_begin, key_end, prefix_end;
} ckernels_visible;

typedef struct {
    ckernels_array q, k, v, output; // [B, queries, heads, d], [B, capacity, key_heads, d]
    float *log_sum_exp;             // optional, [B, heads, queries]
    const ckernels_visible *visible; // [B]
    ptrdiff_t batch, queries, capacity, heads, key_heads, head_size;
    ptrdiff_t query_offset, window; // window 0: none
    bool window_spares_prefix;
    float scale, soft_cap; // soft_cap 0: none
} ckernels_attention_call;

typedef struct {
    ckernels_attention_call forward; // with output and log_sum_exp as computed
    ckernels_array output_gradient, q_gradient, k_gradient, v_gradient;
} ckernels_attention_backward_call;
