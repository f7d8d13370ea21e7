#include "nn/kernels/gemm.h"

#include <dlfcn.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <cblas.h>

#include "base/log.h"
#include "base/memory.h"

// OpenBLAS is loaded when its kernels are chosen, which on most processors they never are. Linked,
// it would start a thread for each processor before main, and where it cannot, it kills the
// process or hangs at its end.
static struct {
    __typeof__(cblas_sgemm) *sgemm;
    __typeof__(openblas_get_corename) *get_corename;
} openblas;

void nn_gemm_add(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                 size_t ldb, float *c, size_t ldc)
{
    openblas.sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint)m, (blasint)n, (blasint)k,
                   1.0f, a, (blasint)lda, b, (blasint)ldb, 1.0f, c, (blasint)ldc);
}

// The largest relative error of one m x n x k product, against sums in double precision.
static double product_error(size_t m, size_t n, size_t k, float *a, float *b, float *c)
{
    unsigned seed = 1;
    for (size_t i = 0; i < m * k + k * n; i++) {
        seed = seed * 1664525u + 1013904223u;
        float value = (float)(seed >> 8) / (float)(1 << 24) - 0.5f;
        *(i < m * k ? &a[i] : &b[i - m * k]) = value;
    }
    for (size_t i = 0; i < m * n; i++) {
        c[i] = 0.25f;
    }
    nn_gemm_add(m, n, k, a, k, b, n, c, n);
    double worst = 0;
    for (size_t i = 0; i < m * n; i++) {
        double sum = 0.25;
        for (size_t j = 0; j < k; j++) {
            sum += (double)a[i / n * k + j] * (double)b[j * n + i % n];
        }
        double error = fabs(sum - (double)c[i]) / (1 + sqrt((double)k));
        worst = isfinite(error) ? fmax(worst, error) : INFINITY;
    }
    return worst;
}

#if defined(__x86_64__)
// Whether the processor can run OpenBLAS's kernels of this name. OpenBLAS doesn't check the
// name in OPENBLAS_CORETYPE, and would die of SIGILL. Names missing from the table run on
// every processor, or can only be selected by OpenBLAS itself. As of OpenBLAS 0.3.21.
static bool processor_runs(const char *core)
{
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool fma4 = __builtin_cpu_supports("fma4");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl");
    const struct {
        const char *core;
        bool runs;
    } needs[] = {
        { "Sandybridge", __builtin_cpu_supports("avx") },
        { "Haswell", avx2 },
        { "Zen", avx2 },
        { "SkylakeX", avx512 },
        { "Cooperlake", avx512 && __builtin_cpu_supports("avx512bf16") },
        { "SapphireRapids", avx512 && __builtin_cpu_supports("avx512bf16") },
        { "Bulldozer", fma4 },
        { "Piledriver", fma4 },
        { "Steamroller", fma4 },
        { "Excavator", fma4 },
        { "Opteron", false }, // 3DNow
        { "Opteron_SSE3", false },
    };
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        if (strcmp(core, needs[i].core) == 0) {
            return needs[i].runs;
        }
    }
    return true;
}
#else
static bool processor_runs(const char *core)
{
    (void)core;
    return true;
}
#endif

static bool products_are_correct(float *block, size_t floats)
{
    static const struct {
        size_t m, n, k;
    } shapes[] = { { 1, 1, 1 },     { 7, 5, 3 },     { 64, 68, 64 },  { 33, 47, 129 },
                   { 128, 16, 48 }, { 128, 29, 27 }, { 61, 64, 192 }, { 16, 128, 384 } };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        double error = product_error(shapes[i].m, shapes[i].n, shapes[i].k, block, block + floats,
                                     block + 2 * floats);
        if (error > 1e-5) {
            mc_log(
                MC_LOG_WARNING,
                "OpenBLAS (%s) computes a %zux%zux%zu product with an error of %g: using plain C",
                openblas.get_corename(), shapes[i].m, shapes[i].n, shapes[i].k, error);
            return false;
        }
    }
    return true;
}

// ISO C has no conversion from the pointer that dlsym returns.
static bool find(void *library, const char *name, void *function, size_t size)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, size);
    return symbol != NULL;
}

static bool load(void)
{
    // Its constructor reads this, and starts no threads then.
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL || !find(library, "cblas_sgemm", &openblas.sgemm, sizeof openblas.sgemm) ||
        !find(library, "openblas_get_corename", &openblas.get_corename,
              sizeof openblas.get_corename)) {
        mc_log(MC_LOG_WARNING, "OpenBLAS can't be used: %s: using plain C", dlerror());
        return false;
    }
    return true;
}

static bool usable;

static void check(void)
{
    if (!load()) {
        return;
    }
    if (!processor_runs(openblas.get_corename())) {
        mc_log(MC_LOG_WARNING,
               "OpenBLAS (%s): this processor can't run these kernels, check "
               "OPENBLAS_CORETYPE: using plain C",
               openblas.get_corename());
        return;
    }
    const size_t floats = 128 * 512;
    float *block = mc_memory_alloc(3 * floats * sizeof *block);
    usable = block != NULL && products_are_correct(block, floats);
    mc_memory_free(block);
}

bool nn_gemm_usable(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, check);
    return usable;
}
