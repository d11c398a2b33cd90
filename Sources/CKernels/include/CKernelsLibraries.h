// Products of matrices by foreign libraries, opened at run time: a program starts without them, and runs where they are
// missing.
#pragma once

#include "CKernelsCalls.h"

typedef struct ckernels_engine ckernels_engine;

// The libraries that are known.
typedef enum {
    CKERNELS_ONEDNN,
    CKERNELS_OPENBLAS,
} ckernels_library_kind;

// An opened library and what it keeps between calls. Used with one engine, by one thread at a time.
typedef struct ckernels_library ckernels_library;

// Opens a library, or returns NULL and sets `*reason` to a text of the system or a constant one.
ckernels_library *ckernels_library_open(ckernels_library_kind kind, const char **reason);
void ckernels_library_close(ckernels_library *library);

// As `ckernels_matmul`, `ckernels_packed_size` and `ckernels_pack`. A size of 0 says that the library packs nothing.
// Status 0, -1 if memory cannot be had, else the library's.
int ckernels_library_matmul(
    ckernels_engine *engine, ckernels_library *library, const ckernels_matmul_call *call, const void *packed);
size_t ckernels_library_packed_size(ckernels_library *library, const ckernels_matmul_call *call);
int ckernels_library_pack(
    ckernels_engine *engine, ckernels_library *library, const ckernels_matmul_call *call, void *packed);
