#include "CCUDAKernels.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>


_Static_assert(sizeof(ccudakernels_launch_attribute) == 72, "as cuda.h has it");
_Static_assert(sizeof(ccudakernels_launch_configuration) == 56, "as cuda.h has it");

// The kernels are part of the program: nothing is looked for beside it.
static const char arguments_text[] = {
#embed "include/CCUDAKernelsArguments.h"
    , 0};
static const char device_text[] = {
#embed "Kernels/Device.cuh"
    , 0};
static const char numbers_text[] = {
#embed "Kernels/Numbers.cuh"
    , 0};
static const char many_tensors_text[] = {
#embed "Kernels/ManyTensors.cuh"
    , 0};
static const char gelu_text[] = {
#embed "Kernels/Gelu.cuh"
    , 0};
static const char elements_text[] = {
#embed "Kernels/Elements.cu"
    , 0};
static const char rows_text[] = {
#embed "Kernels/Rows.cu"
    , 0};
static const char norms_text[] = {
#embed "Kernels/Norms.cu"
    , 0};
static const char few_row_tiles_text[] = {
#embed "Kernels/FewRowTiles.cuh"
    , 0};
static const char few_rows_text[] = {
#embed "Kernels/FewRows.cu"
    , 0};
static const char narrow_text[] = {
#embed "Kernels/Narrow.cuh"
    , 0};
static const char narrow_rows_text[] = {
#embed "Kernels/NarrowRows.cu"
    , 0};
static const char shallow_rows_text[] = {
#embed "Kernels/ShallowRows.cu"
    , 0};
static const char adapted_gelu_text[] = {
#embed "Kernels/AdaptedGelu.cu"
    , 0};
static const char narrow_gradients_text[] = {
#embed "Kernels/NarrowGradients.cu"
    , 0};
static const char quantized_text[] = {
#embed "Kernels/Quantized.cu"
    , 0};
static const char attention_masks_text[] = {
#embed "Kernels/AttentionMasks.cuh"
    , 0};
static const char attention_tiles_text[] = {
#embed "Kernels/AttentionTiles.cuh"
    , 0};
static const char attention_gradients_text[] = {
#embed "Kernels/AttentionGradients.cuh"
    , 0};
static const char attention_small_gradients_text[] = {
#embed "Kernels/AttentionSmallGradients.cuh"
    , 0};
static const char attention_large_gradients_text[] = {
#embed "Kernels/AttentionLargeGradients.cuh"
    , 0};
static const char attention_text[] = {
#embed "Kernels/Attention.cu"
    , 0};
static const char attention_backward_text[] = {
#embed "Kernels/AttentionBackward.cu"
    , 0};
static const char warpgroup_tiles_text[] = {
#embed "Kernels/WarpgroupTiles.cuh"
    , 0};
static const char attention_warpgroups_text[] = {
#embed "Kernels/AttentionWarpgroups.cu"
    , 0};
static const char attention_warpgroup_gradients_text[] = {
#embed "Kernels/AttentionWarpgroupGradients.cu"
    , 0};
static const char attention_plain_text[] = {
#embed "Kernels/AttentionPlain.cu"
    , 0};
static const char attention_rows_text[] = {
#embed "Kernels/AttentionRows.cu"
    , 0};
static const char ends_text[] = {
#embed "Kernels/Ends.cu"
    , 0};
static const char updates_text[] = {
#embed "Kernels/Updates.cu"
    , 0};
static const char adafactor_text[] = {
#embed "Kernels/Adafactor.cu"
    , 0};

#define SOURCE(name, text) {name, text, sizeof text - 1}

static const ccudakernels_source headers[] = {
    SOURCE("CCUDAKernelsArguments.h", arguments_text), SOURCE("Device.cuh", device_text),
    SOURCE("Numbers.cuh", numbers_text), SOURCE("Gelu.cuh", gelu_text),
    SOURCE("ManyTensors.cuh", many_tensors_text), SOURCE("FewRowTiles.cuh", few_row_tiles_text),
    SOURCE("Narrow.cuh", narrow_text),
    SOURCE("AttentionMasks.cuh", attention_masks_text), SOURCE("AttentionTiles.cuh", attention_tiles_text),
    SOURCE("AttentionGradients.cuh", attention_gradients_text),
    SOURCE("AttentionSmallGradients.cuh", attention_small_gradients_text),
    SOURCE("AttentionLargeGradients.cuh", attention_large_gradients_text),
    SOURCE("WarpgroupTiles.cuh", warpgroup_tiles_text),
};

