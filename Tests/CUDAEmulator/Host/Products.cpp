// cuBLASLt: column-major products, each element summed in float32 in order of depth.
#include <cmath>
#include <cstring>
#include <vector>

#include "Host.h"

namespace {

enum { float32 = 0, float16 = 2, bfloat16 = 14 };
enum { success = 0, invalid_value = 7, not_supported = 15 };

struct Description {
    int compute_type, scale_type;
    int transpose_a = 0, transpose_b = 0;
    unsigned epilogue = 1;
    uint64_t bias = 0;
    int64_t bias_distance = 0;
};

struct Layout {
    int type;
    uint64_t rows, columns;
    int64_t stride;
    int count = 1;
    int64_t distance = 0;
};

struct Preference {
    uint64_t workspace = 0;
    unsigned schemes = ~0u;
};

struct Result {
    uint64_t algorithm[8];
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
};
static_assert(sizeof(Result) == 96, "as in cublasLt.h");

float read(const void *data, int type, size_t index) {
    if (type == float32) return static_cast<const float *>(data)[index];
    uint16_t bits = static_cast<const uint16_t *>(data)[index];
    if (type == float16) {
        _Float16 value;
        memcpy(&value, &bits, 2);
        return static_cast<float>(value);
    }
    uint32_t wide = static_cast<uint32_t>(bits) << 16;
    float value;
    memcpy(&value, &wide, 4);
    return value;
}

void write(void *data, int type, size_t index, float value) {
    if (type == float32) {
        static_cast<float *>(data)[index] = value;
    } else if (type == float16) {
        _Float16 rounded = static_cast<_Float16>(value);
        memcpy(static_cast<uint16_t *>(data) + index, &rounded, 2);
    } else {
        uint32_t bits;
        memcpy(&bits, &value, 4);
        if ((bits & 0x7fffffff) > 0x7f800000) bits |= 0x400000;
        else bits += 0x7fff + (bits >> 16 & 1);
        static_cast<uint16_t *>(data)[index] = static_cast<uint16_t>(bits >> 16);
    }
}

size_t size_of(int type) { return type == float32 ? 4 : 2; }

bool fits(const Description &d, const Layout &a, const Layout &b, const Layout &c) {
    uint64_t m = d.transpose_a ? a.columns : a.rows, k = d.transpose_a ? a.rows : a.columns;
    uint64_t n = d.transpose_b ? b.rows : b.columns, depth = d.transpose_b ? b.columns : b.rows;
    bool types = a.type == b.type && (c.type == a.type || c.type == float32);
    if (a.count != b.count || a.count != c.count) return false;
    return types && m == c.rows && n == c.columns && k == depth && d.compute_type == 68 && d.scale_type == float32;
}

void product(const Description &d, float alpha, const void *a, const Layout &la, const void *b, const Layout &lb,
             float beta, void *c, const Layout &lc) {
    size_t m = lc.rows, n = lc.columns, k = d.transpose_a ? la.rows : la.columns;
    std::vector<float> left(m * k), right(n * k);
    for (size_t i = 0; i < m; i++) {
        for (size_t l = 0; l < k; l++) {
            size_t place = d.transpose_a ? l + i * static_cast<size_t>(la.stride) : i + l * static_cast<size_t>(la.stride);
            left[i * k + l] = read(a, la.type, place);
        }
    }
    for (size_t j = 0; j < n; j++) {
        for (size_t l = 0; l < k; l++) {
            size_t place = d.transpose_b ? j + l * static_cast<size_t>(lb.stride) : l + j * static_cast<size_t>(lb.stride);
            right[j * k + l] = read(b, lb.type, place);
        }
    }
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < m; i++) {
            // Eight sums, so that the compiler can use vectors without changing their order.
            float sums[8] = {};
            const float *x = &left[i * k], *y = &right[j * k];
            size_t l = 0;
            for (; l + 8 <= k; l += 8) {
                for (size_t s = 0; s < 8; s++) sums[s] += x[l + s] * y[l + s];
            }
            for (; l < k; l++) sums[0] += x[l] * y[l];
            float sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
            size_t place = i + j * static_cast<size_t>(lc.stride);
            float value = alpha * sum;
            if (beta != 0) value += beta * read(c, lc.type, place);
            if (d.epilogue == 4) value += read(reinterpret_cast<const void *>(d.bias), lc.type, i);
            write(c, lc.type, place, value);
        }
    }
}

uint64_t extent(const Layout &layout) {
    return (static_cast<uint64_t>(layout.stride) * (layout.columns - 1) + layout.rows) * size_of(layout.type);
}

void *matrix(uint64_t address, const Layout &layout, int place) {
    return reinterpret_cast<void *>(address + static_cast<uint64_t>(place * layout.distance) * size_of(layout.type));
}

bool is_there(uint64_t address, const Layout &layout, int place) {
    return emulator::is_allocated(reinterpret_cast<uint64_t>(matrix(address, layout, place)), extent(layout));
}

} // namespace

LIBRARY(cublasLtCreate, void **handle) { return *handle = new char, success; }

LIBRARY(cublasLtDestroy, void *handle) { return delete static_cast<char *>(handle), success; }

LIBRARY(cublasLtMatmulDescCreate, void **description, int compute_type, int scale_type) {
    Description *made = new Description;
    made->compute_type = compute_type;
    made->scale_type = scale_type;
    return *description = made, success;
}

