// Products by oneDNN 2, in float32 and bfloat16. One thread for each block; primitives are made once for each shape.
#include "Library.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

// From oneapi/dnnl/dnnl_types.h of version 2. Descriptors are only passed by address, so their room is what matters:
// version 2.6 has 696 bytes for a memory's and 2800 for a matmul's.
enum { CPU = 1, IN_ORDER = 1, ANY_LAYOUT = 1, BFLOAT16 = 2, FLOAT32 = 3, USER_SCRATCHPAD = 1 };
enum { QUERY_WEIGHTS = 131, QUERY_SCRATCHPAD = 136 };
enum { ARGUMENT_SOURCE = 1, ARGUMENT_TARGET = 17, ARGUMENT_WEIGHTS = 33, ARGUMENT_SCRATCHPAD = 80 };
typedef struct { _Alignas(16) char bytes[1024]; } memory_description;
typedef struct { _Alignas(16) char bytes[8192]; } product_description;
typedef struct { int argument; void *memory; } execution_argument;
_Static_assert(sizeof(execution_argument) == 16, "an argument is a number and a pointer");

// The functions that are used, by their names without "dnnl_".
#define FUNCTIONS(F)                                                                                                  \
    F(engine_create, (void **engine, int kind, size_t index))                                                         \
    F(engine_destroy, (void *engine))                                                                                 \
    F(stream_create, (void **stream, void *engine, unsigned flags))                                                   \
    F(stream_destroy, (void *stream))                                                                                 \
    F(memory_desc_init_by_strides, (void *made, int axes, const int64_t *extents, int type, const int64_t *strides))  \
    F(memory_desc_init_by_tag, (void *made, int axes, const int64_t *extents, int type, int tag))                     \
    F(matmul_desc_init, (void *made, const void *a, const void *b, const void *bias, const void *output))             \
    F(primitive_attr_create, (void **attributes))                                                                     \
    F(primitive_attr_destroy, (void *attributes))                                                                     \
    F(primitive_attr_set_scratchpad_mode, (void *attributes, int mode))                                               \
    F(primitive_desc_create, (void **made, const void *from, const void *attributes, void *engine, const void *hint)) \
    F(reorder_primitive_desc_create, (void **, const void *from, void *, const void *to, void *, const void *))       \
    F(primitive_desc_destroy, (void *description))                                                                    \
    F(primitive_create, (void **primitive, const void *description))                                                  \
    F(primitive_destroy, (void *primitive))                                                                           \
    F(primitive_execute, (const void *primitive, void *stream, int count, const execution_argument *))                \
    F(memory_create, (void **memory, const void *description, void *engine, void *data))                              \
    F(memory_destroy, (void *memory))

// One kind of block.
typedef struct {
    ptrdiff_t rows, columns, depth, a_row, a_depth, b_depth, b_column;
    int type, packed;
} shape_key;

typedef struct {
    shape_key key;
    void *description, *primitive; // the product
    void *layout_description;      // its owner keeps the packed columns' layout alive
    const void *layout;            // NULL unless packed
    void *reorder_description, *reorder;
    memory_description a, b, output;
} shape_entry;

typedef struct {
#define POINTER(name, arguments) int (*name) arguments;
    FUNCTIONS(POINTER)
    const void *(*query_md)(const void *description, int what, int index);
    size_t (*memory_size)(const void *description);
    void (*set_threads)(int);
    void *engine, *stream, *attributes;
    shape_entry **entries;
    size_t count, capacity;
} onednn_state;

static shape_key key_of(const ckernels_matmul_call *call, ptrdiff_t rows, ptrdiff_t columns, bool packed) {
    shape_key key;
    memset(&key, 0, sizeof key);
    key.rows = rows, key.columns = columns, key.depth = call->k;
    key.a_row = call->a_row, key.a_depth = call->a_depth, key.b_depth = call->b_depth, key.b_column = call->b_column;
    key.type = call->a.type == CKERNELS_FLOAT32 ? FLOAT32 : BFLOAT16;
    key.packed = packed;
    return key;
}

static shape_entry *find(const onednn_state *state, shape_key key) {
    for (size_t i = 0; i < state->count; i++) {
        if (memcmp(&state->entries[i]->key, &key, sizeof key) == 0) return state->entries[i];
    }
    return NULL;
}

static void destroy_entry(onednn_state *state, shape_entry *entry) {
    if (entry->primitive != NULL) state->primitive_destroy(entry->primitive);
    if (entry->reorder != NULL) state->primitive_destroy(entry->reorder);
    if (entry->description != NULL) state->primitive_desc_destroy(entry->description);
    if (entry->layout_description != NULL) state->primitive_desc_destroy(entry->layout_description);
    if (entry->reorder_description != NULL) state->primitive_desc_destroy(entry->reorder_description);
    free(entry);
}

