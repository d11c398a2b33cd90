#include "EmulatedDevice.h"

#include "../../../Sources/CCUDAKernels/Kernels/Adafactor.cu"
