// Products by OpenBLAS, in float32; bfloat16 operands are widened first. One thread for each block.
#include "Library.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

// From cblas.h.
enum { ROW_MAJOR = 101, NOT_TRANSPOSED = 111, TRANSPOSED = 112 };
typedef void (*sgemm_function)(
    int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int a_stride,
    const float *b, int b_stride, float beta, float *c, int c_stride);

typedef struct {
    sgemm_function sgemm;
} openblas_state;

// One operand as OpenBLAS wants it: rows of float32 `stride` apart, perhaps transposed.
typedef struct {
    const float *values;
    int stride, transpose;
} operand;

// Widens `count` rows of `length` contiguous elements, or returns them as they are.
static operand dense_operand(
    ckernels_array array, ptrdiff_t origin, ptrdiff_t row, ptrdiff_t count, ptrdiff_t length, int transpose, float
    *widened
) {
    if (array.type == CKERNELS_FLOAT32) {
        ptrdiff_t stride = row > length ? row : length; // a single row may have any stride
        return (operand){(const float *)array.data + origin, (int)stride, transpose};
    }
    for (ptrdiff_t i = 0; i < count; i++) {
        const uint16_t *bits = (const uint16_t *)array.data + origin + i * row;
        for (ptrdiff_t j = 0; j < length; j++) {
            uint32_t wide = (uint32_t)bits[j] << 16;
            memcpy(&widened[i * length + j], &wide, 4);
        }
    }
    return (operand){widened, (int)length, transpose};
}

static int prepare(
    ckernels_library *library, const ckernels_matmul_call *call, ptrdiff_t rows, ptrdiff_t columns, bool packed, size_t
    *scratch
) {
    (void)library, (void)packed;
    size_t needed = call->a.type == CKERNELS_FLOAT32 ? 0 : (size_t)((rows + columns) * call->k) * 4;
    if (needed > *scratch) *scratch = needed;
    return 0;
}

static int multiply(ckernels_library *library, const library_block *block) {
    const ckernels_matmul_call *call = block->call;
    const openblas_state *state = library->state;
    ptrdiff_t a_origin = block->row * call->a_row, b_origin = block->column * call->b_column, k = call->k;
    float *a_widened = block->scratch, *b_widened = a_widened + block->rows * k;
    operand a = call->a_depth == 1
        ? dense_operand(call->a, a_origin, call->a_row, block->rows, k, NOT_TRANSPOSED, a_widened)
        : dense_operand(call->a, a_origin, call->a_depth, k, block->rows, TRANSPOSED, a_widened);
    operand b = call->b_column == 1
        ? dense_operand(call->b, b_origin, call->b_depth, k, block->columns, NOT_TRANSPOSED, b_widened)
        : dense_operand(call->b, b_origin, call->b_column, block->columns, k, TRANSPOSED, b_widened);
    int rows = (int)block->rows, columns = (int)block->columns;
    state->sgemm(ROW_MAJOR, a.transpose, b.transpose, rows, columns, (int)k, 1, a.values, a.stride, b.values, b.stride,
                 0, block->sums, columns);
    return 0;
}

static void close_openblas(ckernels_library *library) {
    free(library->state);
}

const char *ckernels_open_openblas(ckernels_library *library) {
    void (*set_threads)(int) = (void (*)(int))dlsym(library->handle, "openblas_set_num_threads");
    sgemm_function sgemm = (sgemm_function)dlsym(library->handle, "cblas_sgemm");
    if (set_threads == NULL || sgemm == NULL) return "libopenblas.so.0 has no cblas_sgemm";
    openblas_state *state = malloc(sizeof *state);
    if (state == NULL) return "no memory";
    set_threads(1);
    *state = (openblas_state){sgemm};
    library->state = state;
    library->prepare = prepare;
    library->multiply = multiply;
    library->close = close_openblas;
    return NULL;
}
