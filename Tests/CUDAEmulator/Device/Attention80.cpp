#include "EmulatedDevice.h"

#define HEAD_SIZE 80
#include "../../../Sources/CCUDAKernels/Kernels/Attention.cu"
#include "../../../Sources/CCUDAKernels/Kernels/AttentionBackward.cu"
