#include "EmulatedDevice.h"

#include "../../../Sources/CCUDAKernels/Kernels/Rows.cu"
