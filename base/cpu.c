#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define AVX2_LEVEL (MC_CPU_BLAS | MC_CPU_AVX2)
#define AVX512_LEVEL (AVX2_LEVEL | MC_CPU_AVX512)
#define AVX512_PRODUCTS (MC_CPU_AVX512_VNNI | MC_CPU_AVX512_BF16)

static const struct {
    const char *name;
    unsigned flags;    // of this level and those below it
    unsigned optional; // allowed at this level, but not part of it everywhere
} levels[] = {
    { "scalar", 0, 0 },
    { "blas", MC_CPU_BLAS, 0 },
    { "avx2", AVX2_LEVEL, MC_CPU_AVX_VNNI },
    { "avx512", AVX512_LEVEL, MC_CPU_AVX_VNNI | AVX512_PRODUCTS },
    { "amx", AVX512_LEVEL | AVX512_PRODUCTS | MC_CPU_AMX, MC_CPU_AVX_VNNI },
};

enum { LEVEL_COUNT = sizeof levels / sizeof levels[0] };

#if defined(__x86_64__)
// Not every compiler's __builtin_cpu_supports knows AVX-VNNI.
static bool has_avx_vnni(void)
{
    enum { AVX_VNNI = 1 << 4 };
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax & AVX_VNNI) != 0;
}

// True when the processor has AMX and Linux lets this process use it. Its registers are large,
// so a process must ask for them (Linux, Documentation/x86/xstate.rst).
static bool has_amx(void)
{
    enum { BF16 = 1 << 22, TILES = 1 << 24, INT8 = 1 << 25, ALL = BF16 | TILES | INT8 };
    enum { REQUEST = 0x1023, TILE_DATA = 18 }; // arch_prctl's
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & ALL) == ALL &&
           syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
}

static unsigned detect_avx512(void)
{
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl")) {
        return 0;
    }
    unsigned flags = MC_CPU_AVX512;
    flags |= __builtin_cpu_supports("avx512vnni") ? MC_CPU_AVX512_VNNI : 0;
    flags |= __builtin_cpu_supports("avx512bf16") ? MC_CPU_AVX512_BF16 : 0;
    return (flags & AVX512_PRODUCTS) == AVX512_PRODUCTS && has_amx() ? flags | MC_CPU_AMX : flags;
}

static unsigned detect(void)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
        return MC_CPU_BLAS;
    }
    return AVX2_LEVEL | (has_avx_vnni() ? MC_CPU_AVX_VNNI : 0) | detect_avx512();
}
#else
static unsigned detect(void)
{
    return MC_CPU_BLAS;
}
#endif

bool mc_cpu_flags(unsigned *flags, struct mc_error *err)
{
    unsigned found = detect();
    const char *wanted = getenv("MOCAP_CPU");
    if (wanted == NULL || wanted[0] == '\0') {
        *flags = found;
        return true;
    }
    for (int i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(wanted, levels[i].name) != 0) {
            continue;
        }
        if ((levels[i].flags & ~found) != 0) {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                "MOCAP_CPU must be at most '%s' on this processor, got '%.40s'",
                                mc_cpu_level_name(found), wanted);
        }
        *flags = found & (levels[i].flags | levels[i].optional);
        return true;
    }
    return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "MOCAP_CPU must be scalar, blas, avx2, avx512 or amx, got '%.40s'", wanted);
}

const char *mc_cpu_level_name(unsigned flags)
{
    int level = 0;
    for (int i = 0; i < LEVEL_COUNT; i++) {
        if ((levels[i].flags & ~flags) == 0) {
            level = i;
        }
    }
    return levels[level].name;
}
