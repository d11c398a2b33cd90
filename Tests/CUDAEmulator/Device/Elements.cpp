#include "EmulatedDevice.h"

#include "../../../Sources/CCUDAKernels/Kernels/Elements.cu"
