#include "EmulatedDevice.h"

#define HEAD_SIZE 64
#include "../../../Sources/CCUDAKernels/Kernels/Attention.cu"
#include "../../../Sources/CCUDAKernels/Kernels/AttentionBackward.cu"
