#!/usr/bin/env python3
"""Compiles every CUDA kernel for several architectures with NVRTC, which needs no card, and prints what each takes.

usage: check_cuda.py [--arch 75,80,86,89,90a] [--only attention] [--verbose] [libnvrtc.so.12]

NVRTC comes with CUDA, or alone: pip install nvidia-cuda-nvrtc-cu12. Where it is not found, the script says so and ends
with status 77 (skipped). Status 1: a program did not compile.
"""
import argparse
import ctypes
import glob
import pathlib
import re
import sys
import time

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "Sources/CCUDAKernels"
HEADERS = [FOLDER / "include/CCUDAKernelsArguments.h", *sorted((FOLDER / "Kernels").glob("*.cuh"))]
HEAD_SIZES = (64, 72, 80, 128, 256)
SIZES = {"Attention.cu": HEAD_SIZES, "AttentionBackward.cu": HEAD_SIZES, "AttentionWarpgroups.cu": (72, 256),
         "AttentionWarpgroupGradients.cu": (256,)}


def find_library(given):
    candidates = [given] if given else []
    for folder in sys.path:
        for pattern in ("nvidia/cuda_nvrtc/lib/libnvrtc.so.1*", "nvidia/cu13/lib/libnvrtc.so.1*"):
            candidates += sorted(glob.glob(str(pathlib.Path(folder) / pattern)))
    candidates += ["libnvrtc.so.13", "libnvrtc.so.12"]
    for candidate in candidates:
        # NVRTC looks for its other half along the loader's path only, which does not know pip's folders.
        for builtins in pathlib.Path(candidate).parent.glob("libnvrtc-builtins.so*"):
            ctypes.CDLL(str(builtins), ctypes.RTLD_GLOBAL)
        try:
            return ctypes.CDLL(candidate)
        except OSError:
            continue
    return None


def texts(values):
    return (ctypes.c_char_p * len(values))(*values)


def compile_program(library, source, options):
    """The status and the log, where ptxas tells registers and spills."""
    program = ctypes.c_void_p()
    headers = [header.read_bytes() for header in HEADERS]
    names = [header.name.encode() for header in HEADERS]
    library.nvrtcCreateProgram(ctypes.byref(program), source.read_bytes(), source.name.encode(), len(headers),
                               texts(headers), texts(names))
    status = library.nvrtcCompileProgram(program, len(options), texts([option.encode() for option in options]))
    size = ctypes.c_size_t()
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return status, log.value.decode()


def report(log):
    """One line for each kernel: name, registers, static shared memory, stack, spills."""
    kernels = re.findall(
        r"Compiling entry function '(\w+)'.*\n.*\n\D*(\d+) bytes stack frame, (\d+) bytes spill stores.*\n"
        r".*Used (\d+) registers(.*)", log)
    for name, stack, spills, registers, rest in kernels:
        shared = re.search(r"(\d+) bytes smem", rest)
        yield name, int(registers), int(shared[1]) if shared else 0, int(stack), int(spills)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library", nargs="?")
    parser.add_argument("--arch", default="75,80,86,89,90a")
    parser.add_argument("--only", default="")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    library = find_library(arguments.library)
    if library is None:
        print("skipped: libnvrtc is not installed (pip install nvidia-cuda-nvrtc-cu12)")
        return 77
    failures = 0
    for source in sorted((FOLDER / "Kernels").glob("*.cu")):
        if arguments.only.lower() not in source.name.lower():
            continue
        for size in SIZES.get(source.name, (0,)):
            for architecture in arguments.arch.split(","):
                if "Warpgroup" in source.name and not architecture.endswith("a"):
                    continue
                options = [f"--gpu-architecture=sm_{architecture}", "--fmad=false", "--std=c++17",
                           "--ptxas-options=-v"] + ([f"-DHEAD_SIZE={size}"] if size else [])
                begin = time.monotonic()
                status, log = compile_program(library, source, options)
                kernels = list(report(log))
                spilling = [kernel for kernel in kernels if kernel[4] > 0]
                worst = max((kernel[1] for kernel in kernels), default=0)
                print(f"{source.name} {size or ''} sm_{architecture}: status {status}, {len(kernels)} kernels, at most "
                      f"{worst} registers, {len(spilling)} spill, {time.monotonic() - begin:.1f} s", flush=True)
                if status != 0 or not kernels:
                    print(log)
                for kernel in kernels if arguments.verbose else spilling:
                    print("    {}: {} registers, {} bytes shared, {} of stack, {} spilled".format(*kernel))
                failures += status != 0
    return 1 if failures else 0


sys.exit(main())