static const ccudakernels_source elements = SOURCE("Elements.cu", elements_text);
static const ccudakernels_source rows = SOURCE("Rows.cu", rows_text);
static const ccudakernels_source norms = SOURCE("Norms.cu", norms_text);
static const ccudakernels_source few_rows = SOURCE("FewRows.cu", few_rows_text);
static const ccudakernels_source narrow_rows = SOURCE("NarrowRows.cu", narrow_rows_text);
static const ccudakernels_source shallow_rows = SOURCE("ShallowRows.cu", shallow_rows_text);
static const ccudakernels_source narrow_gradients = SOURCE("NarrowGradients.cu", narrow_gradients_text);
static const ccudakernels_source adapted_gelu = SOURCE("AdaptedGelu.cu", adapted_gelu_text);
static const ccudakernels_source quantized = SOURCE("Quantized.cu", quantized_text);
static const ccudakernels_source attention = SOURCE("Attention.cu", attention_text);
static const ccudakernels_source attention_backward = SOURCE("AttentionBackward.cu", attention_backward_text);
static const ccudakernels_source attention_warpgroups =
    SOURCE("AttentionWarpgroups.cu", attention_warpgroups_text);
static const ccudakernels_source attention_warpgroup_gradients =
    SOURCE("AttentionWarpgroupGradients.cu", attention_warpgroup_gradients_text);
static const ccudakernels_source attention_plain = SOURCE("AttentionPlain.cu", attention_plain_text);
static const ccudakernels_source attention_rows = SOURCE("AttentionRows.cu", attention_rows_text);
static const ccudakernels_source ends = SOURCE("Ends.cu", ends_text);
static const ccudakernels_source updates = SOURCE("Updates.cu", updates_text);
static const ccudakernels_source adafactor = SOURCE("Adafactor.cu", adafactor_text);

// One program for each type; of narrow types alone.
#define OF_TYPE(name, suffix, type, source, kernels, size, is_usual, is_for_warpgroups) \
    {name suffix, &source, kernels, size, type, is_usual, is_for_warpgroups}
#define OF_NARROW_TYPES(name, ...)                                        \
    OF_TYPE(name, "_bfloat16", CCUDAKERNELS_BFLOAT16, __VA_ARGS__),       \
    OF_TYPE(name, "_float16", CCUDAKERNELS_FLOAT16, __VA_ARGS__)
#define OF_TYPES(name, ...)                                               \
    OF_TYPE(name, "_float32", CCUDAKERNELS_FLOAT32, __VA_ARGS__),         \
    OF_NARROW_TYPES(name, __VA_ARGS__)

