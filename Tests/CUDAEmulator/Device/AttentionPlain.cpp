#include "EmulatedDevice.h"

#include "../../../Sources/CCUDAKernels/Kernels/AttentionPlain.cu"
