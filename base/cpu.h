// Which instructions of the processor may be used.
#pragma once

#include <stdbool.h>

#include "base/error.h"

enum mc_cpu_flag {
    MC_CPU_BLAS = 1 << 0, // OpenBLAS may be used
    // x86-64
    MC_CPU_AVX2 = 1 << 1,        // AVX2 and FMA
    MC_CPU_AVX_VNNI = 1 << 2,    // products of bytes; belongs to level avx2 if present
    MC_CPU_AVX512 = 1 << 3,      // AVX-512 F, BW, DQ, VL
    MC_CPU_AVX512_VNNI = 1 << 4, // products of bytes; belongs to level avx512 if present
    MC_CPU_AVX512_BF16 = 1 << 5, // products of bfloat16; likewise
    MC_CPU_AMX = 1 << 6,         // both on tiles of 1 KiB; Linux must permit it
    // 64-bit ARM
    MC_CPU_NEON = 1 << 7,     // Advanced SIMD
    MC_CPU_DOTPROD = 1 << 8,  // products of bytes
    MC_CPU_I8MM = 1 << 9,     // products of 2 x 8 by 8 x 2 bytes
    MC_CPU_ARM_BF16 = 1 << 10 // likewise of bfloat16; belongs to level i8mm if present
};

// Sets flags to those of this processor, limited by the environment variable MOCAP_CPU, which
// names a level and allows it and those below it: scalar, blas, and on x86-64 avx2, avx512 or
// amx, on 64-bit ARM neon, dotprod or i8mm. Returns false and sets err when MOCAP_CPU is none
// of these, or more than the processor has. Any thread.
bool mc_cpu_flags(unsigned *flags, struct mc_error *err);

// The name of the highest level that flags contain. Static.
const char *mc_cpu_level_name(unsigned flags);

enum { MC_CPU_VARIANTS_MAX = 10 };

// Lists the combinations of flags that differ in which kernels they allow, for tests and
// benchmarks: each level that `has` contains, without and with its optional flags, lowest
// first. Returns how many.
int mc_cpu_variants(unsigned has, unsigned variants[MC_CPU_VARIANTS_MAX]);