#define ATTENTION(size, is_usual)                                                                                      \
    OF_NARROW_TYPES("attention_backward_" #size, attention_backward, "attention_gradients,", size, is_usual, 0),      \
    OF_NARROW_TYPES("attention_" #size, attention, "attention,attention_decode,", size, is_usual, 0)

// Those that take long to compile come first, so that none is begun when the others are almost done.
static const ccudakernels_program programs[] = {
    OF_NARROW_TYPES(
        "narrow_rows", narrow_rows, "narrow_rows,narrow_rows_wide,", 0, 1, 0),
    OF_NARROW_TYPES(
        "attention_warpgroup_gradients_256", attention_warpgroup_gradients, "attention_gradients_warpgroups,", 256, 1,
        1),
    OF_NARROW_TYPES("attention_warpgroups_256", attention_warpgroups, "attention_warpgroups,", 256, 1, 1),
    OF_NARROW_TYPES("attention_warpgroups_72", attention_warpgroups, "attention_warpgroups,", 72, 1, 1),
    OF_TYPES(
        "norms", norms, "rms_norm,rms_norm_pair,layer_norm,norm_input,norm_parameters,rotary,rotary_cache,", 0, 1, 0),
    ATTENTION(256, 1), ATTENTION(72, 1),
    OF_NARROW_TYPES(
        "adapted_gelu", adapted_gelu,
        "adapted_gelu,adapted_gelu_wide,adapted_gelu_backward,adapted_gelu_backward_wide,join_partials,", 0, 1, 0),
    OF_NARROW_TYPES("shallow_rows", shallow_rows, "shallow_rows,shallow_rows_deep,", 0, 1, 0),
    OF_NARROW_TYPES("narrow_gradients", narrow_gradients, "narrow_gradient,narrow_gradient_wide,", 0, 1, 0),
    {"updates", &updates,
     "adamw_of_many,descent_of_many,blockwise_adamw_of_many,squares_of_many,finish_squares_of_many,", 0, -1, 1, 0},
    OF_TYPES(
        "elements", elements,
        "fill,convert,add,scale,dropout,gelu,gelu_backward,gated_gelu,gated_gelu_backward,soft_cap,extract_patches,"
        "extract_byte_patches,", 0, 1, 0),
    OF_TYPES("few_rows", few_rows, "few_rows,few_rows_gated,few_rows_plain,", 0, 1, 0),
    OF_TYPES(
        "rows", rows,
        "gather_rows,scatter_rows,copy_blocks,write_cache,scale_columns,sum_columns,dot_columns,finish_columns,"
        "sum_of_squares,finish_squares,", 0, 1, 0),
    OF_TYPES("ends", ends, "cross_entropy,absolute_error,argmax_rows,", 0, 1, 0),
    OF_TYPES("attention_rows", attention_rows, "attention_delta,attention_join_gradients,", 0, 1, 0),
    OF_TYPES(
        "attention_plain", attention_plain,
        "attention_plain,attention_plain_key_gradient,attention_plain_query_gradient,", 0, 0, 0),
    OF_TYPES("quantized", quantized, "dequantize,few_rows_nf4,", 0, 0, 0),
    ATTENTION(64, 0), ATTENTION(80, 0), ATTENTION(128, 0),
    {"adafactor", &adafactor,
     "adafactor_squares,adafactor_means,adafactor_row_means,adafactor_changes,adafactor_divisors,adafactor_update,", 0,
     -1, 0, 0},
};

#define COUNT(array) (int32_t)(sizeof array / sizeof *array)

int32_t ccudakernels_header_count(void) {
    return COUNT(headers);
}

const ccudakernels_source *ccudakernels_header_at(int32_t index) {
    return index >= 0 && index < COUNT(headers) ? &headers[index] : NULL;
}

int32_t ccudakernels_program_count(void) {
    return COUNT(programs);
}

const ccudakernels_program *ccudakernels_program_at(int32_t index) {
    return index >= 0 && index < COUNT(programs) ? &programs[index] : NULL;
}

// Whether `kernel` is the stem of `length` letters, alone or followed by types that make it one of the program's type,
// and by its head size, where the program has one.
static int belongs(const char *kernel, const char *stem, size_t length, const ccudakernels_program *program) {
    static const char *types[] = {"_float32", "_bfloat16", "_float16"}; // as `ccudakernels_type` counts them
    if (strncmp(kernel, stem, length) != 0) return 0;
    const char *rest = kernel + length;
    int32_t type = CCUDAKERNELS_FLOAT32;
    for (size_t i = 0; *rest != 0 && i < sizeof types / sizeof *types; i++) {
        size_t type_length = strlen(types[i]);
        if (strncmp(rest, types[i], type_length) != 0) continue;
        rest += type_length;
        if ((int32_t)i > type) type = (int32_t)i;
        i = (size_t)-1; // another type may follow
    }
    char suffix[16] = "";
    if (program->head_size != 0) snprintf(suffix, sizeof suffix, "_%d", (int)program->head_size);
    return strcmp(rest, suffix) == 0 && (program->type < 0 || program->type == type);
}

int32_t ccudakernels_program_of(const char *kernel) {
    for (int32_t index = 0; index < COUNT(programs); index++) {
        const char *stem = programs[index].kernels;
        for (const char *end; (end = strchr(stem, ',')) != NULL; stem = end + 1) {
            if (belongs(kernel, stem, (size_t)(end - stem), &programs[index])) return index;
        }
    }
    return -1;
}