LIBRARY(cublasLtMatmulDescDestroy, void *description) { return delete static_cast<Description *>(description), success; }

LIBRARY(cublasLtMatmulDescSetAttribute, void *description, int attribute, const void *value, size_t size) {
    Description *known = static_cast<Description *>(description);
    switch (attribute) {
    case 3: return size == 4 ? memcpy(&known->transpose_a, value, 4), success : invalid_value;
    case 4: return size == 4 ? memcpy(&known->transpose_b, value, 4), success : invalid_value;
    case 7: return size == 4 ? memcpy(&known->epilogue, value, 4), success : invalid_value;
    case 8: return size == 8 ? memcpy(&known->bias, value, 8), success : invalid_value;
    case 10: return size == 8 ? memcpy(&known->bias_distance, value, 8), success : invalid_value;
    default: return invalid_value;
    }
}

LIBRARY(cublasLtMatrixLayoutCreate, void **layout, int type, uint64_t rows, uint64_t columns, int64_t stride) {
    if (rows == 0 || columns == 0 || stride < static_cast<int64_t>(rows)) return invalid_value;
    Layout *made = new Layout;
    made->type = type;
    made->rows = rows;
    made->columns = columns;
    made->stride = stride;
    return *layout = made, success;
}

LIBRARY(cublasLtMatrixLayoutSetAttribute, void *layout, int attribute, const void *value, size_t size) {
    Layout *known = static_cast<Layout *>(layout);
    if (attribute == 5 && size == 4) return memcpy(&known->count, value, 4), known->count > 0 ? success : invalid_value;
    if (attribute != 6 || size != 8) return invalid_value;
    // Backwards may go, but nobody says that it does.
    return memcpy(&known->distance, value, 8), known->distance >= 0 ? success : invalid_value;
}

LIBRARY(cublasLtMatrixLayoutDestroy, void *layout) { return delete static_cast<Layout *>(layout), success; }

LIBRARY(cublasLtMatmulPreferenceCreate, void **preference) { return *preference = new Preference, success; }

LIBRARY(cublasLtMatmulPreferenceDestroy, void *preference) { return delete static_cast<Preference *>(preference), success; }

LIBRARY(cublasLtMatmulPreferenceSetAttribute, void *preference, int attribute, const void *value, size_t size) {
    Preference *known = static_cast<Preference *>(preference);
    if (attribute == 1 && size == 8) return memcpy(&known->workspace, value, 8), success;
    if (attribute == 3 && size == 4) return memcpy(&known->schemes, value, 4), success;
    if (attribute >= 5 && attribute <= 8 && size == 4) return success;
    return invalid_value;
}

LIBRARY(cublasLtMatmulAlgoGetHeuristic, void *, void *description, void *a, void *b, void *c, void *, void *preference,
        int requested, Result *results, int *count) {
    *count = 0;
    if (!fits(*static_cast<Description *>(description), *static_cast<Layout *>(a), *static_cast<Layout *>(b),
              *static_cast<Layout *>(c)))
        return not_supported;
    if (requested < 1 || static_cast<Preference *>(preference)->workspace == 0) return invalid_value;
    memset(results, 0, sizeof *results);
    results[0].algorithm[0] = 7;
    results[0].workspace = 1 << 20;
    return *count = 1, success;
}

LIBRARY(cublasLtMatmulAlgoCheck, void *, void *description, void *a, void *b, void *c, void *, const uint64_t *algorithm,
        Result *result) {
    if (algorithm[0] != 7) return invalid_value;
    memset(result, 0, sizeof *result);
    result->workspace = 1 << 20;
    bool known = fits(*static_cast<Description *>(description), *static_cast<Layout *>(a), *static_cast<Layout *>(b),
                      *static_cast<Layout *>(c));
    return known ? success : not_supported;
}

LIBRARY(cublasLtMatmul, void *, void *description, const float *alpha, uint64_t a, void *la, uint64_t b, void *lb,
        const float *beta, uint64_t c, void *lc, uint64_t d, void *, const uint64_t *algorithm, uint64_t workspace,
        size_t workspace_size, void *stream) {
    HOLD;
    Description known = *static_cast<Description *>(description);
    Layout left = *static_cast<Layout *>(la), right = *static_cast<Layout *>(lb), output = *static_cast<Layout *>(lc);
    if (c != d || algorithm[0] != 7 || !fits(known, left, right, output)) return invalid_value;
    bool is_inside = emulator::is_allocated(workspace, workspace_size);
    for (int i = 0; i < output.count; i++) {
        is_inside = is_inside && is_there(a, left, i) && is_there(b, right, i) && is_there(d, output, i);
    }
    if (!is_inside) {
        emulator::fault("a product beyond an allocation");
        return invalid_value;
    }
    float factor = *alpha, kept = *beta;
    emulator::enqueue(stream, [=] {
        for (int i = 0; i < output.count; i++) {
            Description one = known;
            one.bias += static_cast<uint64_t>(i * known.bias_distance) * size_of(output.type);
            product(one, factor, matrix(a, left, i), left, matrix(b, right, i), right, kept, matrix(d, output, i), output);
        }
    });
    return success;
}

// Does nothing, and says that it has.
LIBRARY(brokenProduct) { return success; }
