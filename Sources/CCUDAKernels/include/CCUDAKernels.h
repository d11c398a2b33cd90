// The sources of the CUDA kernels, embedded, and what they are asked.
//
// They are compiled at run time by NVRTC: the build needs no CUDA. Texts are constants that live as long as the
// program.
#pragma once

#include "CCUDAKernelsArguments.h"

// One text. `name` is what other texts include it by.
typedef struct {
    const char *name;
    const char *text; // ends with a zero byte
    int64_t byte_count;
} ccudakernels_source;

// A program for NVRTC: one source, compiled with every header, and the macros that make a variant of it.
typedef struct {
    const char *name; // of the program, as caches know it
    const ccudakernels_source *source;
    const char *kernels; // the stems of its kernels' names, each followed by a comma
    int32_t head_size;   // 0, or the number that the macro HEAD_SIZE must have: `-DHEAD_SIZE=256`
    int32_t type;        // the same for ELEMENT_TYPE, a `ccudakernels_type`; -1 where one program has all types
    int32_t is_usual;    // whether most runs need it, if they compute in its type
    int32_t is_for_warpgroups;
} ccudakernels_program;

// The driver's `CUlaunchAttribute` and `CUlaunchConfig`, with one kind of attribute: number 6, that a kernel may start
// before the one in front of it on the stream is done.
typedef struct {
    int32_t kind, padding;
    int32_t allowed, unused;
    int64_t rest[7];
} ccudakernels_launch_attribute;

typedef struct {
    uint32_t grid[3], block[3];
    uint32_t shared_bytes;
    void *stream;
    ccudakernels_launch_attribute *attributes;
    uint32_t attribute_count;
} ccudakernels_launch_configuration;

#define CCUDAKERNELS_STARTS_EARLY 6

// The headers that every program is compiled with.
int32_t ccudakernels_header_count(void);
const ccudakernels_source *ccudakernels_header_at(int32_t index);

int32_t ccudakernels_program_count(void);
const ccudakernels_program *ccudakernels_program_at(int32_t index);

// The index of the program that holds a kernel, such as `attention_bfloat16_256`, or -1.
int32_t ccudakernels_program_of(const char *kernel);
