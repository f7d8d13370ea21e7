#include "base/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

#define AVX2_LEVEL (MC_CPU_BLAS | MC_CPU_AVX2)
#define AVX512_LEVEL (AVX2_LEVEL | MC_CPU_AVX512)
#define AVX512_PRODUCTS (MC_CPU_AVX512_VNNI | MC_CPU_AVX512_BF16)
#define NEON_LEVEL (MC_CPU_BLAS | MC_CPU_NEON)
#define DOTPROD_LEVEL (NEON_LEVEL | MC_CPU_DOTPROD)

// Of the architecture that this is compiled for.
static const struct {
    const char *name;
    unsigned flags;    // of this level and those below it
    unsigned optional; // allowed at this level, but not part of it everywhere
} levels[] = {
    { "scalar", 0, 0 },
    { "blas", MC_CPU_BLAS, 0 },
#if defined(__x86_64__)
    { "avx2", AVX2_LEVEL, MC_CPU_AVX_VNNI },
    { "avx512", AVX512_LEVEL, MC_CPU_AVX_VNNI | AVX512_PRODUCTS },
    { "amx", AVX512_LEVEL | AVX512_PRODUCTS | MC_CPU_AMX, MC_CPU_AVX_VNNI },
#elif defined(__aarch64__)
    { "neon", NEON_LEVEL, 0 },
    { "dotprod", DOTPROD_LEVEL, 0 },
    { "i8mm", DOTPROD_LEVEL | MC_CPU_I8MM, MC_CPU_ARM_BF16 },
#endif
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
#elif defined(__aarch64__)
static unsigned detect(void)
{
    const unsigned long has = getauxval(AT_HWCAP), has2 = getauxval(AT_HWCAP2);
    unsigned flags = MC_CPU_BLAS;
    flags |= has & HWCAP_ASIMD ? MC_CPU_NEON : 0;
    flags |= has & HWCAP_ASIMDDP ? MC_CPU_DOTPROD : 0;
    flags |= has2 & HWCAP2_I8MM ? MC_CPU_I8MM : 0;
    flags |= has2 & HWCAP2_BF16 ? MC_CPU_ARM_BF16 : 0;
    return flags;
}
#else
static unsigned detect(void)
{
    return MC_CPU_BLAS;
}
#endif

// Writes "scalar, blas or avx2".
static void list_levels(char *text, size_t size)
{
    text[0] = '\0';
    for (int i = 0; i < LEVEL_COUNT; i++) {
        const char *before = i == 0 ? "" : i == LEVEL_COUNT - 1 ? " or " : ", ";
        const size_t length = strlen(text);
        snprintf(text + length, size - length, "%s%s", before, levels[i].name);
    }
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
                                "MOCAP_CPU must be at most '%s' on this processor, got '%.40s'",
                                mc_cpu_level_name(found), wanted);
        }
        *flags = found & (levels[i].flags | levels[i].optional);
        return true;
    }
    char names[64];
    list_levels(names, sizeof names);
    return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "MOCAP_CPU must be %s, got '%.40s'", names,
                        wanted);
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

int mc_cpu_variants(unsigned has, unsigned variants[MC_CPU_VARIANTS_MAX])
{
    int count = 0;
    for (int i = 0; i < LEVEL_COUNT && (levels[i].flags & ~has) == 0; i++) {
        const unsigned whole = has & (levels[i].flags | levels[i].optional);
        variants[count++] = levels[i].flags;
        if (whole != levels[i].flags) {
            variants[count++] = whole;
        }
    }
    return count;
}
