// NVRTC: programs are "compiled" to their name, since their kernels are part of the emulator.
#include <cstdio>
#include <cstring>
#include <vector>

#include "Host.h"

namespace {

struct Program {
    std::string name, log, binary, assembly;
};

int copy(const std::string &text, char *target) {
    memcpy(target, text.c_str(), text.size() + 1);
    return 0;
}

} // namespace

LIBRARY(nvrtcVersion, int *major, int *minor) { return *major = 12, *minor = 8, 0; }

LIBRARY(nvrtcGetNumSupportedArchs, int *count) { return *count = 3, 0; }

LIBRARY(nvrtcGetSupportedArchs, int *architectures) {
    return architectures[0] = 75, architectures[1] = 80, architectures[2] = 90, 0;
}

LIBRARY(nvrtcCreateProgram, void **program, const char *source, const char *name, int header_count,
        const char **headers, const char **header_names) {
    if (!source || !name || header_count < 1 || !headers || !header_names) return 3;
    return *program = new Program{name, "", "", ""}, 0;
}

LIBRARY(nvrtcDestroyProgram, void **program) {
    delete static_cast<Program *>(*program);
    return *program = nullptr, 0;
}

LIBRARY(nvrtcCompileProgram, void *program, int option_count, const char **options) {
    Program *known = static_cast<Program *>(program);
    // Machine code for a known architecture, or assembly, which the driver takes for any newer one.
    for (int i = 0; i < option_count; i++) {
        std::string option = options[i];
        bool is_machine = option.rfind("--gpu-architecture=sm_", 0) == 0;
        if (!is_machine && option.rfind("--gpu-architecture=compute_", 0) != 0) continue;
        if (is_machine) known->binary = "EMULATED " + known->name;
        known->assembly = "EMULATED " + known->name;
        return 0;
    }
    return known->log = "error: no architecture", 5;
}

LIBRARY(brokenCompile, void *program, int, const char **) {
    static_cast<Program *>(program)->log = "Rows.cu(3): error: identifier \"flaot\" is undefined\n\n1 error detected.\n";
    return 6;
}

LIBRARY(nvrtcGetProgramLogSize, void *program, size_t *size) {
    return *size = static_cast<Program *>(program)->log.size() + 1, 0;
}

LIBRARY(nvrtcGetProgramLog, void *program, char *log) { return copy(static_cast<Program *>(program)->log, log); }

LIBRARY(nvrtcGetCUBINSize, void *program, size_t *size) {
    const std::string &binary = static_cast<Program *>(program)->binary;
    return *size = binary.empty() ? 0 : binary.size() + 1, 0;
}

LIBRARY(nvrtcGetCUBIN, void *program, char *binary) { return copy(static_cast<Program *>(program)->binary, binary); }

LIBRARY(nvrtcGetPTXSize, void *program, size_t *size) {
    return *size = static_cast<Program *>(program)->assembly.size() + 1, 0;
}

LIBRARY(nvrtcGetPTX, void *program, char *text) { return copy(static_cast<Program *>(program)->assembly, text); }
