#include "EmulatedDevice.h"

#include "../../../Sources/CCUDAKernels/Kernels/AttentionRows.cu"
