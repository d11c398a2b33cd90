#include "EmulatedDevice.h"

#define HEAD_SIZE 128
#include "../../../Sources/CCUDAKernels/Kernels/Attention.cu"
#include "../../../Sources/CCUDAKernels/Kernels/AttentionBackward.cu"
