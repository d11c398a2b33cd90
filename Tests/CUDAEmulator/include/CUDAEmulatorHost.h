// The host side of the emulator: functions with the names of libcuda, NVRTC, cuBLASLt and NVML.
//
// Work given to a stream is kept and done when somebody waits, in order: what a program forgets to wait for, or lets go
// of too early, shows. Fresh memory holds NaN. There are three cards, which are the same for the whole process:
// 0 is like an H100 with 6 GiB, 1 like a T4 (compute capability 7.5) and 2 like an L4 (8.9), both with 96 MiB.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The address of a function of one of the libraries, or null. Names that begin with `broken` are variants for tests:
// `brokenDeviceCount` says that there is no card, `brokenDriverVersion` that the driver is of CUDA 11.4,
// `brokenCompile` never compiles, `brokenProduct` leaves products undone.
void *cudaemulator_symbol(const char *name);

// How often something wrote beside an allocation, read or wrote what is not one, or misused a call; 0 is right.
int64_t cudaemulator_fault_count(void);

// How many kernels were launched that may start before the one in front of them is done.
int64_t cudaemulator_early_launch_count(void);

// Bytes that are allocated on a card.
int64_t cudaemulator_allocated_bytes(int32_t device);

// How often the calling thread waited for a stream or a copy from the device.
int64_t cudaemulator_wait_count(void);

#ifdef __cplusplus
}
#endif
