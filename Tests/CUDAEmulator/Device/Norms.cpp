#include "EmulatedDevice.h"

#include "../../../Sources/CCUDAKernels/Kernels/Norms.cu"
