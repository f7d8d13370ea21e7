#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned flags;    // of this level and those below it
    unsigned optional; // may be there at this level
} levels[] = {
    { "scalar", 0, 0 },
    { "blas", MC_CPU_BLAS, 0 },
    { "avx2", MC_CPU_BLAS | MC_CPU_AVX2, 0 },
    { "avx512", MC_CPU_BLAS | MC_CPU_AVX2 | MC_CPU_AVX512,
      MC_CPU_AVX512_VNNI | MC_CPU_AVX512_BF16 },
};

enum { LEVEL_COUNT = sizeof levels / sizeof levels[0] };

static unsigned detect(void)
{
    unsigned flags = MC_CPU_BLAS;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        flags |= MC_CPU_AVX2;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
            flags |= MC_CPU_AVX512;
            flags |= __builtin_cpu_supports("avx512vnni") ? MC_CPU_AVX512_VNNI : 0;
            flags |= __builtin_cpu_supports("avx512bf16") ? MC_CPU_AVX512_BF16 : 0;
        }
    }
#endif
    return flags;
}

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
                                "MOCAP_CPU: '%s' asks for more than this processor's '%s'", wanted,
                                mc_cpu_level_name(found));
        }
        *flags = found & (levels[i].flags | levels[i].optional);
        return true;
    }
    return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "MOCAP_CPU: '%s' is none of scalar, blas, avx2, avx512", wanted);
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
