// OpenBLAS obeys OPENBLAS_CORETYPE even if the processor lacks the instructions. mocap-lab must run
// all the same, and say once that it does not use OpenBLAS.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "tests/integration/process.h"

struct result {
    char kernels[16];
    int complaints; // lines about OpenBLAS
};

// Runs a small network once with OPENBLAS_CORETYPE set to core; NULL: not set.
static struct result run(const char *core, const char *level)
{
    core == NULL ? unsetenv("OPENBLAS_CORETYPE") : setenv("OPENBLAS_CORETYPE", core, 1);
    level == NULL ? unsetenv("MOCAP_CPU") : setenv("MOCAP_CPU", level, 1);
    const char *arguments[] = { "bench", "net",    "--arch", "lednet", "--size",
                                "64",    "--runs", "1",      "--json", NULL };
    struct process process;
    assert_int_equal(process_run(&process, MOCAP_LAB, arguments), 0);
    char said[4096];
    process_read(process.out_path, said, sizeof said);
    struct result result = { 0 };
    const char *key = "\"kernels\":\"", *at = strstr(said, key);
    assert_non_null(at);
    at += strlen(key);
    const size_t length = strcspn(at, "\"");
    assert_true(length < sizeof result.kernels);
    memcpy(result.kernels, at, length);
    process_read(process.err_path, said, sizeof said);
    for (at = said; (at = strstr(at, "OpenBLAS (")) != NULL; at++) {
        result.complaints++;
    }
    return result;
}

static unsigned processor(void)
{
    unsigned flags = 0;
    unsetenv("MOCAP_CPU");
    assert_true(mc_cpu_flags(&flags, NULL));
    return flags;
}

static void other_kernels_do_without_openblas(void **state)
{
    (void)state;
    if (!(processor() & MC_CPU_AVX2)) {
        print_message("skipped: this processor has no AVX2\n");
        skip();
    }
    const char *const cores[] = { NULL, "Haswell", "SkylakeX", "Bulldozer" };
    for (size_t i = 0; i < sizeof cores / sizeof cores[0]; i++) {
        const struct result result = run(cores[i], NULL);
        assert_string_equal(result.kernels, mc_cpu_level_name(processor()));
        assert_int_equal(result.complaints, 0);
    }
}

// Either plain C and one log line, or OpenBLAS and none.
static bool falls_back(const char *core)
{
    const struct result result = run(core, "blas");
    assert_true(result.complaints <= 1);
    assert_string_equal(result.kernels, result.complaints == 1 ? "scalar" : "blas");
    return result.complaints == 1;
}

static void kernels_that_the_processor_runs_are_used(void **state)
{
    (void)state;
    assert_false(falls_back(NULL));
    if (processor() & MC_CPU_AVX2) {
        assert_false(falls_back("Haswell"));
    }
}

static void kernels_that_it_cannot_run_are_not(void **state)
{
    (void)state;
    const bool wanted[] = { falls_back("SkylakeX"), falls_back("Bulldozer") };
#if defined(__x86_64__)
    assert_int_equal(wanted[0], !(processor() & MC_CPU_AVX512));
    assert_int_equal(wanted[1], !__builtin_cpu_supports("fma4"));
#else
    assert_false(wanted[0] || wanted[1]); // OpenBLAS doesn't know these names
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_kernels_do_without_openblas),
        cmocka_unit_test(kernels_that_the_processor_runs_are_used),
        cmocka_unit_test(kernels_that_it_cannot_run_are_not),
    };
    return cmocka_run_group_tests(tests, process_set_up, process_tear_down);
}
