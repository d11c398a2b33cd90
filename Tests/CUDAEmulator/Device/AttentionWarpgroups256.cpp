#include "EmulatedDevice.h"

#define HEAD_SIZE 256
#include "../../../Sources/CCUDAKernels/Kernels/AttentionWarpgroups.cu"
#undef KERNELS
#include "../../../Sources/CCUDAKernels/Kernels/AttentionWarpgroupGradients.cu"