// Room for one more entry, zeroed.
static shape_entry *new_entry(onednn_state *state) {
    if (state->count == state->capacity) {
        size_t capacity = 2 * state->capacity + 16;
        shape_entry **grown = realloc(state->entries, capacity * sizeof *grown);
        if (grown == NULL) return NULL;
        state->entries = grown;
        state->capacity = capacity;
    }
    return aligned_alloc(16, (sizeof(shape_entry) + 15) / 16 * 16);
}

// The rows for which the layout of packed columns is asked; any number gives a layout that every product can read.
#define LAYOUT_ROWS 256

// Asks for the layout that oneDNN likes best for these columns.
static int choose_layout(onednn_state *state, shape_entry *entry) {
    const shape_key *key = &entry->key;
    int64_t a_extents[12] = {LAYOUT_ROWS, key->depth}, a_strides[12] = {key->depth, 1};
    int64_t b_extents[12] = {key->depth, key->columns};
    int64_t extents[12] = {LAYOUT_ROWS, key->columns}, strides[12] = {key->columns, 1};
    memory_description a, b, output;
    product_description product;
    memset(&product, 0, sizeof product);
    int status = state->memory_desc_init_by_strides(&a, 2, a_extents, key->type, a_strides);
    if (status == 0) status = state->memory_desc_init_by_tag(&b, 2, b_extents, key->type, ANY_LAYOUT);
    if (status == 0) status = state->memory_desc_init_by_strides(&output, 2, extents, FLOAT32, strides);
    if (status == 0) status = state->matmul_desc_init(&product, &a, &b, NULL, &output);
    if (status == 0) {
        status = state->primitive_desc_create(
            &entry->layout_description, &product, state->attributes, state->engine, NULL);
    }
    if (status == 0) entry->layout = state->query_md(entry->layout_description, QUERY_WEIGHTS, 0);
    return status;
}

static int make_reorder(onednn_state *state, shape_entry *entry) {
    int status = state->reorder_primitive_desc_create(
        &entry->reorder_description, &entry->b, state->engine, entry->layout, state->engine, state->attributes);
    return status == 0 ? state->primitive_create(&entry->reorder, entry->reorder_description) : status;
}

static int make_product(onednn_state *state, shape_entry *entry) {
    const shape_key *key = &entry->key;
    int64_t a_extents[12] = {key->rows, key->depth}, a_strides[12] = {key->a_row, key->a_depth};
    int64_t b_extents[12] = {key->depth, key->columns}, b_strides[12] = {key->b_depth, key->b_column};
    int64_t extents[12] = {key->rows, key->columns}, strides[12] = {key->columns, 1};
    product_description product;
    memset(&product, 0, sizeof product);
    int status = state->memory_desc_init_by_strides(&entry->a, 2, a_extents, key->type, a_strides);
    if (status == 0) status = state->memory_desc_init_by_strides(&entry->b, 2, b_extents, key->type, b_strides);
    if (status == 0) status = state->memory_desc_init_by_strides(&entry->output, 2, extents, FLOAT32, strides);
    if (status == 0 && key->packed) status = choose_layout(state, entry);
    if (status == 0 && key->packed) status = make_reorder(state, entry);
    const void *b = entry->layout != NULL ? entry->layout : &entry->b;
    if (status == 0) status = state->matmul_desc_init(&product, &entry->a, b, NULL, &entry->output);
    if (status == 0) {
        status = state->primitive_desc_create(&entry->description, &product, state->attributes, state->engine, NULL);
    }
    return status == 0 ? state->primitive_create(&entry->primitive, entry->description) : status;
}

static int prepare(
    ckernels_library *library, const ckernels_matmul_call *call, ptrdiff_t rows, ptrdiff_t columns, bool packed, size_t
    *scratch
) {
    onednn_state *state = library->state;
    shape_key key = key_of(call, rows, columns, packed);
    shape_entry *entry = find(state, key);
    if (entry == NULL) {
        entry = new_entry(state);
        if (entry == NULL) return -1;
        memset(entry, 0, sizeof *entry);
        entry->key = key;
        state->set_threads(1);
        int status = make_product(state, entry);
        if (status != 0) {
            destroy_entry(state, entry);
            return status;
        }
        state->entries[state->count++] = entry;
    }
    size_t needed = state->memory_size(state->query_md(entry->description, QUERY_SCRATCHPAD, 0));
    if (needed > *scratch) *scratch = needed;
    return 0;
}

// Runs a primitive over up to four operands.
static int execute(
    onednn_state *state, const void *primitive, int count, const int *arguments, const void *const *descriptions, void
    *const *data
) {
    execution_argument made[4] = {0};
    int status = 0, made_count = 0;
    state->set_threads(1); // of the calling thread
    for (; status == 0 && made_count < count; made_count++) {
        made[made_count].argument = arguments[made_count];
        void **memory = &made[made_count].memory;
        status = state->memory_create(memory, descriptions[made_count], state->engine, data[made_count]);
    }
    if (status == 0) status = state->primitive_execute(primitive, state->stream, count, made);
    for (int i = 0; i < made_count; i++) {
        if (made[i].memory != NULL) state->memory_destroy(made[i].memory);
    }
    return status;
}

