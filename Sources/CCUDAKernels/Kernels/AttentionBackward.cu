// The gradients of attention on tensor cores, for one head size.
//
// Scores are computed again. Some blocks take a tile of keys and go over the rows that see them, for the gradients of
// keys and values; the others take a tile of rows and go over the keys they see, for the gradient of queries. So every
// sum belongs to one block and has a fixed order. All are one launch, whose end then leaves few processors idle.
// What a block goes over comes in two tiles a turn; the next ones are on their way meanwhile.

#include "AttentionGradients.cuh"

#if HEAD_SIZE < CCUDAKERNELS_LARGE_HEAD
#include "AttentionSmallGradients.cuh"
#else
#include "AttentionLargeGradients.cuh"
#endif

template <typename T> DEVICE void gradients(const ccudakernels_attention_backward_arguments &p) {
    int32_t block = blockIdx.x, key_blocks = (p.shape.capacity + TILE - 1) / TILE * p.parts;
    if (block < key_blocks) key_gradient<T>(p, block / p.parts, block % p.parts);
    else query_gradient<T>(p, block - key_blocks);
}

#define GRADIENTS_BLOCKS (HEAD_SIZE == 64 ? 3 : 1)
#define GRADIENTS(name, type)                                                                                     \
    KERNEL(NAME(attention_gradients, name, HEAD_SIZE), ccudakernels_attention_backward_arguments, THREADS,        \
           GRADIENTS_BLOCKS) {                                                                                    \
        gradients<type>(p);                                                                                       \
    }
WITH_FLOAT16(GRADIENTS)
WITH_BFLOAT16(GRADIENTS)
