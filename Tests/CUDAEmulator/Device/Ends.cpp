#include "EmulatedDevice.h"

#include "../../../Sources/CCUDAKernels/Kernels/Ends.cu"