static void *element(ckernels_array array, ptrdiff_t place) {
    return (char *)array.data + place * (array.type == CKERNELS_FLOAT32 ? 4 : 2);
}

static int multiply(ckernels_library *library, const library_block *block) {
    onednn_state *state = library->state;
    const ckernels_matmul_call *call = block->call;
    const shape_entry *entry = find(state, key_of(call, block->rows, block->columns, block->packed != NULL));
    if (entry == NULL) return -1;
    const int arguments[] = {ARGUMENT_SOURCE, ARGUMENT_WEIGHTS, ARGUMENT_TARGET, ARGUMENT_SCRATCHPAD};
    const void *descriptions[] = {
        &entry->a, entry->layout != NULL ? entry->layout : &entry->b, &entry->output,
        state->query_md(entry->description, QUERY_SCRATCHPAD, 0)};
    void *b = block->packed != NULL ? (void *)block->packed : element(call->b, block->column * call->b_column);
    void *data[] = {element(call->a, block->row * call->a_row), b, block->sums, block->scratch};
    return execute(state, entry->primitive, 4, arguments, descriptions, data);
}

static size_t packed_columns_size(ckernels_library *library, const ckernels_matmul_call *call, ptrdiff_t columns) {
    onednn_state *state = library->state;
    size_t scratch = 0;
    if (prepare(library, call, call->m, columns, true, &scratch) != 0) return 0;
    size_t size = state->memory_size(find(state, key_of(call, call->m, columns, true))->layout);
    return (size + 63) / 64 * 64;
}

static int pack_columns(
    ckernels_library *library, const ckernels_matmul_call *call, ptrdiff_t column, ptrdiff_t columns, void *packed
) {
    onednn_state *state = library->state;
    const shape_entry *entry = find(state, key_of(call, call->m, columns, true));
    if (entry == NULL) return -1;
    const int arguments[] = {ARGUMENT_SOURCE, ARGUMENT_TARGET};
    const void *descriptions[] = {&entry->b, entry->layout};
    void *data[] = {element(call->b, column * call->b_column), packed};
    return execute(state, entry->reorder, 2, arguments, descriptions, data);
}

static void close_onednn(ckernels_library *library) {
    onednn_state *state = library->state;
    for (size_t i = 0; i < state->count; i++) destroy_entry(state, state->entries[i]);
    if (state->attributes != NULL) state->primitive_attr_destroy(state->attributes);
    if (state->stream != NULL) state->stream_destroy(state->stream);
    if (state->engine != NULL) state->engine_destroy(state->engine);
    free(state->entries);
    free(state);
}

static const char *load_functions(void *handle, onednn_state *state) {
#define LOAD(name, arguments)                                     \
    *(void **)&state->name = dlsym(handle, "dnnl_" #name);        \
    if (state->name == NULL) return "libdnnl.so.2 has no dnnl_" #name;
    FUNCTIONS(LOAD)
    *(void **)&state->query_md = dlsym(handle, "dnnl_primitive_desc_query_md");
    *(void **)&state->memory_size = dlsym(handle, "dnnl_memory_desc_get_size");
    // oneDNN is built on OpenMP: a thread that calls it says how many threads it may use.
    void *openmp = dlopen("libgomp.so.1", RTLD_NOW | RTLD_LOCAL);
    if (openmp != NULL) *(void **)&state->set_threads = dlsym(openmp, "omp_set_num_threads");
    bool complete = state->query_md != NULL && state->memory_size != NULL && state->set_threads != NULL;
    return complete ? NULL : "libdnnl.so.2 is not the OpenMP build of version 2";
}

const char *ckernels_open_onednn(ckernels_library *library) {
    onednn_state *state = calloc(1, sizeof *state);
    if (state == NULL) return "no memory";
    library->state = state;
    library->close = close_onednn;
    const char *reason = load_functions(library->handle, state);
    if (reason != NULL) return reason;
    if (state->engine_create(&state->engine, CPU, 0) != 0) return "oneDNN makes no engine for this processor";
    if (state->stream_create(&state->stream, state->engine, IN_ORDER) != 0) return "oneDNN makes no stream";
    if (state->primitive_attr_create(&state->attributes) != 0) return "oneDNN makes no attributes";
    if (state->primitive_attr_set_scratchpad_mode(state->attributes, USER_SCRATCHPAD) != 0) {
        return "oneDNN keeps its scratchpad";
    }
    library->prepare = prepare;
    library->multiply = multiply;
    library->packed_columns_size = packed_columns_size;
    library->pack_columns = pack_columns;
    return NULL;
}
