#include "EmulatedDevice.h"

#define HEAD_SIZE 72
#include "../../../Sources/CCUDAKernels/Kernels/AttentionWarpgroups.cu"
