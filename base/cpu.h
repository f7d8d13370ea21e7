// What the processor can do, less what the user hides.
#pragma once

#include <stdbool.h>

#include "base/error.h"

enum mc_cpu_flag {
    MC_CPU_BLAS = 1 << 0,        // OpenBLAS may be used
    MC_CPU_AVX2 = 1 << 1,        // AVX2 and FMA
    MC_CPU_AVX_VNNI = 1 << 2,    // products of bytes; part of level avx2 where it is there
    MC_CPU_AVX512 = 1 << 3,      // AVX-512 F, BW, DQ, VL
    MC_CPU_AVX512_VNNI = 1 << 4, // products of bytes; part of level avx512 where it is there
    MC_CPU_AVX512_BF16 = 1 << 5, // products of bfloat16; the same
    MC_CPU_AMX = 1 << 6,         // both in registers of 1 KiB, with the permission of Linux
};

// Flags of this processor, limited by the environment variable MOCAP_CPU
// (scalar, blas, avx2, avx512 or amx: that level and those below). Sets err and
// returns false when MOCAP_CPU is none of these, or asks for what the
// processor does not have. Any thread.
bool mc_cpu_flags(unsigned *flags, struct mc_error *err);

// The name of the highest level in flags: "scalar", "blas", "avx2", "avx512" or "amx".
const char *mc_cpu_level_name(unsigned flags);
