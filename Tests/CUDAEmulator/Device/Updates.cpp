#include "EmulatedDevice.h"

#include "../../../Sources/CCUDAKernels/Kernels/Updates.cu"
