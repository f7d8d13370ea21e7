// Which instructions of the processor may be used.
#pragma once

#include <stdbool.h>

#include "base/error.h"

enum mc_cpu_flag {
    MC_CPU_BLAS = 1 << 0,        // OpenBLAS may be used
    MC_CPU_AVX2 = 1 << 1,        // AVX2 and FMA
    MC_CPU_AVX_VNNI = 1 << 2,    // products of bytes; belongs to level avx2 if present
    MC_CPU_AVX512 = 1 << 3,      // AVX-512 F, BW, DQ, VL
    MC_CPU_AVX512_VNNI = 1 << 4, // products of bytes; belongs to level avx512 if present
    MC_CPU_AVX512_BF16 = 1 << 5, // products of bfloat16; likewise
    MC_CPU_AMX = 1 << 6,         // both on tiles of 1 KiB; Linux must permit it
};

// Sets flags to those of this processor, limited by the environment variable MOCAP_CPU: scalar,
// blas, avx2, avx512 or amx allows that level and those below it. Returns false and sets err
// when MOCAP_CPU is none of these, or more than the processor has. Any thread.
bool mc_cpu_flags(unsigned *flags, struct mc_error *err);

// The name of the highest level that flags contain: "scalar", "blas", "avx2", "avx512" or "amx".
const char *mc_cpu_level_name(unsigned flags);
