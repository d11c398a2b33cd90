// Everything, compiled for one instruction set: the including file names TABLE, sizes of tiles, and pairs of bfloat16.

// Vectors wider than the machine's are never passed between functions that are not inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#include "Vector.h"
#include "Elementary.h"
#include "Elements.h"
#include "Sums.h"
#include "Norms.h"
#include "Activations.h"
#include "Rotary.h"
#include "Ends.h"
#include "Updates.h"
#include "Tile.h"
#include "Quantized.h"
#include "Columns.h"
#include "Matmul.h"
#include "Attention.h"
#include "AttentionBackward.h"

const ckernels_table TABLE = {
    .bodies = {
        [CKERNELS_FILL] = fill,
        [CKERNELS_CONVERT] = convert,
        [CKERNELS_ADD] = add,
        [CKERNELS_SCALE] = scale,
        [CKERNELS_DROPOUT] = dropout,
        [CKERNELS_GATHER_ROWS] = gather_rows,
        [CKERNELS_SCATTER_ROWS] = scatter_rows,
        [CKERNELS_COPY_BLOCKS] = copy_blocks,
        [CKERNELS_EXTRACT_PATCHES] = extract_patches,
        [CKERNELS_SUM_COLUMNS] = sum_columns,
        [CKERNELS_SUM_OF_SQUARES] = sum_of_squares,
        [CKERNELS_RMS_NORM] = rms_norm,
        [CKERNELS_RMS_NORM_INPUT] = norm_input,
        [CKERNELS_RMS_NORM_WEIGHT] = norm_parameters,
        [CKERNELS_LAYER_NORM] = layer_norm,
        [CKERNELS_LAYER_NORM_INPUT] = norm_input,
        [CKERNELS_LAYER_NORM_WEIGHT] = norm_parameters,
        [CKERNELS_GELU] = gelu,
        [CKERNELS_GELU_BACKWARD] = gelu_backward,
        [CKERNELS_GATED_GELU] = gated_gelu,
        [CKERNELS_GATED_GELU_BACKWARD] = gated_gelu_backward,
        [CKERNELS_ROTARY] = rotary,
        [CKERNELS_SOFT_CAP] = soft_cap,
        [CKERNELS_CROSS_ENTROPY] = cross_entropy,
        [CKERNELS_ARGMAX_ROWS] = argmax_rows,
        [CKERNELS_ADAMW] = adamw,
        [CKERNELS_BLOCKWISE_ADAMW] = blockwise_adamw,
        [CKERNELS_GRADIENT_DESCENT] = gradient_descent,
        [CKERNELS_ADAFACTOR_ELEMENTS] = adafactor_elements,
        [CKERNELS_ADAFACTOR_ROWS] = adafactor_rows,
        [CKERNELS_ADAFACTOR_COLUMNS] = adafactor_columns,
        [CKERNELS_ADAFACTOR_FACTORS] = adafactor_factors,
        [CKERNELS_ADAFACTOR_SQUARES] = adafactor_sum_of_squares,
        [CKERNELS_ADAFACTOR_UPDATE] = adafactor_update,
        [CKERNELS_DEQUANTIZE] = dequantize,
        [CKERNELS_SCALE_COLUMNS] = scale_columns,
        [CKERNELS_DOT_COLUMNS] = dot_columns,
    },
    .matmul = matmul,
    .packed_size = packed_size,
    .pack = pack_b,
    .finish_row = finish_wide_row,
    .attention = attention,
    .attention_backward = attention_backward,
};
