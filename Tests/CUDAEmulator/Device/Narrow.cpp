#include "EmulatedDevice.h"

#include "../../../Sources/CCUDAKernels/Kernels/Narrow.cu"
