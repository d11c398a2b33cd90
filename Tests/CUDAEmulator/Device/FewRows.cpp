#include "EmulatedDevice.h"

#include "../../../Sources/CCUDAKernels/Kernels/FewRows.cu"
