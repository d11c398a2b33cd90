#include "EmulatedDevice.h"

#include "../../../Sources/CCUDAKernels/Kernels/AdaptedGelu.cu"
#include "../../../Sources/CCUDAKernels/Kernels/NarrowGradients.cu"
#include "../../../Sources/CCUDAKernels/Kernels/NarrowRows.cu"
#include "../../../Sources/CCUDAKernels/Kernels/ShallowRows.cu"
