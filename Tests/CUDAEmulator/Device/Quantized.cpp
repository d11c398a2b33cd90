#include "EmulatedDevice.h"

#include "../../../Sources/CCUDAKernels/Kernels/Quantized.cu"
